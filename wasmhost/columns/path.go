// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// slash judges the slash at p: the begin of a path, the begin of what a URL names, or neither.
func (m *Masker) slash(p int) int {
	b := m.body
	if p == m.pathRest && p > 0 {
		return m.rest(p)
	}
	if p == 0 || p == m.addressEnd {
		return m.path(p)
	}
	c := b[p-1]
	switch {
	case c == ':' && p > 1 && is(b[p-2], word) && p+1 < len(b) && b[p+1] == '/':
		return m.url(p)
	case is(c, pathEnd) || c == '=' || c == ':':
		return m.path(p)
	case is(c, wide):
		// Behind full-width punctuation, but not within 登录/注册.
		r, _ := utf8.DecodeLastRune(b[max(m.lit, p-utf8.UTFMax):p])
		if unicode.IsPunct(r) || unicode.IsSpace(r) {
			return m.path(p)
		}
	}
	return p + 1
}

// url masks all but the scheme: the host and the path are what varies between two lines of one statement.
func (m *Masker) url(p int) int {
	b := m.body
	from := p
	for from < len(b) && b[from] == '/' {
		from++
	}
	end := endOfPath(b, from, false)
	if end == from {
		return from
	}
	return m.mask(from, end)
}

// path keeps the first part of a path, which says what kind it is (/proc, /var, /api), and masks what is below it. A
// path of one part (/healthz) is a name. Digits in the first part are left to the other rules: /v2 is /v<*>.
func (m *Masker) path(p int) int {
	b := m.body
	q, plain := p+1, true
	for q < len(b) && b[q] != '/' && !is(b[q], pathEnd) {
		n := 1
		if is(b[q], digit|wide) {
			plain = false
			if is(b[q], wide) {
				n = widePath(b, p+1, q)
			}
		}
		if n == 0 {
			return p + 1
		}
		q += n
	}
	if q == p+1 || q == len(b) || b[q] != '/' {
		return p + 1
	}
	if plain {
		return m.rest(q)
	}
	m.pathRest = q
	return p + 1
}

// rest masks the path below its first part.
func (m *Masker) rest(p int) int {
	end := endOfPath(m.body, p+1, true)
	if end <= p+1 {
		return p + 1
	}
	return m.mask(p+1, end)
}

// nextDrive is where the next colon before a backslash stands, from p on. Few lines have one: finding that out costs less
// than to look for it beside all else.
func nextDrive(b []byte, p int) int {
	for {
		i := bytes.IndexByte(b[p:], '\\')
		if i < 0 {
			return len(b)
		}
		if p += i; i > 0 && b[p-1] == ':' {
			return p - 1
		}
		p++
	}
}

// drive masks a path of Windows below its first part: C:\Users\<*>. Backslashes may be doubled, as they are in JSON.
func (m *Masker) drive(p int) int {
	b := m.body
	if p == m.lit || !is(b[p-1], letter) || p-1 > m.lit && is(b[p-2], word) || p+1 == len(b) || b[p+1] != '\\' {
		return p + 1
	}
	q := p + 1
	for q < len(b) && b[q] == '\\' {
		q++
	}
	for q < len(b) && b[q] != '\\' && !is(b[q], pathEnd) {
		q++
	}
	for q < len(b) && b[q] == '\\' {
		q++
	}
	end := endOfPath(b, q, true)
	if end == q {
		return q
	}
	return m.mask(q, end)
}

// endOfPath is where the path at p ends. Text outside ASCII may be a part of a path, not of a URL.
func endOfPath(b []byte, p int, text bool) int {
	e := p
	for e < len(b) && !is(b[e], pathEnd) {
		if !is(b[e], wide) {
			e++
			continue
		}
		n := 0
		if text {
			n = widePath(b, p, e)
		}
		if n == 0 {
			break
		}
		e += n
	}
	for e > p && (b[e-1] == '.' || b[e-1] == ':' || b[e-1] == '!' || b[e-1] == '?') {
		e--
	}
	return e
}

// widePath is the size of the rune at e if it belongs to the path that begins at p, or 0. A part of a path may be written
// in any script. A sentence may also go on right behind a path (读取/data/x.log失败), so a part that begins in ASCII ends
// where another script than the Latin one begins.
func widePath(b []byte, p, e int) int {
	r, n := utf8.DecodeRune(b[e:])
	switch {
	case unicode.Is(unicode.Latin, r):
		return n
	case unicode.In(r, unicode.L, unicode.M, unicode.Nd) && (e == p || b[e-1] == '/' || b[e-1] == '\\' || is(b[e-1], wide)):
		return n
	}
	return 0
}
