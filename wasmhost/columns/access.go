// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

import "bytes"

// accessStatus says whether the three bytes at p are the status in a line of an access log. Its first digit says what
// happened, so it stays: a server that fails is not one more of a server that works.
func (m *Masker) accessStatus(p int) bool {
	b := m.body
	if b[p] < '1' || b[p] > '5' || !is(b[p+1], digit) || !is(b[p+2], digit) {
		return false
	}
	e := p
	for e > m.lit && p-e < 4 && is(b[e-1], introduce) {
		e--
	}
	if e < p && e == m.lit && m.repeat.any && endsWith(b[:m.repeat.mask], "http/") {
		return true
	}
	if p > 0 && b[p-1] == '[' { // PHP's server writes [404]: GET /cart
		return bracketed(b, p+3)
	}
	if p < 2 {
		return false
	}
	switch b[p-1] {
	case ' ':
		return behindRequest(b, p-1) || piped(b, p) || b[p-2] == '-' && bytesIn(b, p+3)
	case '|':
		return piped(b, p)
	case '/': // Squid writes TCP_MISS/503
		return bytes.Contains(b[max(0, p-24):p], []byte("TCP_"))
	}
	return false
}

// tokenLimit bounds the token before a status.
const tokenLimit = 256

// behindRequest says whether the token that ends at e is what stands before a status: the path of a request, as Express
// writes it (GET /cart 503), or the five timers of HAProxy (0/0/1/2/3 503).
func behindRequest(b []byte, e int) bool {
	s, slashes, digits := e, 0, true
	for s > 0 && e-s < tokenLimit && b[s-1] > ' ' {
		s--
		if b[s] == '/' {
			slashes++
		} else if !is(b[s], digit) && b[s] != '-' && b[s] != '+' {
			digits = false
		}
	}
	if slashes == 4 && digits && b[s] != '/' {
		return true
	}
	return s < e && slashes > 0 && s > 3 && b[s-1] == ' ' && method(b[max(0, s-8):s-1])
}

// method says whether text ends with the method of a request.
func method(b []byte) bool {
	for _, w := range [...]string{"GET", "POST", "PUT", "HEAD", "DELETE", "PATCH", "OPTIONS"} {
		if n := len(b) - len(w); n >= 0 && string(b[n:]) == w && (n == 0 || !is(b[n-1], word)) {
			return true
		}
	}
	return false
}

// piped says whether the three digits at p stand between pipes, as Gin and Fiber write them, coloured or not.
func piped(b []byte, p int) bool {
	s, e := p, p+3
	for s > 0 && p-s < 16 && (is(b[s-1], digit) || b[s-1] == ' ' || b[s-1] == ';' || b[s-1] == '[' || b[s-1] == 'm' || b[s-1] == 0x1b) {
		s--
	}
	for e < len(b) && e-p < 16 && (is(b[e], digit) || b[e] == ' ' || b[e] == ';' || b[e] == '[' || b[e] == 'm' || b[e] == 0x1b) {
		e++
	}
	return s > 0 && b[s-1] == '|' && e < len(b) && b[e] == '|'
}

// bracketed says whether a bracket at e closes a status, and a request follows.
func bracketed(b []byte, e int) bool {
	if e == len(b) || b[e] != ']' {
		return false
	}
	rest := bytes.TrimLeft(b[e+1:min(len(b), e+4)], ": ")
	s := min(len(b), e+4) - len(rest)
	end := bytes.IndexByte(b[s:min(len(b), s+8)], ' ')
	return end > 0 && method(b[s:s+end])
}

// bytesIn says whether the size of a response is at e, as chi writes it: 19B in 1.2ms.
func bytesIn(b []byte, e int) bool {
	d := e + 1
	for d < len(b) && d-e < 20 && is(b[d], digit) {
		d++
	}
	return d > e+1 && bytes.HasPrefix(b[d:], []byte("B in "))
}
