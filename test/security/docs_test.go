// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package security

import (
	"crypto/x509"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The commands of docs/security.md make certificates, a token and a password that the
// gateway takes.
func TestTheCommandsOfTheDocumentationWork(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not here to run the commands with")
	}
	ctx, behind, dir := testContext(t), startSink(t), t.TempDir()
	for _, heading := range []string{"Certificates", "Tokens", "Passwords"} {
		cmd := exec.CommandContext(ctx, "sh", "-euc", commands(t, heading))
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s: %s", heading, out)
	}
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		return strings.TrimSpace(string(text))
	}
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM([]byte(read("ca.crt"))))
	node := credential{cert: read("edge-17/tls.crt"), key: read("edge-17/tls.key")}.certificate(t)
	env := []string{
		"SEALGATE_TLS_DIR=" + filepath.Join(dir, "gateway"),
		"SEALGATE_TOKENS=" + filepath.Join(dir, "tokens"), "SEALGATE_HTPASSWD=" + filepath.Join(dir, "htpasswd"),
	}
	for overlay, header := range map[string]string{
		"bearer": "Bearer " + read("token"),
		"basic":  "Basic " + base64.StdEncoding.EncodeToString([]byte("shop:"+read("password"))),
	} {
		g := startGateway(ctx, t, behind, "embedded:gateway\nembedded:mtls\nembedded:"+overlay, env...)
		require.NoError(t, sender{roots: roots, cert: node, header: header}.overGRPC(ctx, g, overlay))
		behind.await(ctx, t, overlay)
	}
}

// commands returns the first block of commands behind a heading of docs/security.md.
func commands(t *testing.T, heading string) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "security.md"))
	require.NoError(t, err)
	_, behind, found := strings.Cut(string(page), "\n### "+heading+"\n")
	require.True(t, found, heading)
	_, behind, found = strings.Cut(behind, "```sh\n")
	require.True(t, found, heading)
	block, _, found := strings.Cut(behind, "```\n")
	require.True(t, found, heading)
	return block
}

func TestTheDocumentationNamesTestsThatThereAre(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "security.md"))
	require.NoError(t, err)
	var tests strings.Builder
	for _, pattern := range []string{"*", "*/*", "*/*/*"} {
		files, err := filepath.Glob(filepath.Join("..", "..", pattern, "*_test.go"))
		require.NoError(t, err)
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			tests.Write(text)
		}
	}
	for _, name := range regexp.MustCompile("`(Test[A-Za-z0-9]+)`").FindAllStringSubmatch(string(page), -1) {
		require.Contains(t, tests.String(), "\nfunc "+name[1]+"(", "docs/security.md names it")
	}
}
