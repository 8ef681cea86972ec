// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/sealgate/sealgate/wasmhost/fuel"
)

// metered has a module with its fuel counter used. To put the counter in takes half as long as all the
// rest of a start, so the result is kept in the cache directory, where it is as safe as the compiled code
// beside it: nobody else may write there. It is good until use returns.
func (r *Runtime) metered(s Source, use func(code []byte) error) error {
	limits := r.opts.limits()
	if r.opts.CacheDir == "" {
		code, err := instrument(s, limits)
		if err != nil {
			return err
		}
		return use(code)
	}
	e := newMeteredEntry(r.opts.CacheDir, fuel.Version(), s.SHA256, limits)
	if code, release, ok := e.open(); ok {
		defer release()
		return use(code)
	}
	code, err := instrument(s, limits)
	if err != nil {
		return err
	}
	_ = e.write(code) // the next start does without
	err = use(code)
	_ = pruneCache(r.opts.CacheDir, maxCacheEntries, maxCacheSize) // the next miss tries again
	return err
}

func instrument(s Source, limits fuel.Limits) ([]byte, error) {
	wasm, err := s.Read()
	if err != nil {
		return nil, err
	}
	m, err := fuel.Instrument(wasm, limits)
	if err != nil {
		return nil, &Error{Kind: KindABI, Err: err}
	}
	return m.Code, nil
}

// meteredEntry is a file of the cache: the digest of its key and its content, then its content, a
// metered module.
type meteredEntry struct {
	path string
	key  [sha256.Size]byte // of all that the content depends on
}

func newMeteredEntry(dir, version, module string, limits fuel.Limits) meteredEntry {
	key := sha256.Sum256(fmt.Appendf(nil, "%s %d %d %d %s", version, limits.Budget, limits.Pages, limits.Stack, module))
	return meteredEntry{filepath.Join(dir, fmt.Sprintf("metered-%x", key)), key}
}

// open is false where there is no such entry, or not as it was written.
func (e meteredEntry) open() (code []byte, release func(), ok bool) {
	b, release, err := mapFile(e.path)
	if err != nil {
		return nil, nil, false
	}
	if len(b) < sha256.Size || e.digest(b[sha256.Size:]) != [sha256.Size]byte(b) {
		release()
		return nil, nil, false
	}
	return b[sha256.Size:], release, true
}

// write puts the entry in place whole, so that another process sees all of it or nothing.
func (e meteredEntry) write(code []byte) error {
	f, err := os.CreateTemp(filepath.Dir(e.path), filepath.Base(e.path)+".*.tmp")
	if err != nil {
		return err
	}
	sum := e.digest(code)
	_, err = f.Write(append(sum[:], code...))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), e.path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

func (e meteredEntry) digest(code []byte) (sum [sha256.Size]byte) {
	h := sha256.New()
	h.Write(e.key[:])
	h.Write(code)
	h.Sum(sum[:0])
	return sum
}
