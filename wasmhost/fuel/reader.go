// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fuel

import (
	"fmt"
	"unicode/utf8"
)

// reader reads a module and never past the end of the part it is in. Its first
// error sticks: from then on it reads zeros and is at its end, so that callers check
// once after a loop.
type reader struct {
	data     []byte // the whole module, so that offsets are those of the file
	pos, end int
	section  string
	function int // index of the function that is read, or -1
	err      error
}

func newReader(module []byte) *reader {
	return &reader{data: module, end: len(module), section: "module", function: -1}
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%s, offset %#x: %s", r.where(), r.pos, fmt.Sprintf(format, args...))
	}
	r.pos = r.end
}

func (r *reader) where() string {
	if r.function < 0 {
		return r.section
	}
	return fmt.Sprintf("%s, function %d", r.section, r.function)
}

func (r *reader) more() bool { return r.err == nil && r.pos < r.end }
func (r *reader) left() int  { return r.end - r.pos }

// within narrows the reader to its next n bytes, calls read, and checks that it used
// all of them.
func (r *reader) within(n int, read func()) {
	outer := r.end
	if r.need(n) {
		r.end = r.pos + n
		read()
		if r.pos != r.end {
			r.fail("%d bytes too many: the size that is stated does not fit the content", r.left())
		}
	}
	r.end = outer
	if r.err != nil {
		r.pos = outer
	}
}

func (r *reader) need(n int) bool {
	if r.err == nil && (n < 0 || n > r.left()) {
		r.fail("it ends too early: %d bytes are needed, %d are left", n, r.left())
	}
	return r.err == nil
}

func (r *reader) byte() byte {
	if r.pos >= r.end {
		r.need(1)
		return 0
	}
	b := r.data[r.pos]
	r.pos++
	return b
}

func (r *reader) bytes(n int) []byte {
	if !r.need(n) {
		return nil
	}
	b := r.data[r.pos : r.pos+n]
	r.pos += n
	return b
}

// u32 reads an unsigned LEB128 number: core specification, 5.2.2 Integers, at most
// five bytes, of which the last has four bits.
func (r *reader) u32() uint32 {
	var v uint32
	for shift := 0; shift < 35; shift += 7 {
		b := r.byte()
		if shift == 28 && b > 0x0f {
			break
		}
		v |= uint32(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
	r.fail("a number of more than 32 bits")
	return 0
}

// signed reads a signed LEB128 number of some bits: the unused bits of the last
// possible byte must repeat the sign.
func (r *reader) signed(bits int) int64 {
	var v int64
	for shift := 0; shift < bits; shift += 7 {
		b := r.byte()
		v |= int64(b&0x7f) << shift
		if last := bits - shift; last < 7 && !signExtended(b, last) {
			break
		}
		if b < 0x80 {
			unused := max(0, 64-shift-7)
			return v << unused >> unused
		}
	}
	r.fail("a number of more than %d bits", bits)
	return 0
}

// signExtended reports whether b ends a number of which it holds some bits.
func signExtended(b byte, bits int) bool {
	rest := int8(b<<1) >> bits // bit 7 says that more follows; bit 6 is the sign
	return b < 0x80 && (rest == 0 || rest == -1)
}

// count reads the length of a vector whose elements take at least size bytes each.
// One that the part cannot hold is refused before anybody allocates for it.
func (r *reader) count(what string, size int) int {
	n := r.u32()
	if r.err == nil && uint64(n)*uint64(size) > uint64(r.left()) {
		r.fail("%d %s are claimed, but %d bytes are left", n, what, r.left())
	}
	if r.err != nil {
		return 0 // a number that is cut off may be large too
	}
	return int(n)
}

func (r *reader) name() string {
	b := r.bytes(r.count("bytes of a name", 1))
	if !utf8.Valid(b) {
		r.fail("a name is not UTF-8")
	}
	return string(b)
}
