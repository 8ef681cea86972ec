// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package severity

// digrams are eight sets of pairs of bytes, one for each bit. A pair is in a set if its first byte
// is one of some bytes and its second one of others. What may be in a text is told by one pass over
// it: text that has none of the pairs need not be searched for the words that they belong to.
//
// The tables have the sets for the lower and for the upper half of a byte, as vector instructions
// want them. A set holds all bytes whose halves both occur, so it may be larger than was asked for.
type digrams struct {
	firstLow, firstHigh, secondLow, secondHigh [16]uint8
	first, second                              [256]uint8 // the same for a byte as a whole
}

// digram is one of the sets.
type digram struct{ first, second string }

// anyByte is every half of a byte, so that every byte is in the set.
const anyByte = "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff"

func newDigrams(sets ...digram) *digrams {
	var d digrams
	for k, set := range sets {
		for _, c := range []byte(set.first) {
			d.firstLow[c&15] |= 1 << k
			d.firstHigh[c>>4] |= 1 << k
		}
		for _, c := range []byte(set.second) {
			d.secondLow[c&15] |= 1 << k
			d.secondHigh[c>>4] |= 1 << k
		}
	}
	for c := range 256 {
		d.first[c] = d.firstLow[c&15] & d.firstHigh[c>>4]
		d.second[c] = d.secondLow[c&15] & d.secondHigh[c>>4]
	}
	return &d
}

// inBytes returns the sets of which there is a pair in a text, byte by byte.
func (d *digrams) inBytes(s string) (found uint8) {
	for i := 1; i < len(s); i++ {
		found |= d.first[s[i-1]] & d.second[s[i]]
	}
	return found
}
