// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// entry is what the index says of one data frame. Times are nanoseconds since
// 1970; a frame without times has from > to.
type entry struct {
	offset   uint64 // from the end of the header
	items    uint64
	from, to uint64
}

// index is the content of a final frame.
type index struct {
	items   uint64
	plain   uint64 // bytes of all data frames before compression
	entries []entry
}

func (x *index) add(e entry, plain int) {
	x.items += e.items
	x.plain += uint64(plain)
	x.entries = append(x.entries, e)
}

// span returns the time range of all frames, and whether there is one.
func (x *index) span() (from, to uint64, ok bool) {
	for _, e := range x.entries {
		if e.from > e.to {
			continue
		}
		if !ok {
			from, to, ok = e.from, e.to, true
			continue
		}
		from, to = min(from, e.from), max(to, e.to)
	}
	return from, to, ok
}

// encode encodes the index: numbers of entries, items and bytes, the time range,
// then the entries; all numbers are varints, times and offsets as differences.
func (x *index) encode() []byte {
	b := binary.AppendUvarint(nil, uint64(len(x.entries)))
	b = binary.AppendUvarint(b, x.items)
	b = binary.AppendUvarint(b, x.plain)
	from, to, ok := x.span()
	if !ok {
		from, to = 1, 0
	}
	b = binary.AppendUvarint(b, from)
	b = binary.AppendUvarint(b, to)
	var last entry
	for _, e := range x.entries {
		b = binary.AppendUvarint(b, e.offset-last.offset)
		b = binary.AppendUvarint(b, e.items)
		b = binary.AppendVarint(b, int64(e.from-last.from))
		b = binary.AppendVarint(b, int64(e.to-e.from))
		last = e
	}
	return b
}

var errIndex = errors.New("the index of the final frame is damaged")

// decodeIndex decodes what encode has encoded, of a file that has room for so many
// frames. Anyone with a public key can make a file, so a count is not to be trusted
// for being authentic.
func decodeIndex(b []byte, room uint64) (*index, error) {
	r := varints{b: b}
	x := &index{}
	count := r.uint()
	x.items, x.plain = r.uint(), r.uint()
	from, to := r.uint(), r.uint()
	if r.bad || count > min(uint64(len(r.b))/4, room) {
		return nil, errIndex
	}
	x.entries = make([]entry, 0, count)
	var last entry
	for range count {
		e := entry{offset: last.offset + r.uint(), items: r.uint()}
		e.from = last.from + uint64(r.int())
		e.to = e.from + uint64(r.int())
		x.entries = append(x.entries, e)
		last = e
	}
	if r.bad || len(r.b) > 0 {
		return nil, errIndex
	}
	if f, t, ok := x.span(); ok && (f != from || t != to) {
		return nil, fmt.Errorf("%w: its time range is not that of its frames", errIndex)
	}
	return x, nil
}

// varints reads one number after the other. After one that is not there it is
// bad, and all further ones are zero.
type varints struct {
	b   []byte
	bad bool
}

func (r *varints) uint() uint64 {
	v, n := binary.Uvarint(r.b)
	return take(r, v, n)
}

func (r *varints) int() int64 {
	v, n := binary.Varint(r.b)
	return take(r, v, n)
}

func take[T int64 | uint64](r *varints, v T, n int) T {
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

// Layout of the trailer, the last bytes of a finished file: where the final frame
// begins, from the end of the header, and a mark.
const trailerSize = 16

var trailerMagic = [8]byte{'S', 'G', 'E', 'N', 'D', '0', '0', '1'}

func appendTrailer(dst []byte, finalOffset uint64) []byte {
	dst = binary.BigEndian.AppendUint64(dst, finalOffset)
	return append(dst, trailerMagic[:]...)
}
