// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/sealgate/sealgate/seal"
)

// Rewrap gives an unlocked file other recipients: it adds some, and removes those
// that are named as Recipient.String does. Only the header is made anew; frames are
// copied as they are, and the file takes the place of the old one at once.
//
// Who was a recipient may have kept the key: removing one protects what is sealed
// from now on, not what could be read before. The File is good for nothing but
// Close afterwards.
func (f *File) Rewrap(ctx context.Context, add []seal.Recipient, remove []string) error {
	if err := f.CheckRewrap(add, remove); err != nil {
		return err
	}
	h := f.header
	if err := h.rewrap(ctx, f.key, add, remove); err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	raw, err := h.encode(f.keys)
	if err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	if err := f.replaceHeader(raw); err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	return nil
}

// CheckRewrap returns the error that Rewrap would return before it changes anything.
func (f *File) CheckRewrap(add []seal.Recipient, remove []string) error {
	if f.keys == nil {
		return fmt.Errorf("%s: it is locked", f.path)
	}
	if f.BeingWritten() {
		return fmt.Errorf("%s: it is being written; try again when the gateway has finished it", f.path)
	}
	left := len(add)
	for _, w := range f.header.Wrapped {
		if !slices.Contains(remove, w.Recipient()) {
			left++
		}
	}
	if left == 0 {
		return fmt.Errorf("%s: no recipient would be left, and the file could never be read again; add another with --add", f.path)
	}
	for _, name := range remove {
		if !slices.ContainsFunc(f.header.Wrapped, func(w seal.Wrapped) bool { return w.Recipient() == name }) {
			return fmt.Errorf("%s: %s is not one of its recipients", f.path, name)
		}
	}
	return nil
}

func (h *Header) rewrap(ctx context.Context, key *seal.DataKey, add []seal.Recipient, remove []string) error {
	for _, name := range remove {
		h.Wrapped = slices.DeleteFunc(slices.Clone(h.Wrapped), func(w seal.Wrapped) bool { return w.Recipient() == name })
	}
	has := make(map[string]bool)
	for _, w := range h.Wrapped {
		has[w.Recipient()] = true
	}
	var fresh []seal.Recipient
	for _, r := range add {
		if name := r.String(); !has[name] {
			has[name] = true // a file names nobody twice
			fresh = append(fresh, r)
		}
	}
	if len(fresh) > 0 {
		added, err := key.Rewrap(ctx, fresh)
		if err != nil {
			return err
		}
		h.Wrapped = append(slices.Clone(h.Wrapped), added...)
	}
	return nil
}

// replaceHeader writes a new header and the old frames to a new file, and renames
// it over the old one.
func (f *File) replaceHeader(raw []byte) error {
	info, err := f.f.Stat()
	if err != nil {
		return err
	}
	if info.Size() != f.size {
		return errors.New("it has grown since it was opened; try again")
	}
	dir := filepath.Dir(f.path)
	tmp, err := os.CreateTemp(dir, "."+filepath.Base(f.path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // gone already when all went well
	_, err = tmp.Write(raw)
	if err == nil {
		_, err = io.Copy(tmp, io.NewSectionReader(f.f, f.start(), f.size-f.start()))
	}
	if err == nil {
		err = tmp.Chmod(info.Mode().Perm())
	}
	if err == nil {
		keepOwner(tmp, info)
	}
	if err == nil {
		err = tmp.Sync()
	}
	if err2 := tmp.Close(); err == nil {
		err = err2
	}
	if err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), f.path); err != nil {
		return err
	}
	return syncDir(dir)
}
