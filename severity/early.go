// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package severity

import "math/bits"

// earlySize is how much of an object early reads, in bytes.
const earlySize = 64

// early reads the level of an object of JSON as most loggers write it: without spaces, a word under
// the key level, within the first bytes. It finds what text finds there, with nothing called on the
// way to the level. It returns from where on the object may tell of a failure, or -1 if the object
// is another.
func (f *Finder) early(body string) int {
	if len(body) < earlySize || body[0] != '{' || body[1] != '"' || f.rank >= trustToken || f.number.key != 0 {
		return -1
	}
	head := body[:earlySize]
	for i := 2; i+8 <= earlySize; i += 8 {
		x := eight(head[i:])
		hit := zeros(x^ones*'v') | zeros(x^ones*'{')
		if hit == 0 {
			continue
		}
		i += bits.TrailingZeros64(hit) / 8
		if i+14 > earlySize || i < 4 || head[i-3:i+5] != `"level":` || head[i+5] != '"' || head[i-4] != ',' && head[i-4] != '{' {
			return -1
		}
		text := stringAt(body, i+6)
		n := common(text)
		if n == 0 {
			if n, text = levelWord(text); n == 0 {
				return -1
			}
		}
		f.offer(kindLevel.trust(), n, text, Certain, JSON)
		if head[1:3] == `"t` || head[1:4] == `"@t` {
			return i + 5
		}
		return 0
	}
	return -1
}

const ones, tops = 0x0101010101010101, 0x8080808080808080

// eight returns the first eight bytes of a text as a number.
func eight(s string) uint64 {
	b := s[:8]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 | uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

// zeros has the top bit of each byte of x that is 0, up to the first one. It may have those of
// further bytes.
func zeros(x uint64) uint64 { return (x - ones) &^ x & tops }
