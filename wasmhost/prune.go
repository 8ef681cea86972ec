// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// What the compilation cache holds at most. A filter of standard Go takes 10 MB.
const (
	maxCacheEntries = 64 // files, two for each module
	maxCacheSize    = 256 << 20
)

// cacheEntry is a file of the cache.
type cacheEntry struct {
	path    string
	size    int64
	written time.Time
}

// cacheEntries are the files that this package and the engine, in any version, have written to dir.
func cacheEntries(dir string) (entries []cacheEntry) {
	for _, pattern := range []string{"metered-*", "wazero-*/*"} {
		paths, _ := filepath.Glob(filepath.Join(dir, pattern)) // the patterns are right
		for _, path := range paths {
			if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() {
				entries = append(entries, cacheEntry{path, info.Size(), info.ModTime()})
			}
		}
	}
	return entries
}

// pruneCache removes the entries written longest ago, until the rest is within the bounds.
func pruneCache(dir string, most int, size int64) error {
	entries := cacheEntries(dir)
	slices.SortFunc(entries, func(a, b cacheEntry) int {
		return cmp.Or(b.written.Compare(a.written), cmp.Compare(a.path, b.path))
	})
	var errs error
	for k, e := range entries {
		if size -= e.size; k >= most || size < 0 {
			errs = errorAnd(errs, removeEntry(e.path))
		}
	}
	return errs
}

func emptyCache(dir string) error { return pruneCache(dir, 0, 0) }

// removeEntry leaves a file that another process has removed already.
func removeEntry(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
