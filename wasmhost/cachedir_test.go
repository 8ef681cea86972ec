// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/internal/smalldisk"
)

// A cache that cannot be used costs time, and not the filter.
func TestWithoutACacheAModuleRuns(t *testing.T) {
	full := func(t *testing.T, disk string) {
		others, err := os.Create(filepath.Join(disk, "others"))
		require.NoError(t, err)
		for size := 64 << 10; size > 0; {
			if _, err = others.Write(make([]byte, size)); err != nil {
				size /= 2
			}
		}
		require.ErrorIs(t, errors.Join(err, others.Close()), syscall.ENOSPC)
	}
	for name, prepare := range map[string]func(t *testing.T) (dir string){
		"the disk is full": func(t *testing.T) string {
			disk := filepath.Join(t.TempDir(), "disk")
			smalldisk.Mount(t, disk, "256k")
			full(t, disk)
			return filepath.Join(disk, "cache")
		},
		"the disk is full later": func(t *testing.T) string {
			disk := filepath.Join(t.TempDir(), "disk")
			smalldisk.Mount(t, disk, "256k")
			dir := filepath.Join(disk, "cache")
			require.NoError(t, runtimeWith(t, RuntimeOptions{CacheDir: dir}).Close(t.Context()))
			full(t, disk)
			return dir
		},
		"a file is in its way": func(t *testing.T) string {
			file := filepath.Join(t.TempDir(), "file")
			require.NoError(t, os.WriteFile(file, nil, 0o600))
			return filepath.Join(file, "cache")
		},
	} {
		t.Run(name, func(t *testing.T) {
			var failures []error
			r := runtimeWith(t, RuntimeOptions{CacheDir: prepare(t), OnCacheError: func(err error) { failures = append(failures, err) }})
			for range 2 {
				judge(t, newFilter(t, load(t, r, guestParts{}), Options{}), mixed(10, 1))
			}
			if r.Engine() == EngineInterpreter && strings.Contains(name, "full") {
				return // it compiles nothing, and writes nothing
			}
			assert.Len(t, failures, 1, "it is said once")
		})
	}
}

// It took somebody to delete the entry before the module loaded again.
func TestADamagedEntryOfTheCacheIsReplaced(t *testing.T) {
	dir := t.TempDir()
	load(t, runtimeWith(t, RuntimeOptions{CacheDir: dir}), guestParts{})
	compiled, err := filepath.Glob(filepath.Join(dir, "wazero-*", "*"))
	require.NoError(t, err)
	require.Len(t, compiled, 1)
	whole, err := os.ReadFile(compiled[0])
	require.NoError(t, err)
	for name, content := range map[string][]byte{
		"empty": nil, "cut": whole[:len(whole)/2], "altered": append(append(whole[:len(whole)-9:len(whole)-9], whole[len(whole)-9]^1), whole[len(whole)-8:]...),
		"garbage": []byte("garbage"),
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(compiled[0], content, 0o600))
			var failures []error
			r := runtimeWith(t, RuntimeOptions{CacheDir: dir, OnCacheError: func(err error) { failures = append(failures, err) }})
			judge(t, newFilter(t, load(t, r, guestParts{}), Options{}), mixed(10, 1))
			assert.Len(t, failures, 1)
			require.NoError(t, r.Close(t.Context()))
			for range 2 { // the second finds what the first has kept
				r := runtimeWith(t, RuntimeOptions{CacheDir: dir, OnCacheError: func(err error) { t.Error(err) }})
				load(t, r, guestParts{})
				require.NoError(t, r.Close(t.Context()))
			}
			again, err := os.ReadFile(compiled[0])
			require.NoError(t, err)
			assert.Equal(t, whole, again)
		})
	}
}

func TestTheCacheIsBounded(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "wazero-v0"), 0o700))
	write := func(name string, age time.Duration) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, make([]byte, 100), 0o600))
		require.NoError(t, os.Chtimes(path, time.Time{}, time.Now().Add(-age)))
		return path
	}
	write("wazero-v0/old", 3*time.Hour)
	write("metered-older", 4*time.Hour)
	young, other := write("wazero-v0/young", time.Hour), write("others", 100*time.Hour)
	require.NoError(t, pruneCache(dir, 2, 1000))
	assert.FileExists(t, filepath.Join(dir, "wazero-v0/old"))
	assert.NoFileExists(t, filepath.Join(dir, "metered-older"))
	require.NoError(t, pruneCache(dir, 2, 150))
	assert.FileExists(t, young)
	assert.NoFileExists(t, filepath.Join(dir, "wazero-v0/old"))
	assert.FileExists(t, other, "it is not the cache's")
}
