// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

import (
	"encoding/binary"
	"math/bits"
)

const (
	each = 0x0101010101010101
	high = 0x80 * each
)

// trigger is where the next byte stands that may begin something variable: a digit, a dot or a slash, or the "us" of
// "user". The first three are neighbours in ASCII, so eight bytes cost one comparison with either end of their range;
// all other ASCII is passed over at that speed. Bytes outside ASCII are looked at one by one, for digits.
func trigger(b []byte, p int) int {
	for ; p+8 <= len(b); p += 8 {
		v := binary.LittleEndian.Uint64(b[p:])
		low := v | high // keeps the subtractions of the eight bytes apart
		hit := (low - '.'*each) &^ (low - ('9'+1)*each) &^ v
		hit |= equal(v|0x20*each, 'u') & (equal(v, 's')>>8 | 0xff<<56)
		if (hit|v)&high == 0 {
			continue
		}
		hit &= high
		if v&high != 0 {
			if q := wideTrigger(b, p, v&high, hit); q >= 0 {
				return q
			}
		} else {
			return p + bits.TrailingZeros64(hit)>>3
		}
	}
	for ; p < len(b); p++ {
		c := b[p]
		if c-'.' <= '9'-'.' || c|0x20 == 'u' || c >= 0x80 && wideDigit(b, p) > 0 {
			return p
		}
	}
	return len(b)
}

// wideTrigger is where the first of eight bytes at p stands that stops the scan, or -1. wides and hits have the high bit
// of each byte outside ASCII, and of each byte of ASCII that stops.
func wideTrigger(b []byte, p int, wides, hits uint64) int {
	for all := wides | hits; all != 0; all &= all - 1 {
		i := bits.TrailingZeros64(all)
		q := p + i>>3
		if hits>>i&1 != 0 || wideDigit(b, q) > 0 {
			return q
		}
	}
	return -1
}

// equal has the high bit of each byte of v that is c, and sometimes of one behind it: where it stops, the bytes are
// looked at again.
func equal(v, c uint64) uint64 {
	v ^= c * each
	return (v - each) &^ v
}
