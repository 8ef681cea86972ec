// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package conf

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// text reads a string, from its quotation mark.
func (p *parser) text() (string, error) {
	p.at++
	start := p.at
	for p.at < len(p.b) && p.b[p.at] != '"' && p.b[p.at] != '\\' && p.b[p.at] >= 0x20 {
		p.at++
	}
	out := p.b[start:p.at:p.at]
	for p.at < len(p.b) {
		switch c := p.b[p.at]; {
		case c == '"':
			p.at++
			return string(out), nil
		case c == '\\':
			r, ok := p.escape()
			if !ok {
				return "", p.wrong("an escape sequence")
			}
			out = utf8.AppendRune(out, r)
		case c < 0x20:
			return "", p.wrong("no control character")
		default:
			out = append(out, c)
			p.at++
		}
	}
	return "", p.wrong("a quotation mark")
}

// escape reads an escape sequence. Half a surrogate pair becomes U+FFFD.
func (p *parser) escape() (rune, bool) {
	if p.at+1 >= len(p.b) {
		return 0, false
	}
	c := p.b[p.at+1]
	if c == 'u' {
		return p.unicode()
	}
	for i := range len(escapes) {
		if escapes[i] == c {
			p.at += 2
			return rune(escaped[i]), true
		}
	}
	return 0, false
}

const (
	escapes = `"\/bfnrt`
	escaped = "\"\\/\b\f\n\r\t"
)

func (p *parser) unicode() (rune, bool) {
	r, ok := p.hex()
	if !ok || !utf16.IsSurrogate(r) {
		return r, ok
	}
	after := p.at
	if low, ok := p.hex(); ok {
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			return pair, true
		}
	}
	p.at = after
	return utf8.RuneError, true
}

// hex reads \uXXXX, or nothing.
func (p *parser) hex() (rune, bool) {
	if p.at+6 > len(p.b) || p.b[p.at] != '\\' || p.b[p.at+1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(p.b[p.at+2:p.at+6]), 16, 16)
	if err != nil {
		return 0, false
	}
	p.at += 6
	return rune(n), true
}
