// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sealgate/sealgate/seal"
	"github.com/sealgate/sealgate/seal/archive"
)

func TestInspectShowsAHeaderWithoutAKey(t *testing.T) {
	_, file, _ := archiveOf(t, 2)
	r := sealctl(t, "inspect", file)
	require.Equal(t, exitDone, r.code, r.stderr)
	for _, want := range []string{file, "signal      traces", "sequence    1", "none, it is the first", kekName(t), "state       finished"} {
		require.Contains(t, r.stdout, want)
	}
}

func TestTheJSONOfInspectHasTheseNames(t *testing.T) {
	dir, key := t.TempDir(), symmetricKey(t, testKey)
	tracesIn(t, dir, seal.FileProvider{Path: key}, 1)
	tracesIn(t, dir, seal.FileProvider{Path: key}, 1)
	r := sealctl(t, "inspect", "--json", dir)
	require.Equal(t, exitDone, r.code, r.stderr)
	lines := strings.Split(strings.TrimSpace(r.stdout), "\n")
	require.Len(t, lines, 2)
	var both []map[string]any
	for _, line := range lines {
		var got map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &got))
		both = append(both, got)
	}
	if both[0]["sequence"] == 2.0 {
		both[0], both[1] = both[1], both[0]
	}
	for _, name := range []string{"path", "signal", "created", "file_id", "sequence", "period", "recipients", "size_bytes", "finished", "being_written"} {
		require.Contains(t, both[0], name)
	}
	require.Equal(t, both[0]["file_id"], both[1]["previous_file_id"])
	require.Equal(t, []any{kekName(t)}, both[1]["recipients"])
}

func TestInspectTellsAFileWithoutAnEnd(t *testing.T) {
	_, file, _ := archiveOf(t, 2)
	change(t, file, func(b []byte) []byte { return b[:len(b)-3] })
	require.Contains(t, sealctl(t, "inspect", file).stdout, "state       no end")
}

func TestWhatIsNoSealedFileIsToldApart(t *testing.T) {
	dir, file, key := archiveOf(t, 1)
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	put := func(name string, content []byte) string {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, content, 0o600))
		return path
	}
	future := append([]byte(nil), content...)
	binary.BigEndian.PutUint16(future[8:], 9)
	for want, path := range map[string]string{
		"does not begin with SEALGATE": put("notes.txt", []byte("not an archive at all")),
		"the file ends within":         put("empty", nil),
		"format version 9":             put("future", future),
		"ends within its header":       put("short", content[:100]),
		"no such file":                 filepath.Join(dir, "missing.sealed"),
		"there is no sealed file":      t.TempDir(),
	} {
		for _, args := range [][]string{{"inspect"}, {"decrypt", "--key", key}, {"rewrap", "--key", key, "--remove", "sm2:00"}} {
			r := sealctl(t, append(args, path)...)
			require.Equal(t, exitNot, r.code, args)
			require.Contains(t, r.stderr, want)
			require.Contains(t, r.stderr, path)
		}
		r := sealctl(t, "verify", "--key", key, path)
		require.NotEqual(t, exitDone, r.code)
		require.Contains(t, r.stdout+r.stderr, want)
	}
}

func TestVerifyOfACleanArchiveIsClean(t *testing.T) {
	dir, file, key := archiveOf(t, 3)
	for _, path := range []string{dir, file} {
		r := sealctl(t, "verify", "--key", key, path)
		require.Equal(t, exitDone, r.code, r.stderr)
		require.Regexp(t, `^chain of traces: number 1, newest file id [0-9a-f]{32}\nclean: 1 file, 3 frames, 30 items in finished files\n$`, r.stdout)
		require.Equal(t, result{exitDone, "", ""}, sealctl(t, "verify", "--quiet", "--key", key, path))
	}
}

func TestVerifyNamesFileOffsetAndWhatIsWrong(t *testing.T) {
	dir, file, key := archiveOf(t, 3)
	change(t, file, inFrame(1))
	r := sealctl(t, "verify", "--key", key, dir)
	require.Equal(t, exitPart, r.code)
	require.Regexp(t, `^\S+\.sealed: at byte \d+: frame 1: it was altered\n`, r.stdout)
	require.Regexp(t, `\n\d problems, of which 0 are truncations; 1 file was opened. .*\n$`, r.stdout)
}

