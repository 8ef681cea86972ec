// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// List returns the paths of the sealed files in a directory, in the order of
// their names, which is that of their creation for each signal.
func List(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	var paths []string
	for _, e := range entries {
		if e.Type().IsRegular() && strings.HasSuffix(e.Name(), extension) {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	slices.Sort(paths)
	return paths, nil
}

// lastOfChain returns the link to the newest file of a signal, and its sequence: the newest
// one in the directory, or the one that is remembered where that was moved away. A file whose
// header is damaged cannot be linked to; warn gets the error.
func lastOfChain(dir string, signal Signal, warn func(error)) (last Link, sequence uint64, err error) {
	paths, err := List(dir)
	if err != nil {
		return Link{}, 0, err
	}
	if last, sequence, err = readChainHead(dir, signal); err != nil {
		warn(err)
	}
	for _, path := range paths {
		if !strings.HasPrefix(filepath.Base(path), signal.String()+"-") {
			continue
		}
		h, size, err := readEnd(path)
		if err != nil {
			warn(fmt.Errorf("%s: %w; the chain goes on without it", path, err))
			continue
		}
		if h.Signal == signal && h.Sequence >= sequence {
			last, sequence = Link{ID: h.ID, MAC: h.MAC, Size: size}, h.Sequence
		}
	}
	return last, sequence, nil
}

// readEnd returns the header of a file and the size of its whole frames, by their heads,
// which are not authenticated.
func readEnd(path string) (Header, uint64, error) {
	f, err := os.Open(path)
	if err != nil {
		return Header{}, 0, err
	}
	defer f.Close()
	r, err := newReader(path, f, false)
	if err != nil {
		return Header{}, 0, err
	}
	end, err := r.wholeFrames()
	return r.header, uint64(end - r.start()), err
}

// wholeFrames returns where the last whole frame or the trailer ends. A killed writer may
// leave a part of a frame behind that. Where frames follow, the file is damaged, and the
// end is that of the file.
func (f *File) wholeFrames() (int64, error) {
	if f.Finished() {
		return f.size, nil
	}
	at := f.start()
	for at < f.size {
		var head [frameHead]byte
		var h frame
		if _, err := f.f.ReadAt(head[:], at); err != nil && err != io.EOF {
			return 0, err
		}
		next := at + frameHead
		if h.decode(head[:]) != nil || next+int64(h.sealed) > f.size {
			break
		}
		at = next + int64(h.sealed)
	}
	if at == f.size {
		return at, nil
	}
	s := scanner{File: f}
	if found, err := s.resync(at + 1); found >= 0 || err != nil {
		return f.size, err
	}
	return at, nil
}

// readHeader reads the header of a file, and returns it as it stands there too.
func readHeader(r io.ReaderAt) (h Header, raw []byte, err error) {
	raw = make([]byte, fixedSize+4)
	n, err := r.ReadAt(raw, 0)
	if err != nil && err != io.EOF {
		return h, nil, err
	}
	size, err := h.decodeFixed(raw[:n])
	if err != nil {
		return h, nil, err
	}
	raw = make([]byte, size)
	if n, err = r.ReadAt(raw, 0); err != nil && err != io.EOF {
		return h, nil, err
	}
	return h, raw[:n], h.decode(raw[:n])
}

// budget keeps the sealed files of a directory within a number of bytes. Others
// write and remove files there too, so it looks again from time to time.
type budget struct {
	dir    string
	limit  int64
	now    func() time.Time
	used   int64
	looked time.Time
}

// lookInterval is the time between two looks at the directory.
const lookInterval = time.Second

// check returns ErrBudget where need more bytes do not fit.
func (b *budget) check(need int64) error {
	if b.limit <= 0 {
		return nil
	}
	if now := b.now(); now.Sub(b.looked) >= lookInterval {
		used, err := usage(b.dir)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrDisk, err)
		}
		b.used, b.looked = used, now
	}
	if b.used+need > b.limit {
		return fmt.Errorf("%w: %s holds %d of %d bytes; move or remove its oldest files, or raise the budget", ErrBudget, b.dir, b.used, b.limit)
	}
	return nil
}

func usage(dir string) (total int64, err error) {
	paths, err := List(dir)
	if err != nil {
		return 0, err
	}
	for _, p := range paths {
		if info, err := os.Stat(p); err == nil { // one that has just been removed takes no room
			total += info.Size()
		}
	}
	return total, nil
}

// makeDir makes a directory and what it is in, each name safe, so that no power loss
// takes a whole archive away.
func makeDir(dir string) error {
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := filepath.Dir(dir)
	if err := makeDir(parent); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(parent)
}

// syncDir makes a new name in a directory safe.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
