// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package security

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/seal"
	"github.com/sealgate/sealgate/test/harness"
)

// sealing is a gateway that seals, busy, with every kind of secret that it can have.
type sealing struct {
	*harness.Gateway
	// secrets are what must not be shown, as it may be written, by what it is.
	secrets map[string][]string
	// stop ends the load.
	stop func()
}

const (
	readerKey    = "the private key of who reads"
	symmetricKey = "the symmetric key"
)

// startSealing starts one. The reader's private key is not among what it is given.
func startSealing(ctx context.Context, t *testing.T, env ...string) *sealing {
	t.Helper()
	behind, ca := startSink(t), newAuthority(t)
	keys := filepath.Join(t.TempDir(), "keys")
	makeKeys(t, keys)
	search, err := seal.ReadKeyFile(filepath.Join(keys, "search.key"))
	require.NoError(t, err)
	own, symmetric := ca.issue(t), make([]byte, seal.KeySize)
	_, _ = rand.Read(symmetric)
	s := &sealing{secrets: map[string][]string{
		readerKey:                 readerSecrets(t, filepath.Join(keys, "reader.pem")),
		symmetricKey:              spellings(symmetric),
		"the search key":          spellings(search),
		"the token":               spellings([]byte(token)),
		"the private key for TLS": {own.keyBody()},
	}}
	s.Gateway = startCollector(ctx, t, "SEALGATE_BIN",
		"embedded:sealed\nembedded:bearer\nyaml:exporters::sm4/tempo::keys::env::variable: TEST_SYMMETRIC_KEY",
		append(env,
			newTLSDir(t, own, ca).env(), "SEALGATE_TOKENS="+writeFile(t, token), "SEALGATE_TEMPO="+behind.GRPC,
			"SEALGATE_RECIPIENT="+filepath.Join(keys, "reader.pub.pem"), "SEALGATE_SEARCH_KEY="+filepath.Join(keys, "search.key"),
			"TEST_SYMMETRIC_KEY="+hex.EncodeToString(symmetric))...)
	s.stop = load(ctx, t, s.Gateway, sender{roots: ca.pool(), header: "Bearer " + token})
	return s
}

// load keeps a gateway busy until it ends or what load returns is called.
func load(ctx context.Context, t *testing.T, g *harness.Gateway, from sender) (stop func()) {
	t.Helper()
	require.NoError(t, from.overGRPC(ctx, g, "first"))
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil && !g.Exited() {
			_ = from.overGRPC(ctx, g, "load") // it fails when the gateway ends
		}
	}()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

// spellings are the ways in which a key may be written into text. What a traceback
// shows of memory is words of 64 bits.
func spellings(key []byte) []string {
	all := []string{
		string(key),
		hex.EncodeToString(key), strings.ToUpper(hex.EncodeToString(key)),
		base64.StdEncoding.EncodeToString(key), base64.RawURLEncoding.EncodeToString(key),
	}
	for i := 0; i+8 <= len(key); i += 8 {
		all = append(all, fmt.Sprintf("%x", binary.LittleEndian.Uint64(key[i:])), fmt.Sprintf("%x", binary.BigEndian.Uint64(key[i:])))
	}
	return all
}

// readerSecrets are an SM2 private key as its file has it, as text, and as one computes
// with it.
func readerSecrets(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	block, _ := pem.Decode(text)
	require.NotNil(t, block)
	parsed, err := smx509.ParsePKCS8PrivateKey(block.Bytes)
	require.NoError(t, err)
	scalar := parsed.(*sm2.PrivateKey).D.FillBytes(make([]byte, 32))
	little := slices.Clone(scalar)
	slices.Reverse(little)
	return append(spellings(scalar), string(little), strings.Split(string(text), "\n")[1])
}

// SIGQUIT prints what a crash does, at the most telling setting.
func TestNoKeyIsInWhatACrashPrints(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	s := startSealing(ctx, t, "GOTRACEBACK=all")
	require.NoError(t, syscall.Kill(s.PID(), syscall.SIGQUIT))
	require.NoError(t, harness.Poll(ctx, "its end", func(context.Context) (bool, error) { return s.Exited(), nil }))
	s.stop()
	log := s.Log()
	require.Contains(t, log, "SIGQUIT: quit")
	require.Contains(t, log, "collector/otelcol.(*Collector).Run(", "all goroutines are shown")
	for what, texts := range s.secrets {
		for _, text := range texts {
			assert.False(t, strings.Contains(log, text), "%s is in it", what)
		}
	}
}

// With an SM2 recipient a gateway has the public key alone. The private one is not in
// its memory, so it is in no core dump either.
func TestTheKeyOfWhoReadsIsNotInTheGateway(t *testing.T) {
	t.Parallel()
	s := startSealing(testContext(t), t)
	s.stop()
	found := foundInMemory(t, s.PID(), append(s.secrets[readerKey], token))
	assert.Equal(t, []string{token}, found, "the search finds what is there, and no more")
}

// A key in a file is in no environment, so that who may read that (ps, a crash
// reporter, a child process) learns none.
func TestNoKeyOfAFileIsInTheEnvironment(t *testing.T) {
	t.Parallel()
	s := startSealing(testContext(t), t)
	s.stop()
	environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", s.PID()))
	require.NoError(t, err)
	require.Contains(t, string(environment), s.secrets[symmetricKey][1], "the search finds the one that was given so")
	for what, texts := range s.secrets {
		for _, text := range texts {
			assert.True(t, what == symmetricKey || !bytes.Contains(environment, []byte(text)), "%s is in it", what)
		}
	}
}

// foundInMemory returns those of the texts that a process has in memory that can be
// written; see proc_pid_maps(5) and proc_pid_mem(5).
func foundInMemory(t *testing.T, pid int, texts []string) []string {
	t.Helper()
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	require.NoError(t, err)
	memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		t.Skipf("this system lets no process read another's memory: %v", err)
	}
	defer memory.Close()
	var found []string
	for line := range strings.Lines(string(maps)) {
		var start, end uint64
		var mode string
		_, err := fmt.Sscanf(line, "%x-%x %s", &start, &end, &mode)
		require.NoError(t, err)
		if !strings.HasPrefix(mode, "rw") {
			continue
		}
		region := make([]byte, end-start)
		n, _ := memory.ReadAt(region, int64(start)) // what cannot be read has been given back
		for _, text := range texts {
			if bytes.Contains(region[:n], []byte(text)) && !slices.Contains(found, text) {
				found = append(found, text)
			}
		}
	}
	return found
}