func TestVerifyNamesATruncationAsSuch(t *testing.T) {
	dir, file, key := archiveOf(t, 3)
	change(t, file, func(b []byte) []byte { return b[:len(b)-150] })
	r := sealctl(t, "verify", "--key", key, "--quiet", dir)
	require.Equal(t, exitPart, r.code)
	require.True(t, strings.HasPrefix(r.stdout, "truncated: "+file), r.stdout)

	r = sealctl(t, "verify", "--key", key, "--json", dir)
	require.Equal(t, exitPart, r.code)
	var got verifyReport
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &got))
	require.False(t, got.Clean)
	require.Len(t, got.Problems, 1)
	require.True(t, got.Problems[0].Truncated)
	require.Equal(t, file, got.Problems[0].Path)
}

func TestTheJSONOfVerifyHasTheseNames(t *testing.T) {
	dir, file, key := archiveOf(t, 3)
	r := sealctl(t, "verify", "--json", "--key", key, dir)
	require.Equal(t, exitDone, r.code)
	var got map[string]any
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &got))
	require.Equal(t, true, got["clean"])
	require.Equal(t, []any{}, got["problems"])
	first := got["files"].([]any)[0].(map[string]any)
	for name, want := range map[string]any{
		"path": file, "signal": "traces", "sequence": 1.0, "frames": 3.0, "items": 30.0, "finished": true, "being_written": false,
		"from": "2026-01-31T12:00:00Z", "to": "2026-01-31T12:00:30Z",
	} {
		require.Equal(t, want, first[name], name)
	}
}

func TestVerifyFindsAFileThatIsMissingFromTheChain(t *testing.T) {
	dir, key := t.TempDir(), symmetricKey(t, testKey)
	for range 2 {
		tracesIn(t, dir, seal.FileProvider{Path: key}, 1)
	}
	files := tracesIn(t, dir, seal.FileProvider{Path: key}, 1)
	require.Equal(t, exitDone, sealctl(t, "verify", "--key", key, dir).code)
	for _, path := range files {
		f, err := archive.OpenFile(path)
		require.NoError(t, err)
		if f.Header().Sequence == 2 {
			require.NoError(t, os.Remove(path))
		}
		require.NoError(t, f.Close())
	}
	r := sealctl(t, "verify", "--key", key, dir)
	require.Equal(t, exitPart, r.code)
	require.Contains(t, r.stdout, "is missing")
}

func TestVerifyNotesAFileThatIsBeingWritten(t *testing.T) {
	dir, key := t.TempDir(), symmetricKey(t, testKey)
	a := writer(t, dir, archive.Traces, seal.FileProvider{Path: key}, 0)
	require.NoError(t, a.Append(t.Context(), record(t, traceBatch{spans(0, 10)}, 0, 10)))
	r := sealctl(t, "verify", "--key", key, dir)
	require.Equal(t, exitDone, r.code, r.stdout+r.stderr)
	require.Contains(t, r.stdout, "note: ")
	require.Contains(t, r.stdout, "it is being written; 1 frame is whole so far")
	require.NotContains(t, r.stdout, "clean")
	require.Equal(t, exitPart, sealctl(t, "verify", "--key", key, dir, "--strict").code)
	require.Contains(t, sealctl(t, "inspect", dir).stdout, "being written")
	// What is there already can be read.
	d := sealctl(t, "decrypt", "--key", key, dir)
	require.Equal(t, exitDone, d.code, d.stderr)
	require.Equal(t, namesFrom(0, 10), names(t, d.stdout))
}

func TestKeysThatCannotBeUsedAreRefusedWithWhatToDo(t *testing.T) {
	dir, _, key := archiveOf(t, 1)
	open := symmetricKey(t, testKey)
	require.NoError(t, os.Chmod(open, 0o644))
	private, public := keyPair(t)
	t.Setenv("SEALCTL_TEST_SHORT", "0011")
	for want, args := range map[string][]string{
		"give a key of one of these recipients": {"--key", symmetricKey(t, strings.Repeat("ab", 16))},
		kekName(t):                              {"--key", private},
		"chmod 600":                             {"--key", open},
		"it is a public key":                    {"--key", public},
		"no such file":                          {"--key", key + ".missing"},
		"32 hexadecimal digits":                 {"--key", symmetricKey(t, "0011")},
		"SEALCTL_TEST_UNSET is not set":         {"--key-env", "SEALCTL_TEST_UNSET"},
		"SEALCTL_TEST_SHORT":                    {"--key-env", "SEALCTL_TEST_SHORT"},
		"wrapped for another recipient":         {"--key-command", "hsm=/bin/false"},
	} {
		for _, command := range []string{"verify", "decrypt"} {
			r := sealctl(t, append([]string{command, dir}, args...)...)
			require.Equal(t, exitNot, r.code, args)
			require.NotContains(t, r.stderr, testKey)
			require.Empty(t, r.stdout)
			if command == "verify" {
				require.Contains(t, r.stderr, want)
			}
		}
	}
}

