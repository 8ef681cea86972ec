// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package severity

import "strings"

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
	s := sc.s
	for sc.i < len(s) && sc.i < sc.end {
		switch c := s[sc.i]; classes[c] {
		case isWide:
			if n := punctuation(s, sc.i); n != 0 {
				sc.i += n
				continue
			}
			sc.wide = true
			fallthrough
		case isASCII:
			at, end = sc.i, sc.i+1
			for end < len(s) && classes[s[end]] >= isDigit && (s[end] < 0x80 || punctuation(s, end) == 0) {
				end++
			}
			sc.i = end
			return at, end
		case isDigit:
			if c == '_' {
				sc.i++
				continue
			}
			sc.digits()
			return 0, 0
		case isOpening:
			sc.brackets++
			sc.i++
		case isClosing:
			sc.brackets = max(sc.brackets-1, 0)
			sc.i++
			if sc.place == atStart {
				sc.place = inHeader
			}
		case isQuote:
			if sc.i++; startsRequest(s[sc.i:]) {
				sc.i = len(s)
			}
		case isEscape:
			if end := skipEscape(s, sc.i); end > sc.i {
				sc.i = end
			} else {
				sc.i += 2 // \t and the like in JSON
			}
		case isPercent:
			sc.i++
			if at := cisco(s, sc.i-1); at > 0 {
				return at, at + 1
			}
		default:
			sc.i++
		}
	}
	return 0, 0
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

// digits moves past a number, a time or an address.
func (sc *scanner) digits() {
	s, i := sc.s, sc.i
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
	sc.i = i
	if sc.place == atStart {
		sc.place = inHeader
	}
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
	case isNeutral(s[at:end]):
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

// isNeutral says whether a word belongs to a time, or is an abbreviation.
func isNeutral(w string) bool {
	if len(w) > 9 || w[0] >= 'a' && w[0] < 0x80 {
		return false
	}
	upper := true
	for i := range len(w) {
		upper = upper && w[i]-'A' < 26
	}
	if upper {
		return true
	}
	if w[0] >= 0x80 || len(w) == 3 && strings.Contains("JanFebMarAprMayJunJulAugSepOctNovDecMonTueWedThuFriSatSun", w) {
		return true
	}
	return false
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
