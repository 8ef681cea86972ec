// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/sealgate/sealgate/seal"
)

// file is what a fileWriter needs of an *os.File.
type file interface {
	Write(b []byte) (int, error)
	Sync() error
	Truncate(size int64) error
	Close() error
}

// fileWriter writes one sealed file. It is not safe for concurrent use, but for
// broken.
type fileWriter struct {
	f      file
	path   string
	header Header
	period *seal.Period
	keys   *seal.FileKeys
	began  time.Time // monotonic

	start int64 // size of the header
	size  int64 // of the file, up to the last whole frame
	next  uint64
	index index
	buf   []byte

	// broken is set when the disk failed this file in a way that leaves its content
	// unknown. Nothing more is written to it.
	broken atomic.Bool
}

// opener creates a file that must not be there yet.
type opener func(path string) (file, error)

func createFile(path string) (file, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o640)
	if err != nil {
		return nil, err // not f: an interface that holds a nil pointer is not nil
	}
	if err := holdFile(f); err != nil {
		_ = f.Close()
		_ = os.Remove(path)
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	return f, nil
}

func randomID() (id [16]byte) {
	_, _ = rand.Read(id[:]) // never fails: it ends the process instead
	return id
}

// createdAfter returns the time of creation of a file, later than that of the one
// before it as far as a name can tell, so that names sort as the chain does. A clock
// that was set back is believed.
func createdAfter(now, before time.Time) time.Time {
	next := before.Truncate(time.Millisecond).Add(time.Millisecond)
	if ahead := next.Sub(now); ahead > 0 && ahead < time.Minute {
		return next
	}
	return now.Round(0).UTC()
}

// newFile creates a file and writes its header, of which the caller gives the place
// in the chain and the time of creation.
func newFile(o *Options, period *seal.Period, h Header) (*fileWriter, error) {
	h.ID, h.Signal, h.Encoding, h.Compression = o.newID(), o.Signal, EncodingOTLP, CompressionZstd
	h.Period, h.Wrapped = period.ID, period.Wrapped
	keys, err := period.Key.FileKeys(h.ID)
	if err != nil {
		return nil, err
	}
	h.Commitment = keys.Commitment
	raw, err := h.encode(keys)
	if err != nil {
		return nil, err
	}
	o.switches.apply(keys)
	w := &fileWriter{path: filepath.Join(o.Dir, h.FileName()), header: h, period: period, keys: keys, began: o.now()}
	if w.f, err = o.open(w.path); err != nil {
		return nil, err
	}
	if err := w.write(raw); err != nil {
		_ = w.f.Close()
		_ = os.Remove(w.path)
		return nil, err
	}
	w.start = w.size
	return w, nil
}

// write writes all of b, or leaves the file as it was.
func (w *fileWriter) write(b []byte) error {
	_, err := w.f.Write(b)
	if err == nil {
		w.size += int64(len(b))
		return nil
	}
	if err2 := w.f.Truncate(w.size); err2 != nil {
		w.broken.Store(true)
		return errors.Join(err, err2)
	}
	return err
}

// seal makes the next data frame of compressed data, without writing it. The
// result is good until the next call.
func (w *fileWriter) seal(compressed []byte, plain int) []byte {
	w.buf = appendFrame(w.buf[:0], w.keys, frame{kind: dataFrame, index: w.next, file: w.tag(), plain: uint32(plain)}, compressed)
	return w.buf
}

func (w *fileWriter) tag() [8]byte { return [8]byte(w.header.ID[:8]) }

// writeFrame writes what seal has made. After an error no further data frame may
// be written: it would be sealed under a nonce of which the disk may hold a part.
// The file may still be finished, since the final frame has a nonce of its own.
func (w *fileWriter) writeFrame(sealed []byte, e entry, plain int) error {
	e.offset = uint64(w.size - w.start)
	if err := w.write(sealed); err != nil {
		return err
	}
	w.period.CountFrame()
	w.next++
	w.index.add(e, plain)
	return nil
}

// finish writes the final frame and the trailer.
func (w *fileWriter) finish(enc *zstd.Encoder) error {
	content := w.index.encode()
	if len(content) > MaxFrame {
		return fmt.Errorf("the index has %d bytes; at most %d", len(content), MaxFrame)
	}
	at := uint64(w.size - w.start)
	b := appendFrame(w.buf[:0], w.keys, frame{kind: finalFrame, index: w.next, file: w.tag(), plain: uint32(len(content))}, enc.EncodeAll(content, nil))
	if err := w.write(appendTrailer(b, at)); err != nil {
		return err
	}
	w.period.CountFrame()
	return nil
}

// finalSize is more than finish will write.
func (w *fileWriter) finalSize() int64 {
	const perEntry = 40 // four varints
	return frameHead + tagSize + trailerSize + 64 + perEntry*int64(len(w.index.entries)+1)
}

// link returns how the next file names this one. A file that was given up may be longer.
func (w *fileWriter) link() Link {
	return Link{ID: w.header.ID, MAC: w.header.MAC, Size: uint64(w.size - w.start)}
}
