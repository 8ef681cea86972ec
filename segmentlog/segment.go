// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package segmentlog

import (
	"bytes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Cipher makes and finds the data keys of encrypted segments.
type Cipher interface {
	// NewKey makes a data key. It returns its AEAD, with nonces of 12 bytes, and the
	// wrapped key, of at most 32 KiB.
	NewKey() (aead cipher.AEAD, wrapped []byte, err error)
	// OpenKey unwraps a data key.
	OpenKey(wrapped []byte) (cipher.AEAD, error)
}

const (
	segmentMagic   = "SGQS"
	erasedMagic    = "SGQX"
	segmentVersion = 1
	segmentHeader  = 20 // bytes without the key
	maxWrapped     = 32 << 10
)

// segment is a file of records.
type segment struct {
	codec
	id     uint32
	name   string
	sealed bool  // it is encrypted
	start  int64 // where records begin
	size   int64 // where the next record begins; bytes behind it are ignored
	room   int64 // bytes that the file has from the reserved one, or 0
	live   int64 // bytes of records that the index leads to

	wrapped  []byte // its data key, of a segment that this process began
	items    bool   // it holds, or held, values of keys that are numbers
	used     uint64 // when it was used last
	file     File   // nil: not open
	writable bool   // it takes batches
}

// The name of a segment says whether it is encrypted, so a plain one needs no header.
const (
	plainSuffix  = ".segment"
	sealedSuffix = ".sealed"
)

func segmentName(id uint32, marker uint64, sealed bool) string {
	suffix := plainSuffix
	if sealed {
		suffix = sealedSuffix
	}
	return fmt.Sprintf("%016x-%016x%s", id, marker, suffix)
}

// parseName returns what the name of a segment says.
func parseName(name string) (s *segment, ok bool) {
	s = &segment{name: name, sealed: strings.HasSuffix(name, sealedSuffix)}
	if n, _ := fmt.Sscanf(name, "%16x-%16x", &s.id, &s.marker); n != 2 {
		return nil, false
	}
	return s, name == segmentName(s.id, s.marker, s.sealed)
}

// appendSegmentHeader appends both copies of the header.
func appendSegmentHeader(dst []byte, marker uint64, wrapped []byte) []byte {
	for range 2 {
		from := len(dst)
		dst = append(append(dst, segmentMagic...), segmentVersion, 0)
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(wrapped)))
		dst = binary.BigEndian.AppendUint64(dst, marker)
		dst = append(dst, wrapped...)
		dst = binary.BigEndian.AppendUint32(dst, sum(dst[from:]))
	}
	return dst
}

var (
	errNoHeader = errors.New("both copies of its header are damaged")
	errErased   = errors.New("it was erased")
)

// parseSegmentHeader decodes the beginning of an encrypted segment: one whole copy of the
// header is enough. It returns the wrapped key, and where records begin.
func parseSegmentHeader(b []byte, marker uint64) (wrapped []byte, start int64, err error) {
	for at := 0; at < len(b); at++ { // the length of the first copy may be damaged, so look for the second
		next := bytes.Index(b[at:], []byte(segmentMagic))
		if next < 0 {
			break
		}
		at += next
		c := b[at:]
		if len(c) < segmentHeader {
			break
		}
		n := segmentHeader + int(binary.BigEndian.Uint16(c[6:]))
		if len(c) < n || sum(c[:n-4]) != binary.BigEndian.Uint32(c[n-4:]) || binary.BigEndian.Uint64(c[8:]) != marker || at != 0 && at != n {
			continue
		}
		if c[4] != segmentVersion {
			return nil, 0, fmt.Errorf("it has version %d, and this program reads version %d: use the program that wrote it", c[4], segmentVersion)
		}
		return bytes.Clone(c[16 : n-4]), int64(2 * n), nil
	}
	if bytes.HasPrefix(b, []byte(erasedMagic)) {
		return nil, 0, errErased
	}
	return nil, 0, errNoHeader
}

// window reads a file forward in chunks.
type window struct {
	file File
	size int64
	off  int64
	b    []byte
}

const windowSize = 16 << 10

