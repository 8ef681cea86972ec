// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/sealgate/sealgate/seal"
)

// File is a sealed file that is being read. It is not safe for concurrent use.
type File struct {
	path    string
	f       *os.File
	size    int64
	writing bool
	header  Header
	raw     []byte // the header as it stands in the file
	key     *seal.DataKey
	keys    *seal.FileKeys
	sealed  []byte
	whole   int64 // where the last authentic frame or the trailer ends, once it was read
}

// OpenFile opens a file and reads its header, which needs no key. Errors name the
// file.
func OpenFile(path string) (*File, error) {
	writing := writerHolds(path) // before its size is known: it may be finished meanwhile
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	file, err := newReader(path, f, writing)
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return file, nil
}

func newReader(path string, f *os.File, writing bool) (*File, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file")
	}
	header, raw, err := readHeader(f)
	if err != nil {
		return nil, err
	}
	return &File{path: path, f: f, size: info.Size(), writing: writing, header: header, raw: raw}, nil
}

// decoder returns what all files are decompressed with: to make one takes longer
// than to read a small file.
var decoder = newDecoder()

func newDecoder() *zstd.Decoder {
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(MaxFrame))
	if err != nil {
		panic("archive: " + err.Error()) // the options are constants
	}
	return dec
}

// Close closes the file.
func (f *File) Close() error { return f.f.Close() }

// Path returns the path that the file was opened by.
func (f *File) Path() string { return f.path }

// Size returns the size in bytes that the file had when it was opened.
func (f *File) Size() int64 { return f.size }

// Header returns the header. It is authentic once the file is unlocked.
func (f *File) Header() Header { return f.header }

// Unlock unwraps the file's key with whichever identity can and authenticates the
// header. Errors name the file.
func (f *File) Unlock(ctx context.Context, identities []seal.Identity) error {
	key, keys, err := f.header.unlock(ctx, f.raw, identities)
	if err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	f.key, f.keys = key, keys
	return nil
}

// BeingWritten tells whether its writer had the file when it was opened.
func (f *File) BeingWritten() bool { return f.writing }

// Finished tells whether the file ends as finished ones do, which needs no key, and
// may be forged.
func (f *File) Finished() bool {
	trailer := make([]byte, trailerSize)
	_, err := f.f.ReadAt(trailer, f.size-trailerSize)
	return err == nil && [8]byte(trailer[8:]) == trailerMagic
}

// EndConfirmedBy tells whether the header of another file names this one, and names the length
// that its whole frames have. It is known once the file was read.
func (f *File) EndConfirmedBy(next Header) bool {
	return next.Previous.ID == f.header.ID && next.Previous.MAC == f.header.MAC && next.Previous.Size == uint64(f.whole-f.start())
}

// start returns where the frames begin.
func (f *File) start() int64 { return int64(len(f.raw)) }

// Frame is one authentic frame of data.
type Frame struct {
	Index   uint64
	Offset  int64 // in the file
	Payload []byte
}

// Problem is something wrong with a file.
type Problem struct {
	Path   string
	Offset int64 // in the file, where it is known; else -1
	Text   string
	// Truncated marks the end that a file has whose writer was killed. What was
	// acknowledged before is whole.
	Truncated bool
}

// String returns file, offset and what is wrong.
func (p Problem) String() string {
	if p.Offset < 0 {
		return fmt.Sprintf("%s: %s", p.Path, p.Text)
	}
	return fmt.Sprintf("%s: at byte %d: %s", p.Path, p.Offset, p.Text)
}

// Summary is what a whole file holds.
type Summary struct {
	Frames   uint64
	Items    uint64 // from the final frame; 0 where there is none
	Plain    uint64 // bytes before compression
	From, To time.Time
	Finished bool // it has its final frame
}

// Between selects frames by time. The zero value selects all.
type Between struct{ From, To time.Time }

func (b Between) all() bool { return b.From.IsZero() && b.To.IsZero() }

func (b Between) has(e entry) bool {
	if e.from > e.to {
		return true // it has no times
	}
	return (b.To.IsZero() || e.from <= nanos(b.To)) && (b.From.IsZero() || e.to >= nanos(b.From))
}

// nanos returns the nanoseconds since 1970, of a time that those can express, and
// else the nearest number.
func nanos(t time.Time) uint64 {
	switch seconds := t.Unix(); {
	case seconds < 0:
		return 0
	case seconds >= math.MaxInt64/int64(time.Second):
		return math.MaxUint64
	}
	return uint64(t.UnixNano())
}

