// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fuel

import "bytes"

// segment is data at an address of the memory.
type segment struct {
	address uint64
	data    []byte
}

func (s segment) end() uint64 { return s.address + uint64(len(s.data)) }

// dataSegments is 5.5.14. Where it is certain what they leave in memory, it writes fewer that leave the
// same: Go's linker makes one of every few bytes, 27,000 for a filter, and the engine makes objects of each
// when it decodes them and again in every instance.
func (w *rewriter) dataSegments() []byte {
	n := w.count("data segments", 2)
	var segments []segment
	for i := 0; i < n && w.err == nil; i++ {
		if s, certain := w.segment(); certain {
			segments = append(segments, s)
		}
	}
	// Code may refer to segments by their number where they are counted beforehand: 5.5.16.
	if w.err != nil || len(segments) < max(1, n) || w.counted || w.ownMemory == 0 {
		return nil
	}
	return joined(segments, w.ownMemory)
}

// segment reads one, and reports whether it is certain where it goes.
func (w *rewriter) segment() (s segment, certain bool) {
	kind, memory := w.u32(), uint32(0)
	if kind > 2 {
		w.fail("a data segment of kind %d", kind)
	}
	if kind == 2 {
		memory = w.u32()
	}
	if kind != 1 {
		s.address, certain = w.address()
	}
	s.data = w.bytes(w.count("bytes of data", 1))
	return s, certain && memory == 0
}

// address reads a constant expression, and reports whether it is a number that is written there.
func (w *rewriter) address() (address uint64, literal bool) {
	number := reader{data: w.data, pos: w.pos}
	w.constant()
	number.end = w.pos
	literal = number.byte() == 0x41 // i32.const
	address = uint64(uint32(number.signed(32)))
	return address, literal && number.err == nil && number.left() == 1
}

// maxImage is the most bytes that are laid out to join segments. A standard Go guest has 1.2 MB.
const maxImage = 8 << 20

// joined writes segments for a new memory of some bytes; nil where one does not fit, since that has to
// fail as it did.
func joined(segments []segment, memory uint64) []byte {
	first, end := memory, uint64(0)
	for _, s := range segments {
		first, end = min(first, s.address), max(end, s.end())
	}
	if end > memory || end-first > maxImage {
		return nil
	}
	image := make([]byte, end-first)
	for _, s := range segments {
		copy(image[s.address-first:], s.data) // a later one goes over an earlier one
	}
	runs := split(segment{first, image})
	out := appendU32(nil, uint32(len(runs)))
	for _, s := range runs {
		out = appendSigned(append(out, 0x00, 0x41), int64(int32(s.address)))
		out = appendU32(append(out, 0x0b), uint32(len(s.data)))
		out = append(out, s.data...)
	}
	return out
}

// gap is so many zeros that to leave them out is worth another segment.
var gap = make([]byte, 64)

// split leaves gaps out, and zeros that it begins with.
func split(s segment) (runs []segment) {
	for {
		rest := bytes.TrimLeft(s.data, "\x00")
		if len(rest) == 0 {
			return runs
		}
		s = segment{s.end() - uint64(len(rest)), rest}
		n := bytes.Index(rest, gap)
		if n < 0 {
			n = len(rest)
		}
		runs = append(runs, segment{s.address, rest[:n]})
		s = segment{s.address + uint64(n), rest[n:]}
	}
}
