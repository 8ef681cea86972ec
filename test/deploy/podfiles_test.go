// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package deploy

import (
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// writePodFiles writes what Secrets and ConfigMaps of the examples hold: the collector reads it where
// it is validated.
func writePodFiles(t *testing.T, dir string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	for name, block := range map[string]*pem.Block{
		"tls.crt": {Type: "CERTIFICATE", Bytes: certificate}, "ca.crt": {Type: "CERTIFICATE", Bytes: certificate}, "tls.key": {Type: "PRIVATE KEY", Bytes: private},
	} {
		writeFile(t, filepath.Join(dir, "tls", name), pem.EncodeToMemory(block))
	}
	writeFile(t, filepath.Join(dir, "auth/token"), []byte("a-token\n"))
	for name, more := range map[string][]string{"keys/reader": nil, "keys/auditor": nil, "keys/search": {"--symmetric"}, "queue/queue": {"--symmetric"}} {
		args := append([]string{"keygen", "--out", filepath.Join(dir, filepath.Dir(name)), "--name", filepath.Base(name)}, more...)
		out, err := exec.CommandContext(t.Context(), built(t, "SEALGATE_CTL"), args...).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	// Each stands for a filter that takes the configuration of its role.
	for name, shipped := range map[string]string{"debug.wasm": "rules", "quiet.wasm": "redundancy"} {
		writeFile(t, filepath.Join(dir, "filters", name), module(t, shipped))
	}
}

// module returns a shipped filter.
func module(t *testing.T, name string) []byte {
	t.Helper()
	f, err := os.Open("../../wasmfilters/builtin/modules/" + name + ".wasm.gz")
	require.NoError(t, err)
	defer f.Close()
	packed, err := gzip.NewReader(f)
	require.NoError(t, err)
	content, err := io.ReadAll(packed)
	require.NoError(t, err)
	return content
}

func writeFile(t *testing.T, path string, content []byte) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, content, 0o600))
}
