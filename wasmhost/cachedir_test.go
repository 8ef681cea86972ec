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