func TestAKeyInTheEnvironmentAndACommandOpenAnArchive(t *testing.T) {
	dir, _, _ := archiveOf(t, 1)
	t.Setenv("SEALCTL_TEST_KEY", testKey)
	require.Equal(t, exitDone, sealctl(t, "verify", "--key-env", "SEALCTL_TEST_KEY", dir).code)

	// An HSM that turns the key around.
	program := filepath.Join(t.TempDir(), "hsm")
	script := "#!/bin/sh\nread -r line\ncase $1 in wrap) echo \"$line\" | rev | base64 -w0 ;; unwrap) echo \"$line\" | base64 -d | rev ;; esac\n"
	require.NoError(t, os.WriteFile(program, []byte(script), 0o700))
	dir = t.TempDir()
	tracesIn(t, dir, &seal.Command{ID: "hsm", Argv: []string{program}}, 1)
	r := sealctl(t, "verify", "--key-command", "hsm="+program, dir)
	require.Equal(t, exitDone, r.code, r.stderr+r.stdout)
}

func TestDecryptWritesEverySignalAsJSONLines(t *testing.T) {
	dir, key := t.TempDir(), symmetricKey(t, testKey)
	provider := seal.FileProvider{Path: key}
	for signal, b := range map[archive.Signal]batch{
		archive.Traces: traceBatch{spans(0, 5)}, archive.Logs: logBatch{records(0, 5)}, archive.Metrics: metricBatch{datapoints(0, 5)},
	} {
		a := writer(t, dir, signal, provider, 0)
		require.NoError(t, a.Append(t.Context(), record(t, b, 0, 5)))
		require.NoError(t, a.Close(t.Context()))
		want, err := b.json()
		require.NoError(t, err)
		r := sealctl(t, "decrypt", "--key", key, dir, "--signal", signal.String())
		require.Equal(t, result{exitDone, string(want) + "\n", ""}, r)
	}
	all := sealctl(t, "decrypt", "--key", key, dir)
	require.Equal(t, exitDone, all.code)
	require.Equal(t, 3, strings.Count(all.stdout, "\n"))
	mixed := sealctl(t, "decrypt", "--key", key, dir, "--format", "protobuf")
	require.Equal(t, exitNot, mixed.code)
	require.Contains(t, mixed.stderr, "choose one with --signal")
}

func TestDecryptWritesProtobufBehindItsLength(t *testing.T) {
	dir, _, key := archiveOf(t, 3)
	out := filepath.Join(t.TempDir(), "traces.bin")
	r := sealctl(t, "decrypt", "--key", key, dir, "--format", "protobuf", "--output", out)
	require.Equal(t, result{exitDone, "", ""}, r)
	requireMode(t, out, 0o600)
	b, err := os.ReadFile(out)
	require.NoError(t, err)
	var got []string
	for len(b) > 0 {
		n, used := binary.Uvarint(b)
		require.Positive(t, used)
		message, err := decodeBatch(archive.Traces, b[used:used+int(n)])
		require.NoError(t, err)
		got = append(got, spanNames(message.(traceBatch).Traces)...)
		b = b[used+int(n):]
	}
	require.Equal(t, namesFrom(0, 30), got)
}

func TestATimeRangeIsExactInsideTheFrames(t *testing.T) {
	dir, key := t.TempDir(), symmetricKey(t, testKey)
	provider := seal.FileProvider{Path: key}
	for signal, b := range map[archive.Signal]func(int, int) batch{
		archive.Traces:  func(i, n int) batch { return traceBatch{spans(i, n)} },
		archive.Logs:    func(i, n int) batch { return logBatch{records(i, n)} },
		archive.Metrics: func(i, n int) batch { return metricBatch{datapoints(i, n)} },
	} {
		a := writer(t, dir, signal, provider, 0)
		for i := range 4 {
			require.NoError(t, a.Append(t.Context(), record(t, b(10*i, 10), 10*i, 10*i+10)))
		}
		require.NoError(t, a.Close(t.Context()))
	}
	count := func(signal, from, to string) (n int) {
		t.Helper()
		args := []string{"decrypt", "--key", key, dir, "--signal", signal}
		if from != "" {
			args = append(args, "--from", from)
		}
		if to != "" {
			args = append(args, "--to", to)
		}
		r := sealctl(t, args...)
		require.Equal(t, exitDone, r.code, r.stderr)
		for line := range strings.Lines(r.stdout) {
			switch signal {
			case "traces":
				n += len(names(t, line))
			case "logs":
				ld, err := new(plog.JSONUnmarshaler).UnmarshalLogs([]byte(line))
				require.NoError(t, err)
				n += ld.LogRecordCount()
			case "metrics":
				md, err := new(pmetric.JSONUnmarshaler).UnmarshalMetrics([]byte(line))
				require.NoError(t, err)
				n += md.DataPointCount()
			}
		}
		return n
	}
	const from, to = "2026-01-31T12:00:12Z", "2026-01-31T12:00:22Z"
	require.Equal(t, 12, count("traces", from, to), "spans 11 to 22 overlap seconds 12 to 22")
	require.Equal(t, 11, count("logs", from, to), "records of seconds 12 to 22")
	require.Equal(t, 5*11, count("metrics", from, to), "datapoints of seconds 12 to 22, of five metrics")
	require.Equal(t, 29, count("traces", from, ""))
	require.Equal(t, 23, count("traces", "", to))
	require.Equal(t, 0, count("traces", "2026-02-01", ""))
}

