// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package repeats numbers the texts of a batch, so that what is computed from a text is computed once
// for all records that have it. Many log lines come again as they were within a second.
package repeats

import "hash/maphash"

const (
	slots = 1024

	// Where fewer than one text in 32 came again among the first 128, the rest is not looked up: lines with
	// a time in them never come again.
	trial     = 128
	leastHits = trial / 32
)

var seed = maphash.MakeSeed()

// Texts numbers different texts from 0. It may take a text for a new one, but never one for another.
// The zero value is ready for use, by one goroutine.
type Texts struct {
	slots       [slots]uint32 // by the hash of a text: its number and 1
	texts       []string
	tries, hits int
}

// Reset forgets all texts.
func (t *Texts) Reset() {
	if t.tries > 0 {
		clear(t.slots[:])
		clear(t.texts)
		t.texts, t.tries, t.hits = t.texts[:0], 0, 0
	}
}

// Number returns the number of a text, and whether the text was there before. The numbers of new texts
// follow one another. It returns -1 where it does not pay to number texts.
func (t *Texts) Number(text string) (n int, known bool) {
	if t.tries == trial && t.hits < leastHits {
		return -1, false
	}
	if t.tries < trial {
		t.tries++
	}
	slot := &t.slots[maphash.String(seed, text)%slots]
	if n := int(*slot) - 1; n >= 0 && t.texts[n] == text {
		t.hits++
		return n, true
	}
	t.texts = append(t.texts, text)
	*slot = uint32(len(t.texts))
	return len(t.texts) - 1, false
}
