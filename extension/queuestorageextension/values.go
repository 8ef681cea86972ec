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
	"strings"

	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// values are the large values of a component, each in a file.
type values struct {
	directory string
	fsync     bool
	limit     int64 // in bytes; 0: none

	size int64 // of all files
	next uint64
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
		r, ok := wanted[e.Name()]
		if !ok {
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

// write writes a value into a new file.
func (v *values) write(value []byte) (_ reference, err error) {
	if v.limit > 0 && v.size+int64(len(value)) > v.limit {
		return reference{}, storage.ErrStorageFull
	}
	r := reference{v.next, crc32.Checksum(value, castagnoli)}
	v.next++
	f, err := os.OpenFile(v.path(r), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return r, err
	}
	_, err = f.Write(value)
	if err == nil && v.fsync {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil && v.fsync {
		err = syncDirectory(v.directory)
	}
	if err != nil {
		return r, errors.Join(err, os.Remove(f.Name()))
	}
	v.size += int64(len(value))
	return r, nil
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

// remove removes the file that r refers to, if it is there.
func (v *values) remove(r reference) error {
	info, err := os.Stat(v.path(r))
	if err == nil {
		err = os.Remove(v.path(r))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		v.size -= info.Size()
	}
	return err
}