func TestATimeRangeWorksWithoutAnIndexToo(t *testing.T) {
	dir, file, key := archiveOf(t, 4)
	change(t, file, func(b []byte) []byte { return b[:len(b)-20] })
	r := sealctl(t, "decrypt", "--key", key, dir, "--from", "2026-01-31T12:00:12Z", "--to", "2026-01-31T12:00:22Z")
	require.Equal(t, exitPart, r.code) // it is truncated
	require.Equal(t, namesFrom(11, 12), names(t, r.stdout))
}

func TestAnAgeIsATime(t *testing.T) {
	c := newClock()
	at, err := parseTime("from", "90m", c.at)
	require.NoError(t, err)
	require.Equal(t, 90*60.0, c.at.Sub(at).Seconds())
}

func TestWhatHasNoTimeIsInEveryRange(t *testing.T) {
	r := timeRange{from: base, to: base}
	require.True(t, r.overlaps(0, 0))
	require.True(t, r.overlaps(stamp(0), 0))
	require.True(t, r.overlaps(0, stamp(0)))
	require.True(t, r.overlaps(stamp(-1), stamp(1)))
	require.False(t, r.overlaps(stamp(1), stamp(2)))
	require.False(t, r.overlaps(stamp(-2), stamp(-1)))
}

func TestDecryptReportsDamageAndWritesTheRest(t *testing.T) {
	dir, file, key := archiveOf(t, 3)
	change(t, file, inFrame(1))
	r := sealctl(t, "decrypt", "--key", key, dir)
	require.Equal(t, exitPart, r.code)
	require.Equal(t, append(namesFrom(0, 10), namesFrom(20, 10)...), names(t, r.stdout))
	require.Contains(t, r.stderr, "frame 1: it was altered")
}

func TestNoBitOfAnArchiveCanChangeWhatDecryptPrints(t *testing.T) {
	dir, file, key := archiveOf(t, 1)
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	want := sealctl(t, "decrypt", "--key", key, dir).stdout
	for at := 0; at < len(content); at += 3 { // every byte takes long; seal/archive flips every bit
		change(t, file, func([]byte) []byte {
			b := append([]byte(nil), content...)
			b[at] ^= 1 << (at % 8)
			return b
		})
		r := sealctl(t, "decrypt", "--key", key, dir)
		require.NotEqual(t, exitDone, r.code, "byte %d", at)
		require.Contains(t, []string{"", want}, r.stdout, "byte %d", at)
	}
}

func TestDecryptOverwritesNoFileAndLeavesNoEmptyOne(t *testing.T) {
	dir, _, key := archiveOf(t, 1)
	there := filepath.Join(t.TempDir(), "there")
	require.NoError(t, os.WriteFile(there, []byte("precious"), 0o600))
	r := sealctl(t, "decrypt", "--key", key, dir, "--output", there)
	require.Equal(t, exitNot, r.code)
	require.Contains(t, r.stderr, "is there already")

	fresh := filepath.Join(t.TempDir(), "fresh")
	r = sealctl(t, "decrypt", "--key", symmetricKey(t, strings.Repeat("ab", 16)), dir, "--output", fresh)
	require.Equal(t, exitNot, r.code)
	require.NoFileExists(t, fresh)

	r = sealctl(t, "decrypt", "--key", key, dir, "--output", filepath.Join(there, "x"))
	require.Equal(t, exitNot, r.code)
	require.Contains(t, r.stderr, "not a directory")
}

