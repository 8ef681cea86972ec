// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package queuestorageextension

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// values are the large values of a component, each in a file.
type values struct {
	directory string
	fsync     bool
	limit     int64 // in bytes; 0: none

	size   int64 // of all files but the spare ones
	next   uint64
	spares []spare
}

// spare is the file of a value that was removed. Those of the last removal stay, so that
// values that are stored again find room: a queue removes what was being sent when it
// ended, and then puts it in anew, while others may be waiting for room on the disk.
type spare struct {
	path string
	size int64
}

// reference leads to a value.
type reference struct {
	file uint64
	sum  uint32 // CRC-32C of the value
}

const referenceSize = 12

func (r reference) encode() []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(nil, r.file), r.sum)
}

func decodeReference(b []byte) (reference, error) {
	if len(b) != referenceSize {
		return reference{}, fmt.Errorf("a reference to a value has %d bytes, must have %d", len(b), referenceSize)
	}
	return reference{binary.BigEndian.Uint64(b), binary.BigEndian.Uint32(b[8:])}, nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// openValues opens the values in directory, and makes it if need be. Files that nothing
// refers to are removed: the process ended before they were, or before they were whole.
func openValues(ctx context.Context, directory string, inner storage.Client, fsync bool, limit int64) (*values, error) {
	v := &values{directory: directory, fsync: fsync, limit: limit}
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return nil, err
	}
	wanted, err := referencesIn(ctx, inner)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(directory)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if _, ok := wanted[e.Name()]; !ok {
			if err := os.Remove(filepath.Join(directory, e.Name())); err != nil {
				return nil, err
			}
			continue
		}
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		v.size += info.Size()
	}
	for _, r := range wanted { // also of those whose files are gone: no two may lead to one file
		v.next = max(v.next, r.file+1)
	}
	return v, nil
}

// referencesIn returns the references that a storage has, by the names of their files.
func referencesIn(ctx context.Context, inner storage.Client) (map[string]reference, error) {
	walker, ok := inner.(storage.Walker)
	if !ok {
		return nil, fmt.Errorf("%T cannot be listed", inner)
	}
	found := map[string]reference{}
	err := walker.Walk(ctx, func(key string, value []byte) ([]*storage.Operation, error) {
		if strings.HasPrefix(key, referencePrefix) {
			if r, err := decodeReference(value); err == nil {
				found[r.name()] = r
			}
		}
		return nil, nil
	})
	return found, err
}

func (r reference) name() string { return fmt.Sprintf("%016x", r.file) }

func (v *values) path(r reference) string { return filepath.Join(v.directory, r.name()) }

// written is a value that was written.
type written struct {
	reference
	size   int64
	reused bool // its file was a spare one
}

// write writes a value into a file.
func (v *values) write(value []byte) (written, error) {
	w := written{reference{v.next, crc32.Checksum(value, castagnoli)}, int64(len(value)), false}
	if v.limit > 0 && v.size+w.size > v.limit {
		return w, storage.ErrStorageFull
	}
	v.next++
	err := v.fill(v.path(w.reference), value)
	if errors.Is(err, syscall.ENOSPC) && v.reuse(w) {
		w.reused = true
		err = v.fill(v.path(w.reference), value)
	}
	if err == nil {
		v.size += w.size
	}
	return w, err
}

// fill makes value the content of a file, or leaves no file.
func (v *values) fill(path string, value []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if _, err = f.Write(value); err == nil {
		err = f.Truncate(int64(len(value)))
	}
	if err == nil && v.fsync {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil && v.fsync {
		err = syncDirectory(v.directory)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

// reuse takes a spare file for w, if one is large enough.
func (v *values) reuse(w written) bool {
	i := slices.IndexFunc(v.spares, func(s spare) bool { return s.size >= w.size })
	if i < 0 || os.Rename(v.spares[i].path, v.path(w.reference)) != nil {
		return false
	}
	v.spares = slices.Delete(v.spares, i, i+1)
	return true
}

// undo removes what was written, or makes it spare again.
func (v *values) undo(w written) error {
	v.size -= w.size
	if w.reused {
		v.spares = append(v.spares, spare{v.path(w.reference), w.size})
		return nil
	}
	return os.Remove(v.path(w.reference))
}

// release removes the spare files.
func (v *values) release() (err error) {
	for _, s := range v.spares {
		err = errors.Join(err, os.Remove(s.path))
	}
	v.spares = nil
	return err
}

func syncDirectory(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// read returns the value that r refers to, and nil if that is gone: it was removed, but
// the process ended before this could be noted.
func (v *values) read(r reference) ([]byte, error) {
	value, err := os.ReadFile(v.path(r))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && crc32.Checksum(value, castagnoli) != r.sum {
		return nil, fmt.Errorf("%s is not what was written there", v.path(r))
	}
	return value, err
}

// remove makes the files that are referred to the spare ones, and removes the former.
func (v *values) remove(gone []reference) (errs error) {
	if len(gone) == 0 {
		return nil
	}
	errs = v.release()
	for _, r := range gone {
		info, err := os.Stat(v.path(r))
		switch {
		case err == nil:
			v.size -= info.Size()
			v.spares = append(v.spares, spare{v.path(r), info.Size()})
		case !errors.Is(err, fs.ErrNotExist):
			errs = errors.Join(errs, err)
		}
	}
	return errs
}
