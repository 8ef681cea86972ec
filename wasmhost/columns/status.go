// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

import "unsafe"

// status says whether the three bytes at p are the status of a response: in an access log, behind HTTP/1.1", or behind a
// word that ends in "status" or "code". Its first digit says what happened, so it stays: a server that fails is not
// one more of a server that works.
func (m *Masker) status(p int) bool {
	b := m.body
	if b[p] < '1' || b[p] > '5' || !is(b[p+1], digit) || !is(b[p+2], digit) {
		return false
	}
	e := p
	for e > m.lit && p-e < 4 && introduces(b[e-1]) {
		e--
	}
	if e == p {
		return false
	}
	if e == m.lit && m.repeat.any && endsWith(b[:m.repeat.mask], "http/") {
		return true
	}
	return endsWith(b[m.lit:e], "status") || endsWith(b[m.lit:e], "code")
}

// introduces says whether c stands between a key and its value.
func introduces(c byte) bool { return c == ' ' || c == '"' || c == '=' || c == ':' || c == '\'' }

// endsWith says whether b ends with low, in either case.
func endsWith(b []byte, low string) bool {
	b = b[max(0, len(b)-len(low)):]
	return len(b) == len(low) && equalFold(unsafe.String(unsafe.SliceData(b), len(b)), low)
}