// Read calls data with every authentic frame that may hold items of that time, in
// order, and problem with everything that is wrong on the way, and goes on behind
// it. A finished file is entered at the frames that its index names. That a file
// which is being written has no end yet is no problem. The payload is good until
// data returns. It returns the error of data.
func (f *File) Read(when Between, data func(Frame) error, problem func(Problem)) (Summary, error) {
	if f.keys == nil {
		return Summary{}, fmt.Errorf("%s: it is locked", f.path)
	}
	if !when.all() {
		if x, _, err := f.final(); err == nil {
			return f.readIndexed(x, when, data, problem)
		}
	}
	s := scanner{File: f, data: data, problem: func(p Problem) {
		if !f.writing || !p.Truncated {
			problem(p)
		}
	}}
	return s.run()
}

// readIndexed reads the frames that the index names for the time.
func (f *File) readIndexed(x *index, when Between, data func(Frame) error, problem func(Problem)) (Summary, error) {
	sum := summaryOf(x)
	for i, e := range x.entries {
		if !when.has(e) {
			continue
		}
		at := f.start() + int64(e.offset)
		h, _, payload, err := f.frameAt(at)
		if err == nil && (h.kind != dataFrame || h.index != uint64(i)) {
			err = errAltered
		}
		if err != nil {
			problem(f.problem(at, "frame %d: %v", i, err))
			continue
		}
		if err := data(Frame{Index: h.index, Offset: at, Payload: payload}); err != nil {
			return sum, err
		}
	}
	return sum, nil
}

func summaryOf(x *index) Summary {
	s := Summary{Frames: uint64(len(x.entries)), Items: x.items, Plain: x.plain, Finished: true}
	if from, to, ok := x.span(); ok {
		s.From, s.To = time.Unix(0, int64(from)).UTC(), time.Unix(0, int64(to)).UTC()
	}
	return s
}

// final reads the index by way of the trailer, and where the final frame begins.
func (f *File) final() (*index, int64, error) {
	trailer := make([]byte, trailerSize)
	if _, err := f.f.ReadAt(trailer, f.size-trailerSize); err != nil || [8]byte(trailer[8:]) != trailerMagic {
		return nil, 0, errors.New("there is no trailer")
	}
	offset := be64(trailer)
	if offset > uint64(f.size-f.start()) {
		return nil, 0, errors.New("the trailer points behind the end")
	}
	at := f.start() + int64(offset)
	h, next, payload, err := f.frameAt(at)
	if err != nil {
		return nil, 0, err
	}
	if h.kind != finalFrame || next != f.size-trailerSize {
		return nil, 0, errors.New("the trailer does not point to the final frame")
	}
	x, err := decodeIndex(payload, f.room())
	return x, at, err
}

// room returns how many frames the file can have at most.
func (f *File) room() uint64 { return uint64(f.size-f.start()) / (frameHead + tagSize) }

var (
	errEndsInHead = errors.New("the file ends within the head of a frame")
	errCutShort   = errors.New("the file ends within a frame")
)

// frameAt reads, authenticates and decompresses the frame at an offset, and
// returns where the next one begins. Where the head makes sense, next is set even
// if there is an error.
func (f *File) frameAt(at int64) (h frame, next int64, payload []byte, err error) {
	var head [frameHead]byte
	if n, err := f.f.ReadAt(head[:], at); n < frameHead {
		if err == io.EOF {
			err = errEndsInHead
		}
		return h, 0, nil, err
	}
	if err := h.decode(head[:]); err != nil {
		return h, 0, nil, err
	}
	next = at + frameHead + int64(h.sealed)
	if next > f.size {
		return h, 0, nil, errCutShort
	}
	if h.file != [8]byte(f.header.ID[:8]) {
		return h, next, nil, fmt.Errorf("the frame belongs to another file (%x)", h.file)
	}
	f.sealed = grow(f.sealed, int(h.sealed))
	if _, err := f.f.ReadAt(f.sealed, at+frameHead); err != nil {
		return h, next, nil, err
	}
	compressed, err := h.open(f.keys, head[:], f.sealed)
	if err != nil {
		return h, next, nil, err
	}
	err = zstd.ErrMagicMismatch
	if isOneFrame(compressed) {
		payload, err = decoder.DecodeAll(compressed, nil)
	}
	if err != nil || len(payload) != int(h.plain) {
		return h, next, nil, errors.New("it is authentic but cannot be decompressed; its writer was at fault")
	}
	return h, next, payload, nil
}

func grow(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}

func (f *File) problem(at int64, format string, args ...any) Problem {
	return Problem{Path: f.path, Offset: at, Text: fmt.Sprintf(format, args...)}
}