func TestDecryptReportsAFrameThatIsNoOTLPAndGoesOn(t *testing.T) {
	dir, key := t.TempDir(), symmetricKey(t, testKey)
	a := writer(t, dir, archive.Traces, seal.FileProvider{Path: key}, 0)
	require.NoError(t, a.Append(t.Context(), archive.Record{Payload: []byte("\xff\xff no protobuf"), Items: 1, From: 1}))
	require.NoError(t, a.Append(t.Context(), record(t, traceBatch{spans(0, 1)}, 0, 1)))
	require.NoError(t, a.Close(t.Context()))
	r := sealctl(t, "decrypt", "--key", key, dir)
	require.Equal(t, exitPart, r.code)
	require.Equal(t, namesFrom(0, 1), names(t, r.stdout))
	require.Contains(t, r.stderr, "authentic but not OTLP")
	require.NotContains(t, r.stderr, "no protobuf")
}

func TestRewrapGivesAnArchiveToAnotherReaderAndTakesItFromTheFirst(t *testing.T) {
	dir, file, key := archiveOf(t, 2)
	private, public := keyPair(t)
	recipient, err := seal.ReadRecipient(public)
	require.NoError(t, err)

	r := sealctl(t, "rewrap", "--key", key, dir, "--add", public)
	require.Equal(t, exitDone, r.code, r.stderr)
	require.Equal(t, fmt.Sprintf("%s: rewrapped\n1 of 1 files rewrapped, 0 failed\n", file), r.stdout)
	for _, k := range []string{key, private} {
		require.Equal(t, exitDone, sealctl(t, "verify", "--key", k, dir).code)
	}
	require.Contains(t, sealctl(t, "rewrap", "--key", key, dir, "--add", public).stdout, "unchanged")

	r = sealctl(t, "rewrap", "--key", private, dir, "--remove", kekName(t))
	require.Equal(t, exitDone, r.code, r.stderr)
	require.Equal(t, exitNot, sealctl(t, "verify", "--key", key, dir).code)
	require.Equal(t, namesFrom(0, 20), names(t, sealctl(t, "decrypt", "--key", private, dir).stdout))

	r = sealctl(t, "rewrap", "--key", private, dir, "--remove", recipient.String())
	require.Equal(t, exitNot, r.code)
	require.Contains(t, r.stderr, "no recipient would be left")
	r = sealctl(t, "rewrap", "--key", private, dir, "--remove", "sm2:0000000000000000")
	require.Equal(t, exitPart, r.code)
	require.Contains(t, r.stderr, "no file had the recipient")
	require.Equal(t, exitDone, sealctl(t, "verify", "--key", private, dir).code)
}

func TestRewrapLeavesAFileThatIsBeingWritten(t *testing.T) {
	dir, key := t.TempDir(), symmetricKey(t, testKey)
	_, public := keyPair(t)
	a := writer(t, dir, archive.Traces, seal.FileProvider{Path: key}, 0)
	require.NoError(t, a.Append(t.Context(), record(t, traceBatch{spans(0, 1)}, 0, 1)))
	r := sealctl(t, "rewrap", "--key", key, dir, "--add", public)
	require.Equal(t, exitNot, r.code)
	require.Contains(t, r.stderr, "it is being written")
}

func TestTokenIsWhatTheGatewayMakes(t *testing.T) {
	key := symmetricKey(t, testKey)
	raw, err := seal.ReadKeyFile(key)
	require.NoError(t, err)
	maker, err := seal.NewTokenKey(raw)
	require.NoError(t, err)
	want := maker.Token("user.id", "4711")
	t.Setenv("SEALCTL_TEST_KEY", testKey)
	for stdout, args := range map[string][]string{
		want:                                {"--search-key", key, "user.id", "4711"},
		want + "":                           {"--search-key-env", "SEALCTL_TEST_KEY", "user.id", "-"},
		`{ .tok.user.id = "` + want + `" }`: {"--search-key", key, "user.id", "4711", "--for", "tempo"},
		`| tok_user_id="` + want + `"`:      {"user.id", "4711", "--for", "loki", "--search-key", key},
	} {
		r := sealctlWith(t, nil, "4711\n", append([]string{"token"}, args...)...)
		require.Equal(t, result{exitDone, stdout + "\n", ""}, r)
	}
	require.Equal(t, `| tok_user_id="x"`, query("loki", "user..id", "x"), "as Loki spells it")
	require.Equal(t, `{ ."tok.user \"id\"" = "x" }`, query("tempo", `user "id"`, "x"))
}
