// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package segmentlog

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// FS is the folder of a log. Names have no separators.
type FS interface {
	// OpenFile opens a file for reading and writing. Flag adds os.O_CREATE and the like.
	OpenFile(name string, flag int) (File, error)
	// List returns the sizes in bytes of all regular files, by name.
	List() (map[string]int64, error)
	Rename(from, to string) error
	Remove(name string) error
	// SyncDir makes renamed, created and removed names durable.
	SyncDir() error
}

// File is an open file of an FS.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Truncate(size int64) error
	Sync() error
}

// Dir returns the FS of a directory of the operating system.
func Dir(path string) FS { return folder(path) }

type folder string

func (d folder) path(name string) string { return filepath.Join(string(d), name) }

func (d folder) OpenFile(name string, flag int) (File, error) {
	return os.OpenFile(d.path(name), os.O_RDWR|flag, 0o600)
}

func (d folder) List() (map[string]int64, error) {
	entries, err := os.ReadDir(string(d))
	if err != nil {
		return nil, err
	}
	sizes := make(map[string]int64, len(entries))
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		if info.Mode().IsRegular() {
			sizes[e.Name()] = info.Size()
		}
	}
	return sizes, nil
}

func (d folder) Rename(from, to string) error { return os.Rename(d.path(from), d.path(to)) }

func (d folder) Remove(name string) error { return os.Remove(d.path(name)) }

func (d folder) SyncDir() error { return SyncDir(string(d)) }

// SyncDir makes the names in a directory durable.
func SyncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
