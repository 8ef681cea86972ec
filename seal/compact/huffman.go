// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package compact

import "math/bits"

// What DEFLATE (RFC 1951, section 3.2) defines.
const (
	literals   = 286
	distances  = 30
	endOfBlock = 256
	maxBits    = 15
)

// code is a Huffman code, ready to be written: its bits reversed.
type code struct {
	bits uint32
	size uint8
}

// canonical returns the codes of lengths (RFC 1951, section 3.2.2).
func canonical(lengths []byte) []code {
	var count, next [maxBits + 2]int
	for _, n := range lengths {
		if n > 0 {
			count[n]++
		}
	}
	for n := 1; n <= maxBits; n++ {
		next[n+1] = (next[n] + count[n]) << 1
	}
	codes := make([]code, len(lengths))
	for i, n := range lengths {
		if n > 0 {
			codes[i] = code{uint32(bits.Reverse16(uint16(next[n])) >> (16 - n)), n}
			next[n]++
		}
	}
	return codes
}

// symbol is the code of a range of distances: what is above its base is written in
// extra bits.
type symbol struct {
	code
	extra uint8
	base  uint16
}

// lengthCodes has the code of each length of a match, less 3, with its extra bits.
var lengthCodes = func() (t [256]code) {
	codes := canonical(literalLengths[:])
	base := 3
	for i := range 28 {
		extra := max(0, i/4-1)
		for n := base; n < base+1<<extra && n < maxMatch; n++ {
			c := codes[257+i]
			t[n-3] = code{c.bits | uint32(n-base)<<c.size, c.size + uint8(extra)}
		}
		base += 1 << extra
	}
	t[maxMatch-3] = codes[285]
	return t
}()

// distanceSymbols has the symbols of distances in their order.
var distanceSymbols = func() (t [distances]symbol) {
	codes := canonical(distanceLengths[:])
	base := 1
	for i := range t {
		extra := max(0, i/2-1)
		t[i] = symbol{codes[i], uint8(extra), uint16(base)}
		base += 1 << extra
	}
	return t
}()

// distanceSymbol returns the index of the symbol of a distance: its highest bit and
// the one below it.
func distanceSymbol(distance int) int {
	d := uint(distance - 1)
	if d < 4 {
		return int(d)
	}
	high := bits.Len(d) - 1
	return 2*high + int(d>>(high-1)&1)
}

var literalCodes = [literals]code(canonical(literalLengths[:]))

// prelude is how every stream starts: the block header with the code lengths. It is
// not part of a record; the bits that do not fill a byte are.
var prelude, preludeBits, preludeCount = makePrelude()

// makePrelude writes a dynamic block header, the last of its stream. The lengths
// have a code of four bits each, so that 16 of the 19 length codes are used.
func makePrelude() (whole []byte, rest uint64, count uint) {
	w := bitWriter{}
	w.put(1, 1)            // the last block
	w.put(2, 2)            // dynamic codes
	w.put(literals-257, 5) // HLIT
	w.put(distances-1, 5)  // HDIST
	w.put(19-4, 4)         // HCLEN
	for i := range 19 {
		if i < 3 { // 16, 17 and 18, the repetitions, come first
			w.put(0, 3)
			continue
		}
		w.put(4, 3)
	}
	for _, n := range literalLengths {
		w.put(uint64(bits.Reverse8(n)>>4), 4)
	}
	for _, n := range distanceLengths {
		w.put(uint64(bits.Reverse8(n)>>4), 4)
	}
	return w.out, w.acc, w.n
}

// bitWriter is for what is written once. The encoder has its own, in registers.
type bitWriter struct {
	out []byte
	acc uint64
	n   uint
}

func (w *bitWriter) put(v uint64, size uint) {
	w.acc |= v << w.n
	for w.n += size; w.n >= 8; w.n -= 8 {
		w.out = append(w.out, byte(w.acc))
		w.acc >>= 8
	}
}
