// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// examples returns the command lines in the documentation.
func examples(t *testing.T) (lines [][]string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "sealctl.md"))
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		at := strings.LastIndex(line, "sealctl ")
		if strings.HasPrefix(line, "sealctl ") || strings.HasPrefix(line, "curl ") {
			lines = append(lines, strings.Fields(line[at:])[1:])
		}
	}
	return lines
}

func TestTheExamplesInTheDocumentationAreCommandLines(t *testing.T) {
	shown := make(map[string]bool)
	for _, args := range examples(t) {
		c, rest, ok := find(args)
		require.True(t, ok, args)
		fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
		c.setup(fs)
		_, err := parse(fs, rest)
		require.NoError(t, err, args)
		shown[c.name] = true
	}
	for _, c := range commands() {
		require.True(t, shown[c.name], "%s has no example", c.name)
	}
}

// TestTheExamplesInTheDocumentationWork runs those that need no server, filter or logs, in order.
func TestTheExamplesInTheDocumentationWork(t *testing.T) {
	list := examples(t)
	t.Chdir(t.TempDir())
	t.Setenv("AUDIT_PASSPHRASE", "correct horse")
	require.NoError(t, os.WriteFile("resource.json", []byte(everyRule), 0o644))
	require.NoError(t, os.WriteFile("gateway.yaml", []byte("processors: {cloudlabels: , cloudlabels/traces: }"), 0o644))
	var audit string
	for _, args := range list {
		for i, arg := range args {
			switch {
			case strings.HasSuffix(arg, ".sealed"): // a name of the moment
				files, err := sealedFiles([]string{"archive"})
				require.NoError(t, err)
				args[i] = files[0]
			case strings.HasPrefix(arg, "sm2:"):
				args[i] = audit
			}
		}
		if args[0] == "replay" || args[0] == "unseal" || args[0] == "filter" {
			continue
		}
		r := sealctlWith(t, nil, "4711", args...)
		require.Equal(t, exitDone, r.code, "%v: %s", args, r.stderr)
		if args[0] == "keygen" && audit == "" {
			audit = strings.Fields(r.stdout)[1]
			archiveFor(t, "archive", filepath.Join("keys", "audit.pub.pem"))
		}
	}
}
