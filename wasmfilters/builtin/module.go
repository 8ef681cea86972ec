// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package builtin

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
)

// Module is one that is compiled in. What it is called, its digest, is known without unpacking it: a host that
// has it in its cache need not touch its megabytes.
type Module struct {
	SHA256 string // of what Read returns, in hex
	Read   func() ([]byte, error)
}

// Pack writes a module as package builtin embeds it: compressed by gzip, its digest in the comment.
func Pack(w io.Writer, wasm []byte) error {
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(wasm)
	z.Comment = hex.EncodeToString(sum[:])
	if _, err := z.Write(wasm); err != nil {
		return err
	}
	return z.Close()
}

func find(files fs.FS, path string) (Module, error) {
	z, err := open(files, path)
	if err != nil {
		return Module{}, err
	}
	return Module{z.Comment, func() ([]byte, error) {
		z, err := open(files, path)
		if err != nil {
			return nil, err
		}
		return io.ReadAll(z)
	}}, nil
}

func open(files fs.FS, path string) (*gzip.Reader, error) {
	f, err := files.Open(path)
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("unpack %s: %w", path, err)
	}
	return z, nil
}
