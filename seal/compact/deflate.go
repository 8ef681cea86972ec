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

// deflate appends the text as one block, greedily.
func (e *Encoder) deflate(dst []byte) []byte {
	window := e.window
	start := len(dst)
	// No literal has more than maxBits, so that two bytes for each are enough.
	dst = slices.Grow(dst, 2*(len(window)-len(dictionary))+16)
	out := dst[start:cap(dst)]
	w := bitsOut{acc: preludeBits, n: preludeCount}
	for pos := len(dictionary); pos < len(window); {
		at, distance, length := e.match.next(window, pos)
		w = w.literals(out, window[pos:at])
		if length > 0 {
			w = w.match(out, distance, length)
		}
		pos = at + length
	}
	e.match.advance(len(window))
	end := literalCodes[endOfBlock]
	w = w.put(out, uint64(end.bits), uint(end.size))
	return dst[:start+w.at+int(w.n+7)>>3]
}

// bitsOut is where in a buffer the next bits go. It writes eight bytes at a time, of
// which those that are not full yet are written again: that takes less than to ask,
// for each of a few hundred symbols, whether there is enough to write. It is passed
// by value to stay in registers.
type bitsOut struct {
	at  int    // whole bytes
	acc uint64 // the bits after them
	n   uint   // how many, at most 7
}

func (w bitsOut) put(out []byte, bits uint64, size uint) bitsOut {
	w.acc |= bits << (w.n & 63)
	w.n += size
	binary.LittleEndian.PutUint64(out[w.at:], w.acc)
	return bitsOut{w.at + int(w.n>>3), w.acc >> (w.n & 56), w.n & 7}
}

// literals writes text as it is, three characters at a time: with the bits that wait
// they are 52 at most.
func (w bitsOut) literals(out, text []byte) bitsOut {
	for len(text) >= 3 {
		a, b, c := literalCodes[text[0]], literalCodes[text[1]], literalCodes[text[2]]
		w.acc |= uint64(a.bits) << (w.n & 63)
		w.n += uint(a.size)
		w.acc |= uint64(b.bits) << (w.n & 63)
		w.n += uint(b.size)
		w = w.put(out, uint64(c.bits), uint(c.size))
		text = text[3:]
	}
	for _, b := range text {
		c := literalCodes[b]
		w = w.put(out, uint64(c.bits), uint(c.size))
	}
	return w
}

func (w bitsOut) match(out []byte, distance, length int) bitsOut {
	l, d := lengthCodes[length-3], &distanceSymbols[distanceSymbol(distance)]
	w.acc |= uint64(l.bits) << (w.n & 63)
	w.n += uint(l.size)
	return w.put(out, uint64(d.bits)|uint64(distance-int(d.base))<<(d.size&63), uint(d.size+d.extra))
}
