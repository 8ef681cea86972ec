// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package reader tests the reader in Python with the published vectors and with archives that
// Sealgate writes now.
package reader

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/seal"
	"github.com/sealgate/sealgate/seal/archive"
)

const (
	script  = "sealgate_reader.py"
	vectors = "../../seal/testdata/vectors.json"
	golden  = "../../seal/archive/testdata"
)

// interpreter is a Python that has what the reader needs, or "".
var interpreter = sync.OnceValue(func() string {
	const needs = "import cryptography, zstandard; from cryptography.hazmat.primitives import hashes; hashes.Hash(hashes.SM3()); " +
		"from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes; Cipher(algorithms.SM4(bytes(16)), modes.ECB()).encryptor()"
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(name, "-c", needs).Run() == nil {
			return name
		}
	}
	return ""
})

// python returns the interpreter, or skips the test.
func python(t *testing.T) string {
	t.Helper()
	if name := interpreter(); name != "" {
		return name
	}
	t.Skip("there is no python3 with the packages cryptography (with SM3 and SM4) and zstandard; on Debian: apt-get install python3-cryptography python3-zstandard")
	return ""
}

type result struct {
	code           int
	payloads       []string
	stdout, stderr string
}

func run(t *testing.T, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), python(t), append([]string{"-B", script}, args...)...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	r := result{code: cmd.ProcessState.ExitCode(), payloads: []string{}, stdout: stdout.String(), stderr: stderr.String()}
	require.NotContains(t, r.stderr, "Traceback")
	for line := range strings.Lines(r.stdout) {
		var f struct{ Payload string }
		if json.Unmarshal([]byte(line), &f) != nil {
			continue
		}
		payload, err := base64.StdEncoding.DecodeString(f.Payload)
		require.NoError(t, err)
		r.payloads = append(r.payloads, string(payload))
	}
	return r
}

// publishedKeys writes the keys of the vectors to files.
func publishedKeys(t *testing.T) (symmetric, private string) {
	t.Helper()
	var v struct {
		Recipients struct {
			KEK     string `json:"kek"`
			Private string `json:"sm2_private_pem"`
		} `json:"recipients"`
	}
	readJSON(t, vectors, &v)
	return write(t, "kek", v.Recipients.KEK), write(t, "sm2.pem", v.Recipients.Private)
}

func readJSON(t *testing.T, path string, to any) {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, to))
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func TestReaderFitsThePublishedVectors(t *testing.T) {
	r := run(t, "--vectors", vectors)
	require.Zero(t, r.code, r.stderr)
}

func TestReaderIsSmall(t *testing.T) {
	b, err := os.ReadFile(script)
	require.NoError(t, err)
	require.LessOrEqual(t, bytes.Count(b, []byte("\n")), 600)
}

func TestReaderReadsTheGoldenFiles(t *testing.T) {
	var files []struct {
		Frames []struct{ Payload string } `json:"frames"`
	}
	readJSON(t, filepath.Join(golden, "archive.json"), &files)
	var want []string
	for _, f := range files {
		for _, frame := range f.Frames {
			want = append(want, frame.Payload)
		}
	}
	symmetric, private := publishedKeys(t)
	for _, key := range []string{symmetric, private} {
		r := run(t, "--key", key, golden)
		require.Zero(t, r.code, r.stderr)
		require.Empty(t, r.stderr)
		require.Equal(t, want, r.payloads)
	}
}

func TestReaderReportsTheHostileFiles(t *testing.T) {
	var hostile []struct {
		Name, File, Put string
		At, Drop        int
		Payloads        []string
	}
	readJSON(t, filepath.Join(golden, "hostile.json"), &hostile)
	files, err := archive.List(golden)
	require.NoError(t, err)
	raw, err := os.ReadFile(files[0])
	require.NoError(t, err)
	symmetric, private := publishedKeys(t)
	for _, h := range hostile {
		t.Run(h.Name, func(t *testing.T) {
			put, err := hex.DecodeString(h.Put)
			require.NoError(t, err)
			path := write(t, h.File, string(slices.Concat(raw[:h.At], put, raw[h.At+h.Drop:])))
			r := run(t, "--key", symmetric, "--key", private, path)
			require.NotZero(t, r.code)
			require.NotEmpty(t, r.stderr)
			require.Equal(t, h.Payloads, r.payloads, r.stderr)
		})
	}
}

