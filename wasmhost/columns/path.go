// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

import "bytes"

// slash judges the slash at p: the begin of a path, the begin of what a URL names, or neither.
func (m *Masker) slash(p int) int {
	b := m.body
	if p > 0 && b[p-1] == ':' && p > 1 && is(b[p-2], word) && p+1 < len(b) && b[p+1] == '/' {
		return m.url(p)
	}
	if p > m.lit && !is(b[p-1], pathEnd) && b[p-1] != '=' && b[p-1] != ':' {
		return p + 1
	}
	return m.path(p)
}

// url masks all but the scheme: the host and the path are what varies between two lines of one statement.
func (m *Masker) url(p int) int {
	b := m.body
	from := p
	for from < len(b) && b[from] == '/' {
		from++
	}
	end := endOfPath(b, from)
	if end == from {
		return from
	}
	return m.mask(from, end)
}

// path keeps the first part of a path, which says what kind it is (/proc, /var, /api), and masks what is below it. A
// path of one part (/healthz) is a name.
func (m *Masker) path(p int) int {
	b := m.body
	q := p + 1
	for q < len(b) && b[q] != '/' && !is(b[q], pathEnd|digit) {
		q++
	}
	if q == p+1 || q == len(b) || b[q] != '/' {
		return p + 1
	}
	end := endOfPath(b, q+1)
	if end <= q+1 {
		return q + 1
	}
	return m.mask(q+1, end)
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
	end := endOfPath(b, q)
	if end == q {
		return q
	}
	return m.mask(q, end)
}

func endOfPath(b []byte, p int) int {
	e := p
	for e < len(b) && !is(b[e], pathEnd) {
		e++
	}
	for e > p && (b[e-1] == '.' || b[e-1] == ':' || b[e-1] == '!' || b[e-1] == '?') {
		e--
	}
	return e
}
