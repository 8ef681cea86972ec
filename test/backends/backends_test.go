// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package backends

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tiny is a backend that takes no time to build: a module without dependencies.
func tiny(t *testing.T) (b Backend, module string) {
	t.Helper()
	module = t.TempDir()
	write(t, module, "go.mod", "module example.org/tiny\n\ngo 1.26\n")
	write(t, module, "go.sum", "")
	write(t, module, "main.go", "package main\n\nfunc main() { println(\"tiny\") }\n")
	return Backend{Name: "tiny", Package: "example.org/tiny"}, module
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644))
}

func TestTheKeyChangesWithEverythingThatIsBuiltFrom(t *testing.T) {
	b, module := tiny(t)
	before, err := b.key(module)
	require.NoError(t, err)
	again, err := b.key(module)
	require.NoError(t, err)
	assert.Equal(t, before, again)

	tagged := b
	tagged.Flags = []string{"-tags=x"}
	other, err := tagged.key(module)
	require.NoError(t, err)
	assert.NotEqual(t, before, other, "flags")

	write(t, module, "go.sum", "example.org/x v1.0.0 h1:=\n")
	other, err = b.key(module)
	require.NoError(t, err)
	assert.NotEqual(t, before, other, "go.sum")

	write(t, module, "main.go", "package main\n\nfunc main() { println(\"small\") }\n")
	owned, err := b.key(module)
	require.NoError(t, err)
	assert.NotEqual(t, other, owned, "our own source")
}

func TestABuildLeavesTheBinaryAndNothingElse(t *testing.T) {
	b, module := tiny(t)
	binary := filepath.Join(t.TempDir(), "cache", "tiny")
	var progress bytes.Buffer
	require.NoError(t, b.build(t.Context(), &progress, module, binary))
	assert.Contains(t, progress.String(), "building tiny, once")
	entries, err := os.ReadDir(filepath.Dir(binary))
	require.NoError(t, err)
	require.Len(t, entries, 1)
	assert.Equal(t, "tiny", entries[0].Name())
}

func TestAFailedBuildShowsWhatTheCompilerSaid(t *testing.T) {
	b, module := tiny(t)
	write(t, module, "main.go", "package main\n\nfunc main() { undefinedThing() }\n")
	dir := filepath.Join(t.TempDir(), "cache")
	err := b.build(t.Context(), &bytes.Buffer{}, module, filepath.Join(dir, "tiny"))
	require.Error(t, err)
	assert.Contains(t, err.Error(), "undefined: undefinedThing")
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, entries, "nothing is left behind")
}

func TestAnUnknownBackendIsNamedWithThoseThereAre(t *testing.T) {
	_, err := Find("mimir")
	require.EqualError(t, err, `no backend is named "mimir"; there are: tempo, loki, prometheus, promtool, kafka, kubernetes-1.26, kubernetes-1.37, coredns`)
}

func TestEveryBackendHasItsModuleAndConfiguration(t *testing.T) {
	root, err := Root()
	require.NoError(t, err)
	for _, b := range slices.Concat(All, Cluster) {
		_, err := b.key(filepath.Join(root, "test", "backends", b.Module))
		require.NoError(t, err, b.Name)
	}
}

func TestTwoProcessesDoNotBuildOneServerAtOnce(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "server-key")
	unlock, err := lock(t.Context(), io.Discard, directory)
	require.NoError(t, err)

	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = lock(cancelled, io.Discard, directory)
	require.ErrorIs(t, err, context.Canceled, "it waits while the first has it")

	waiting, progress := io.Pipe()
	got := make(chan error, 1)
	go func() {
		second, err := lock(t.Context(), progress, directory)
		if err == nil {
			second()
		}
		got <- err
	}()
	said, err := bufio.NewReader(waiting).ReadString('\n')
	require.NoError(t, err)
	assert.Contains(t, said, "waiting for another process that builds "+directory)
	unlock()
	require.NoError(t, <-got)
}
