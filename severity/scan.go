// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package severity

import (
	"math/bits"
	"strings"
)

// scanner reads the head of a line, word by word.
type scanner struct {
	s        string
	i, end   int
	place    place
	brackets int
	words    int    // in a row, of prose
	last     string // the word before
	wide     bool   // there are words that are not ASCII
}

// word moves to the next word that may be a level and returns it, or the digit of a message of
// Cisco. It returns an empty one where there is none, and moves on all the same.
func (sc *scanner) word() (at, end int) {
	s, i := sc.s, sc.i
	for i < len(s) && i < sc.end {
		class := classes[s[i]]
		if class == isOther {
			i++
			continue
		}
		if class == isASCII {
			sc.i = wordEnd(s, i+1)
			return i, sc.i
		}
		switch class {
		case isDigit:
			i = sc.digits(i)
		case isOpening:
			sc.brackets++
			i++
		case isClosing:
			sc.brackets = max(sc.brackets-1, 0)
			i++
			if sc.place == atStart {
				sc.place = inHeader
			}
		case isQuote:
			if i++; startsRequest(s[i:]) {
				i = len(s)
			}
		case isEscape:
			if end := skipEscape(s, i); end > i {
				i = end
			} else {
				i += 2 // \t and the like in JSON
			}
		case isWide:
			if n := punctuation(s, i); n != 0 {
				i += n
				continue
			}
			sc.wide = true
			sc.i = wordEnd(s, i+1)
			return i, sc.i
		case isPercent:
			i++
			if at := cisco(s, i-1); at > 0 {
				sc.i = i
				return at, at + 1
			}
		}
	}
	sc.i = i
	return 0, 0
}

// wordEnd returns the end of the word that the byte at i may be in. It reads 8 bytes at once.
func wordEnd(s string, i int) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(s); i += 8 {
		b := s[i : i+8]
		x := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 | uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
		if x&tops != 0 {
			break
		}
		low := x | ones*0x20
		letter := (low + ones*(0x80-'a')) &^ (low + ones*(0x7f-'z'))
		digit := (x + ones*(0x80-'0')) &^ (x + ones*(0x7f-'9'))
		underscore := tops - (x ^ ones*'_')
		if end := ^(letter | digit | underscore) & tops; end != 0 {
			return i + bits.TrailingZeros64(end)/8
		}
	}
	for ; i < len(s); i++ {
		if k := classes[s[i]]; k < isDigit || k == isWide && punctuation(s, i) != 0 {
			break
		}
	}
	return i
}

// The classes of bytes in the head of a line. Words have the last ones.
const (
	isOther uint8 = iota
	isOpening
	isClosing
	isQuote
	isEscape
	isPercent
	isDigit // or an underscore
	isASCII // a letter
	isWide  // a byte of a character that is not ASCII
)

var classes = func() (t [256]uint8) {
	for c := range t {
		switch {
		case c >= 0x80:
			t[c] = isWide
		case lower(byte(c))-'a' < 26:
			t[c] = isASCII
		case c == '_' || c >= '0' && c <= '9':
			t[c] = isDigit
		}
	}
	for class, set := range [...]string{isOpening: "[(<{", isClosing: "])>}", isQuote: `"`, isEscape: "\x1b\\", isPercent: "%"} {
		for _, c := range []byte(set) {
			t[c] = uint8(class)
		}
	}
	return t
}()

// startsRequest says whether s starts with the method and the path of a request.
func startsRequest(s string) bool {
	i := 0
	for i < len(s) && i < 8 && s[i]-'A' < 26 {
		i++
	}
	return i >= 3 && has(s, i, " ")
}

// digits returns the end of the number, the time or the address at i, or of an underscore.
func (sc *scanner) digits(i int) int {
	s := sc.s
	if s[i] == '_' {
		return i + 1
	}
	for i < len(s) && joins[s[i]] {
		i++
	}
	if i < len(s) && (s[i]|0x20)-'a' < 26 { // T, Z, AM, units, hexadecimal
		j := i + 1
		for j < len(s) && (s[j]|0x20)-'a' < 26 {
			j++
		}
		switch {
		case s[i] == 'm' && sc.brackets > 0 && isColour(s[:i+1]): // a colour whose escape character is lost
			sc.brackets--
			i++
		case wordOf(s[i:j]) == 0 || j < len(s) && s[j]-'0' < 10:
			i = j
		}
	}
	if sc.place == atStart {
		sc.place = inHeader
	}
	return i
}

// joins are the bytes of numbers, times and addresses.
var joins = func() (t [256]bool) {
	for _, c := range []byte("0123456789.:,-/+") {
		t[c] = true
	}
	return t
}()

// pass notes a word that is no level.
func (sc *scanner) pass(at, end int) {
	s := sc.s
	if sc.brackets > 0 {
		return
	}
	sc.last = s[at:end]
	next := byte(' ')
	if end < len(s) {
		next = s[end]
	}
	switch {
	case next == ':' && (end+1 == len(s) || s[end+1] == ' ' || s[end+1] == '\t'):
		sc.place, sc.words = inPrefix, 0
	case (s[at] < 'a' || s[at] >= 0x80) && isNeutral(s[at:end]):
		if sc.place == atStart {
			sc.place = inHeader
		}
	case next != ' ' || at > 0 && s[at-1] != ' ' && s[at-1] != '\t':
		if sc.place == atStart {
			sc.place = inHeader
		}
	default:
		sc.words++
		sc.place = inProse
	}
}

// isNeutral says whether a word that is not in lower case belongs to a time, or is an abbreviation.
func isNeutral(w string) bool {
	if len(w) > 9 {
		return false
	}
	i := 0
	for i < len(w) && w[i]-'A' < 26 {
		i++
	}
	return i == len(w) || w[0] >= 0x80 || len(w) == 3 && strings.Contains("JanFebMarAprMayJunJulAugSepOctNovDecMonTueWedThuFriSatSun", w)
}

// before returns the byte before a word and the last one that is no space. Colours are none.
func (sc *scanner) before(at int) (before, prev byte) {
	s := sc.s
	i := at
	for i > 0 && s[i-1] == 'm' {
		start := colourStart(s[:i])
		if start < 0 {
			break
		}
		i = start
	}
	if i == 0 {
		return 0, 0
	}
	if before = s[i-1]; before >= 0x80 {
		return openWide(s[:i]), openWide(s[:i])
	}
	if i > 1 && s[i-2] == '\\' && before == 't' {
		return '\t', '\t'
	}
	for i > 0 && s[i-1] == ' ' {
		i--
	}
	if i == 0 {
		return before, 0
	}
	if prev = s[i-1]; prev >= 0x80 {
		prev = openWide(s[:i])
	}
	return before, prev
}

// after returns the byte after a word and the first one that is no space.
func (sc *scanner) after(end int) (after, next byte) {
	s := sc.s
	for end < len(s) && (s[end] == 0x1b || s[end] == '\\') {
		e := skipEscape(s, end)
		if e == end {
			break
		}
		end = e
	}
	if end >= len(s) {
		return '\n', '\n'
	}
	if after = s[end]; after == '\\' {
		return '\t', '\t'
	}
	if after >= 0x80 {
		after = closeWide(s[end:])
		return after, after
	}
	for end < len(s) && s[end] == ' ' {
		end++
	}
	if end >= len(s) {
		return after, '\n'
	}
	return after, s[end]
}
