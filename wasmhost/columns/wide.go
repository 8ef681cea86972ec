// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

import (
	"unicode"
	"unicode/utf8"
)

// wideDigit returns the size of the decimal digit outside ASCII at p, or 0 where there is none: full-width, Arabic-Indic
// and the digits of other scripts.
func wideDigit(b []byte, p int) int {
	switch b[p] {
	case 0xEF: // full-width; nothing else behind this byte is a digit
		if p+2 < len(b) && b[p+1] == 0xBC && b[p+2]-0x90 <= 9 {
			return 3
		}
	case 0xD9, 0xDB, 0xDF, 0xE0, 0xE1, 0xEA, 0xF0:
		if r, n := utf8.DecodeRune(b[p:]); unicode.IsDigit(r) {
			return n
		}
	}
	return 0
}

// wideLetter says whether the rune at p is a letter, and returns its size. Invalid UTF-8 is no letter.
func wideLetter(b []byte, p int) (size int, ok bool) {
	r, n := utf8.DecodeRune(b[p:])
	return n, unicode.In(r, unicode.L, unicode.M, unicode.Nd)
}

// digitsEnd returns the end of the digits of any script that begin at p.
func digitsEnd(b []byte, p int) int {
	for p < len(b) {
		if is(b[p], digit) {
			p++
			continue
		}
		n := 0
		if is(b[p], wide) {
			n = wideDigit(b, p)
		}
		if n == 0 {
			break
		}
		p += n
	}
	return p
}

// wideNumber masks the digits outside ASCII at p.
func (m *Masker) wideNumber(p int) int {
	e := digitsEnd(m.body, p)
	if m.answer(p, e) {
		m.seen = e
		return e
	}
	return m.mask(p, e)
}

// wideComma returns the size of the comma of Chinese, Japanese or Arabic at p, or 0.
func wideComma(b []byte, p int) int {
	if p+2 >= len(b) {
		return 0
	}
	switch string(b[p : p+3]) {
	case "，", "、":
		return 3
	}
	if string(b[p:p+2]) == "،" {
		return 2
	}
	return 0
}
