// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package compact

import (
	"encoding/binary"
	"math/bits"
)

// matcher finds strings of the text that were there before, in the text or in the
// dictionary. It keeps one position for each hash of four bytes.
type matcher struct {
	// Positions are base and the position in the window. Those of records before
	// are below base, so that the table is never cleared.
	recent [recentSize]uint32
	base   uint32
}

const (
	minMatch   = 4
	maxMatch   = 258   // of DEFLATE
	maxFar     = 32768 // of DEFLATE
	farMatch   = 512   // from here on a match of minMatch takes as many bits as its literals
	recentBits = 11
	recentSize = 1 << recentBits
	dictBits   = 13
	hashFactor = 2654435761 // Knuth's: 2^32 over the golden ratio
)

// dictPositions are the positions in the dictionary; 0 where there is none, which
// is as good as any, since what is there is compared.
var dictPositions = func() (t [1 << dictBits]uint16) {
	for i := 0; i+minMatch <= len(dictionary); i++ {
		t[load32(dictionary, i)*hashFactor>>(32-dictBits)] = uint16(i)
	}
	return t
}()

func load32(s string, i int) uint32 {
	return uint32(s[i]) | uint32(s[i+1])<<8 | uint32(s[i+2])<<16 | uint32(s[i+3])<<24
}

// advance makes all positions so far older than those of the next record.
func (m *matcher) advance(window int) {
	m.base += uint32(window)
	if m.base > 1<<31 {
		*m = matcher{}
	}
}

// next returns the first match at pos or behind it that is worth it: where it is, how
// far back and how long. If there is none, that is at the end of the window, with
// length 0.
func (m *matcher) next(window []byte, pos int) (start, distance, length int) {
	for ; pos+minMatch <= len(window); pos++ {
		cur := binary.LittleEndian.Uint32(window[pos:])
		h := cur * hashFactor
		slot := &m.recent[h>>(32-recentBits)]
		at := int(*slot) - int(m.base)
		*slot = m.base + uint32(pos)
		if at < len(dictionary) || binary.LittleEndian.Uint32(window[at:]) != cur {
			at = int(dictPositions[h>>(32-dictBits)])
			if binary.LittleEndian.Uint32(window[at:]) != cur {
				continue
			}
		}
		distance, length = pos-at, matchLength(window, at, pos)
		if distance > maxFar || (length == minMatch && distance >= farMatch) {
			continue
		}
		m.note(window, pos+length-2)
		return pos, distance, length
	}
	return len(window), 0, 0
}

// matchLength returns how many bytes at a and at b, which is behind a, are the
// same. Four of them are known to be.
func matchLength(window []byte, a, b int) int {
	n := minMatch
	end := min(len(window)-b, maxMatch)
	for n+8 <= end {
		x := binary.LittleEndian.Uint64(window[a+n:]) ^ binary.LittleEndian.Uint64(window[b+n:])
		if x != 0 {
			return n + bits.TrailingZeros64(x)/8
		}
		n += 8
	}
	for n < end && window[a+n] == window[b+n] {
		n++
	}
	return n
}

// note puts a position within a match into the table, which next does not look at.
func (m *matcher) note(window []byte, pos int) {
	if pos+minMatch > len(window) {
		return
	}
	h := binary.LittleEndian.Uint32(window[pos:]) * hashFactor
	m.recent[h>>(32-recentBits)] = m.base + uint32(pos)
}