// written writes an archive of three files, and returns what is in it.
func written(t *testing.T, dir string, signal archive.Signal, recipients ...seal.Recipient) (payloads []string) {
	t.Helper()
	keeper, err := seal.NewKeeper(t.Context(), fixed(recipients), seal.KeeperOptions{})
	require.NoError(t, err)
	defer keeper.Close()
	for i := range 3 {
		a, err := archive.Open(archive.Options{Dir: dir, Signal: signal, Keeper: keeper, Sync: archive.SyncNever})
		require.NoError(t, err)
		for j := range 4 {
			text := strings.Repeat(fmt.Sprintf("%s, file %d, frame %d. ", signal, i, j), 1+j*1000)
			from := uint64(1_800_000_000_000_000_000) - uint64(i*j)
			require.NoError(t, a.Append(t.Context(), archive.Record{Payload: []byte(text), Items: j, From: from, To: from + uint64(j) - 1}))
			payloads = append(payloads, text)
		}
		require.NoError(t, a.Close(t.Context()))
	}
	return payloads
}

func TestReaderReadsWhatIsWrittenNow(t *testing.T) {
	private, public, recipient, err := seal.GenerateSM2([]byte("correct horse"))
	require.NoError(t, err)
	require.NotEmpty(t, public)
	kek, err := seal.NewKEK(bytes.Repeat([]byte{7}, seal.KeySize))
	require.NoError(t, err)
	t.Setenv("READER_TEST_PASSPHRASE", "correct horse")
	t.Setenv("READER_TEST_WRONG", "wrong donkey")
	protected := write(t, "key.pem", string(private))
	symmetric := write(t, "key", "# a comment\n\n"+strings.Repeat("07", seal.KeySize)+"\n")
	for _, signal := range []archive.Signal{archive.Traces, archive.Logs, archive.Metrics} {
		dir := t.TempDir()
		want := written(t, dir, signal, recipient, kek)
		right := []string{"--key", symmetric}
		if signal == archive.Traces { // a passphrase takes a second
			right = []string{"--key", protected, "--passphrase-env", "READER_TEST_PASSPHRASE"}
		}
		r := run(t, append(right, dir)...)
		require.Zero(t, r.code, r.stderr)
		require.ElementsMatch(t, want, r.payloads)
		if signal != archive.Traces {
			continue
		}
		for _, args := range [][]string{{"--key", protected}, {"--key", protected, "--passphrase-env", "READER_TEST_WRONG"}, {}} {
			r := run(t, append(args, dir)...)
			require.NotZero(t, r.code)
			require.Empty(t, r.payloads)
		}
	}
}

func TestReaderFindsAMissingFile(t *testing.T) {
	dir := t.TempDir()
	kek, err := seal.NewKEK(bytes.Repeat([]byte{7}, seal.KeySize))
	require.NoError(t, err)
	written(t, dir, archive.Logs, kek)
	files, err := archive.List(dir)
	require.NoError(t, err)
	symmetric := write(t, "key", strings.Repeat("07", seal.KeySize))
	for _, path := range files {
		f, err := archive.OpenFile(path)
		require.NoError(t, err)
		if f.Header().Sequence == 2 {
			require.NoError(t, os.Remove(path))
		}
		require.NoError(t, f.Close())
	}
	r := run(t, "--key", symmetric, dir)
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "the file before it in the chain is missing")
}

func TestReaderFindsEveryFlippedByte(t *testing.T) {
	files, err := archive.List(golden)
	require.NoError(t, err)
	raw, err := os.ReadFile(files[0])
	require.NoError(t, err)
	symmetric, _ := publishedKeys(t)
	dir := t.TempDir()
	var paths []string
	for at := 0; at < len(raw); at += 7 { // each file costs some milliseconds
		b := slices.Clone(raw)
		b[at] ^= 1 << (at % 8)
		sub := filepath.Join(dir, fmt.Sprint(at))
		require.NoError(t, os.Mkdir(sub, 0o700))
		paths = append(paths, filepath.Join(sub, filepath.Base(files[0])))
		require.NoError(t, os.WriteFile(paths[len(paths)-1], b, 0o600))
	}
	r := run(t, append([]string{"--key", symmetric}, paths...)...)
	require.Equal(t, 1, r.code)
	for _, path := range paths {
		require.Contains(t, r.stderr, path)
	}
}

type fixed []seal.Recipient

func (f fixed) Recipients(context.Context) ([]seal.Recipient, error) { return f, nil }

func TestReaderReadsTheContentOfTheVectors(t *testing.T) {
	var content struct{ Payload string }
	readJSON(t, filepath.Join(golden, "content", "content.json"), &content)
	want, err := hex.DecodeString(content.Payload)
	require.NoError(t, err)
	symmetric, _ := publishedKeys(t)
	r := run(t, "--key", symmetric, filepath.Join(golden, "content"))
	require.Zero(t, r.code, r.stderr)
	require.Equal(t, []string{string(want)}, r.payloads)
}
