// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package severity

// filter tells nearly all words that are not in a set of words from those that are. For the first
// two letters it has the lengths that occur, below 32, and above them the last bytes, as bits.
type filter [32 * 32]uint64

func (f *filter) add(word string) {
	last := word[len(word)-1]
	f[pairOf(word)] |= 1<<len(word) | 1<<(32+last&31)
}

// may says whether a word of two bytes or more may be in the set.
func (f *filter) may(word string) bool {
	n := len(word)
	bits := f[pairOf(word)]
	return n < 32 && bits>>n&(bits>>(32+word[n-1]&31))&1 != 0
}

// pairOf returns a number for the first two letters, in either case.
func pairOf(word string) int { return int(word[0]&31)<<5 | int(word[1]&31) }

// levels has the words of ASCII that are levels in the head of a line, those that end in a digit as
// in OTLP's names, and the heads of klog.
var levels = func() (f filter) {
	for _, s := range words.slots {
		if s.text == "" || s.text[0] >= 0x80 {
			continue
		}
		for _, digit := range [...]string{"", "2", "3", "4"} {
			f.add(s.text + digit)
		}
	}
	for _, letter := range []byte("IWEF") {
		for digit := byte('0'); digit <= '9'; digit++ {
			f[pairOf(string([]byte{letter, digit}))] |= 1<<len("I0102") | 1<<len("I20250102") | 0x3ff<<(32+'0'&31)
		}
	}
	return f
}()
