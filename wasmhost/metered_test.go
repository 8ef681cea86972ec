// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"bytes"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/wasmhost/fuel"
)

func meterWith(r *Runtime, s Source) (code []byte, err error) {
	err = r.metered(s, func(b []byte) error { code = bytes.Clone(b); return nil })
	return code, err
}

func readEntry(e meteredEntry) ([]byte, bool) {
	code, release, ok := e.open()
	if !ok {
		return nil, false
	}
	defer release()
	return bytes.Clone(code), true
}

// meteredIn meters a module with a cache in dir, and says where its entry is.
func meteredIn(t *testing.T, dir string, wasm []byte) (code []byte, e meteredEntry) {
	t.Helper()
	r := runtimeWith(t, RuntimeOptions{CacheDir: dir})
	code, err := meterWith(r, sourceOf(wasm))
	require.NoError(t, err)
	return code, newMeteredEntry(dir, fuel.Version(), sha256Hex(wasm), r.opts.limits())
}

func TestAModuleIsMeteredOnceAndThenTakenFromTheCache(t *testing.T) {
	dir, wasm := t.TempDir(), assemble(guestParts{})
	code, e := meteredIn(t, dir, wasm)
	kept, ok := readEntry(e)
	require.True(t, ok)
	assert.Equal(t, code, kept)

	require.NoError(t, e.write([]byte("what the cache has")))
	code, _ = meteredIn(t, dir, wasm)
	assert.Equal(t, "what the cache has", string(code))
}

func TestAnEntryThatIsNotAsItWasWrittenIsIgnoredAndWrittenAnew(t *testing.T) {
	dir, wasm := t.TempDir(), assemble(guestParts{})
	code, e := meteredIn(t, dir, wasm)
	whole, err := os.ReadFile(e.path)
	require.NoError(t, err)
	altered := bytes.Clone(whole)
	altered[len(altered)/2] ^= 1
	_, other := meteredIn(t, dir, assemble(guestParts{pages: guestPages + 1}))
	another, err := os.ReadFile(other.path)
	require.NoError(t, err)
	for name, content := range map[string][]byte{
		"empty": nil, "truncated in its digest": whole[:20], "truncated": whole[:len(whole)-1], "longer": append(bytes.Clone(whole), 0),
		"altered": altered, "that of another module": another,
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(e.path, content, 0o600))
			_, ok := readEntry(e)
			assert.False(t, ok)
			again, _ := meteredIn(t, dir, wasm)
			assert.Equal(t, code, again)
			kept, err := os.ReadFile(e.path)
			require.NoError(t, err)
			assert.Equal(t, whole, kept)
		})
	}
}

func TestEntriesDifferInAllThatTheirContentDependsOn(t *testing.T) {
	entry := func(version, module string, budget int64, pages uint32) string {
		return newMeteredEntry("dir", version, module, fuel.Limits{Budget: budget, Pages: pages}).path
	}
	usual := entry("version", "module", 10, 20)
	assert.Equal(t, usual, entry("version", "module", 10, 20))
	for name, other := range map[string]string{
		"version": entry("old version", "module", 10, 20), "module": entry("version", "module 2", 10, 20),
		"budget": entry("version", "module", 11, 20), "pages": entry("version", "module", 10, 21),
	} {
		assert.NotEqual(t, usual, other, name)
	}
}

func TestAnEntryThatCannotBeWrittenIsDoneWithout(t *testing.T) {
	t.Run("something is in its place", func(t *testing.T) {
		dir, wasm := t.TempDir(), assemble(guestParts{})
		_, e := meteredIn(t, dir, wasm)
		require.NoError(t, os.Remove(e.path))
		require.NoError(t, os.Mkdir(e.path, 0o700))
		code, _ := meteredIn(t, dir, wasm)
		assert.NotEmpty(t, code)
		assertNoTemporaryFiles(t, dir)
	})
	t.Run("read-only directory", func(t *testing.T) {
		if os.Geteuid() == 0 {
			t.Skip("root may write everywhere")
		}
		dir := t.TempDir()
		r := runtimeWith(t, RuntimeOptions{CacheDir: dir})
		require.NoError(t, os.Chmod(dir, 0o500))
		code, err := meterWith(r, sourceOf(assemble(guestParts{})))
		require.NoError(t, err)
		assert.NotEmpty(t, code)
	})
}

func TestProcessesThatStartAtOnceShareTheCache(t *testing.T) {
	dir, wasm := t.TempDir(), assemble(guestParts{})
	var starting sync.WaitGroup
	codes := make([][]byte, 8)
	for k := range codes {
		r := runtimeWith(t, RuntimeOptions{CacheDir: dir})
		starting.Go(func() { codes[k], _ = meterWith(r, sourceOf(wasm)) })
	}
	starting.Wait()
	code, e := meteredIn(t, dir, wasm)
	for _, c := range codes {
		assert.Equal(t, code, c)
	}
	_, ok := readEntry(e)
	assert.True(t, ok)
	assertNoTemporaryFiles(t, dir)
}

func assertNoTemporaryFiles(t *testing.T, dir string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(dir, "*.tmp"))
	require.NoError(t, err)
	assert.Empty(t, left)
}