// at returns n bytes at off. They are good until the next call.
func (w *window) at(off int64, n int) ([]byte, error) {
	if off >= w.off && off+int64(n) <= w.off+int64(len(w.b)) {
		return w.b[off-w.off:][:n], nil
	}
	want := int(min(int64(max(n, windowSize)), w.size-off))
	if cap(w.b) < want {
		w.b = make([]byte, want)
	}
	w.off, w.b = off, w.b[:want]
	read, err := w.file.ReadAt(w.b, off)
	if w.b = w.b[:read]; read < n {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return w.b[:n], nil
}

// next returns the offset of the first header at or behind off, or the size of the file.
func (w *window) next(off int64, marker uint64) (int64, error) {
	pattern := binary.BigEndian.AppendUint64(nil, marker)
	for off+recordHeader <= w.size {
		b, err := w.at(off, int(min(windowSize, w.size-off)))
		if err != nil {
			return 0, err
		}
		i := bytes.Index(b, pattern)
		if i < 0 {
			off += int64(len(b) - len(pattern) + 1) // one may begin at the end
			continue
		}
		if off += int64(i); off+recordHeader > w.size {
			break
		}
		head, err := w.at(off, recordHeader)
		if err != nil {
			return 0, err
		}
		if _, ok := parseHeader(head, marker); ok {
			return off, nil
		}
		off++
	}
	return w.size, nil
}

// found is a record that a scan found.
type found struct {
	header
	off int64
	key string
	old string // of a move
}

// scan reads the records of a segment in order, without the values of puts. It calls use
// for each record of a batch that was written as a whole, damaged for each place where a
// record cannot be read, and torn for a batch at the end that is not whole.
func (s *segment) scan(use func(*found), damaged, torn func(off int64)) error {
	size := s.size
	w := &window{file: s.file, size: size}
	var batch []found // of which the last record has not been met
	var lastBatch uint64
	flush := func() {
		for i := range batch {
			use(&batch[i])
		}
		batch = batch[:0]
	}
	hurt := false // the record before was damaged: the batch may lack its last record
	for off := s.start; off < size; {
		if size-off < recordHeader {
			if !w.zero(off, size) {
				torn(off) // cut, or never written as a whole
			}
			break
		}
		head, err := w.at(off, recordHeader)
		if err != nil {
			return err
		}
		h, ok := parseHeader(head, s.marker)
		if !ok {
			next, err := w.next(off+1, s.marker)
			if err != nil {
				return err
			}
			if next == size && w.zero(off+recordHeader, size) { // the rest of what was reserved
				if !w.zero(off, size) {
					torn(off)
				}
				break
			}
			damaged(off)
			hurt, off = true, next
			continue
		}
		if h.batch < lastBatch {
			break // a rest of a batch that could not be written
		}
		if h.batch != lastBatch {
			flush() // its last record is damaged
			hurt = false
		}
		lastBatch = h.batch
		end := off + h.size()
		if end > size {
			torn(off)
			break
		}
		rec, err := s.decode(w, h, off)
		if err == nil && h.last && end < size && w.zero(end, min(size, end+recordHeader)) {
			err = s.verify(append(batch, rec)) // it may be torn, as there is room behind it
		}
		if errors.Is(err, errSum) && end < size && w.zero(end-1, size) {
			torn(off)
			break
		}
		switch {
		case err == nil:
			batch = append(batch, rec)
		case errors.Is(err, errSum):
			damaged(off)
			hurt = true
		default:
			return err
		}
		off = end
		if h.last {
			flush()
			hurt = false
		}
	}
	if hurt {
		flush()
	}
	return nil
}

// verify reads the values of a batch.
func (s *segment) verify(batch []found) error {
	for _, r := range batch {
		if _, err := s.read(place{off: uint32(r.off), key: uint16(r.header.key), value: uint32(r.value)}); err != nil {
			return err
		}
	}
	return nil
}

// zero tells whether all bytes from off to end are zero.
func (w *window) zero(off, end int64) bool {
	for off < end {
		n := int(min(windowSize, end-off))
		b, err := w.at(off, n)
		if err != nil || len(bytes.Trim(b, "\x00")) > 0 {
			return false
		}
		off += int64(n)
	}
	return true
}

// decode reads the keys of a record.
func (s *segment) decode(w *window, h header, off int64) (rec found, err error) {
	n := recordHeader + h.key
	if h.kind == Move {
		n += h.value
	}
	b, err := w.at(off, n)
	if err != nil {
		return rec, err
	}
	b = bytes.Clone(b) // is decrypted in place
	rec = found{header: h, off: off}
	if rec.key, err = s.key(&h, b, b[recordHeader:recordHeader+h.key]); err != nil || h.kind != Move {
		return rec, err
	}
	old, err := s.value(&h, b, b[recordHeader+h.key:])
	rec.old = string(old)
	return rec, err
}

// read returns the value of the record at a place.
func (s *segment) read(p place) ([]byte, error) {
	b := make([]byte, recordHeader+int(p.key)+int(p.value))
	n, err := s.file.ReadAt(b, int64(p.off))
	if n < len(b) {
		if err == nil || errors.Is(err, io.EOF) {
			return nil, errSum // it was cut
		}
		return nil, err
	}
	h, ok := parseHeader(b, s.marker)
	if !ok || h.key != int(p.key) || h.value != int(p.value) {
		return nil, errSum
	}
	return s.value(&h, b, b[recordHeader+h.key:])
}

// direct is the least size in bytes of a value that is written without being copied.
const direct = 32 << 10

// append writes a batch behind the records. If it fails, the segment is as before.
func (s *segment) append(buffer []byte, batch uint64, items int, ops []Op, sync bool) (_ []byte, places []place, err error) {
	buffer = buffer[:0]
	off, written := s.size, s.size
	flush := func(b []byte) {
		if err == nil && len(b) > 0 {
			_, err = s.file.WriteAt(b, written)
			written += int64(len(b))
		}
	}
	places = make([]place, len(ops))
	for i := range ops {
		var h header
		var rest []byte
		buffer, h, rest = s.encode(buffer, header{batch: batch, items: uint32(items), index: uint32(i), last: i == len(ops)-1}, &ops[i], direct)
		places[i] = place{seg: s.id, off: uint32(off), key: uint16(h.key), value: uint32(h.value)}
		off += h.size()
		if len(buffer) >= direct || rest != nil || i == len(ops)-1 {
			flush(buffer)
			flush(rest)
			buffer = buffer[:0]
		}
	}
	if err == nil && sync {
		err = s.file.Sync()
	}
	if err != nil {
		s.undo(written)
		return buffer, nil, err
	}
	s.size = off
	return buffer, places, nil
}

// undo removes what was written behind the records. If that does not work the segment takes no
// more: a scan ignores the incomplete batch at its end.
func (s *segment) undo(written int64) {
	if s.size < s.room {
		if _, err := s.file.WriteAt(make([]byte, min(written, s.room)-s.size), s.size); err != nil {
			s.writable = false
		}
	}
	if err := s.file.Truncate(max(s.size, s.room)); err != nil {
		s.writable = false
	}
}
