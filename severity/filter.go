// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package severity

import "strings"

// filter tells nearly all words that are not in a set of words from those that are. It looks at the
// length and at the first, the second and the last byte, without a branch between them.
type filter [256]struct {
	seconds, lasts uint32 // for the first byte, the bytes that occur, as bits
	sizes          uint64 // for the first byte, the lengths that occur, as bits
}

func (f *filter) add(word string) {
	p := &f[word[0]]
	p.seconds |= 1 << (word[min(1, len(word)-1)] & 31)
	p.lasts |= 1 << (word[len(word)-1] & 31)
	p.sizes |= 1 << len(word)
}

// may says whether a word that is not empty may be in the set.
func (f *filter) may(word string) bool {
	p := &f[word[0]]
	second, last := word[min(1, len(word)-1)], word[len(word)-1]
	return p.seconds>>(second&31)&(p.lasts>>(last&31))&uint32(p.sizes>>len(word))&1 != 0
}

// levels has what is a level in the head of a line: the words in either case, with the digits of
// OTLP's names as well, the letters, the heads of klog, and all that is not ASCII.
var levels = func() (f filter) {
	for _, s := range words.slots {
		for _, digit := range [...]string{"", "2", "3", "4"} {
			if s.text != "" {
				f.add(s.text + digit)
			}
		}
	}
	for c := range byte('z' - 'a' + 1) {
		f['A'+c] = f['a'+c]
		if letters[c] != 0 {
			f.add(string('A' + rune(c)))
		}
	}
	for _, letter := range [...]string{"I", "W", "E", "F"} {
		for _, digit := range "0123456789" {
			f.add(letter + strings.Repeat(string(digit), 4))
			f.add(letter + strings.Repeat(string(digit), 8))
		}
	}
	for c := 0x80; c < len(f); c++ {
		f[c].seconds, f[c].lasts, f[c].sizes = 1<<32-1, 1<<32-1, 1<<64-1
	}
	return f
}()
