// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package compact

import (
	"encoding/binary"
	"slices"
)

// appendText appends the method, and the text in the shorter of the two ways.
func (e *Encoder) appendText(dst []byte) []byte {
	text := e.window[len(dictionary):]
	if len(text) >= minMatch && len(text) <= MaxText {
		start := len(dst)
		dst = e.deflate(append(dst, methodDeflate))
		if len(dst)-start <= len(text)+1 {
			return dst
		}
		dst = dst[:start]
	}
	dst = append(dst, methodStored)
	dst = binary.AppendUvarint(dst, uint64(len(text)))
	return append(dst, text...)
}

// deflate appends the text as one block, greedily. It writes eight bytes at a time,
// of which those that are not full yet are written again: that takes less than to
// ask, for each of a few hundred symbols, whether there is enough to write.
func (e *Encoder) deflate(dst []byte) []byte {
	window := e.window
	start := len(dst)
	// No literal has more than maxBits, so that two bytes for each are enough.
	dst = slices.Grow(dst, 2*(len(window)-len(dictionary))+16)
	out := dst[start:cap(dst)]
	at, acc, n := 0, preludeBits, preludeCount
	pos, last := len(dictionary), len(window)-minMatch
	for pos <= last {
		distance, length := e.match.find(window, pos)
		if length == 0 {
			c := literalCodes[window[pos]]
			acc |= uint64(c.bits) << n
			n += uint(c.size)
			binary.LittleEndian.PutUint64(out[at:], acc)
			at += int(n >> 3)
			acc >>= n &^ 7
			n &= 7
			pos++
			continue
		}
		l, d := &lengthCodes[length-3], &distanceSymbols[distanceSymbol(distance)]
		acc |= uint64(l.bits) << n
		n += uint(l.size)
		acc |= (uint64(d.bits) | uint64(distance-int(d.base))<<d.size) << n
		n += uint(d.size + d.extra)
		binary.LittleEndian.PutUint64(out[at:], acc)
		at += int(n >> 3)
		acc >>= n &^ 7
		n &= 7
		pos += length
		if pos-2 <= last {
			e.match.note(window, pos-2)
		}
	}
	for ; pos < len(window); pos++ {
		c := literalCodes[window[pos]]
		acc |= uint64(c.bits) << n
		n += uint(c.size)
		binary.LittleEndian.PutUint64(out[at:], acc)
		at += int(n >> 3)
		acc >>= n &^ 7
		n &= 7
	}
	e.match.advance(len(window))
	c := literalCodes[endOfBlock]
	binary.LittleEndian.PutUint64(out[at:], acc|uint64(c.bits)<<n)
	return dst[:start+at+int(n+uint(c.size)+7)>>3]
}
