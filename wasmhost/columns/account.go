// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

import "bytes"

// account masks the name of an account, which is an id: user=bob, "user":"bob", and the lines of sshd and PAM. Attackers
// make up the names that they try, so there are as many as there are numbers. In any other sentence the word behind
// "user" may say what happened (new user created), so it stays.
func (m *Masker) account(u int) int {
	b := m.body
	p := userWord(b, u)
	if p == 0 {
		return u + 1
	}
	v, quote := assigned(b, p)
	if v == 0 && (p == len(b) || b[p] != ' ') {
		return p
	}
	from := max(v, p+1)
	end := accountEnd(b, from, quote != 0)
	switch {
	case end == from:
		return p
	case v == 0:
		if !login(b[m.lit:u], b[end:]) {
			return p
		}
	case quote != 0:
		if q := pass(b, end, '\\', '\\'); q == len(b) || b[q] != quote {
			return p
		}
	}
	return m.mask(from, end)
}

// userWord is the end of the word "user" or "username" at u, or 0 for any other. ruser and superuser are other words.
func userWord(b []byte, u int) int {
	p := u + len("user")
	if p > len(b) || string(b[u+1:p]) != "ser" || u > 0 && is(b[u-1], word) {
		return 0
	}
	if len(b) >= p+4 && string(b[p:p+4]) == "name" {
		p += 4
	}
	if p < len(b) && is(b[p], word) {
		return 0
	}
	return p
}

// assigned is where the value begins that is assigned to the key that ends at p, and its quote: user=bob, user="bob",
// "user": "bob". It is 0 in "user: login failed".
func assigned(b []byte, p int) (v int, quote byte) {
	v = pass(b, p, '\\', '\\')
	if v < len(b) && (b[v] == '"' || b[v] == '\'') {
		v++
	}
	key := v
	for v < len(b) && v-key < 4 && b[v] == ' ' {
		v++
	}
	if v >= len(b) || b[v] != ':' && b[v] != '=' {
		return 0, 0
	}
	bare := b[v] == '=' && v == p
	v++
	sign := v
	for v < len(b) && v-sign < 4 && b[v] == ' ' {
		v++
	}
	q := pass(b, v, '\\', '\\')
	switch {
	case q < len(b) && (b[q] == '"' || b[q] == '\''):
		return q + 1, b[q]
	case bare && v == sign:
		return v, 0
	}
	return 0, 0
}

// accountEnd is where the name of an account ends that begins at p. A name outside ASCII needs quotes: in 用户user=bob登录
// nothing else says where it ends.
func accountEnd(b []byte, p int, quoted bool) int {
	end := p
	for end < len(b) && end-p < 256 {
		switch c := b[end]; {
		case is(c, wide):
			n, ok := wideLetter(b, end)
			if !quoted || !ok {
				return end
			}
			end += n
		case is(c, host) || c == '\\' && !quoted || c == '+' || c == '$':
			end++
		default:
			for end > p && b[end-1] == '.' {
				end--
			}
			return end
		}
	}
	return end
}

// login says whether "user NAME" stands where sshd and PAM write the name of an account: "invalid user NAME from ADDRESS",
// "session opened for user NAME by ...".
func login(before, after []byte) bool {
	before = bytes.TrimRight(before[max(0, len(before)-24):], " ")
	last := bytes.LastIndexByte(before, ' ')
	switch string(before[last+1:]) {
	case "invalid", "Invalid", "illegal", "Illegal", "authenticating":
		return string(after) == "" || bytes.HasPrefix(after, []byte(" [preauth]")) || fromAddress(after)
	case "for":
		if bytes.HasSuffix(before, []byte("session opened for")) || bytes.HasSuffix(before, []byte("session closed for")) {
			return len(after) == 0 || bytes.HasPrefix(after, []byte(" by "))
		}
		return fromAddress(after)
	case "by", "from":
		return fromAddress(after)
	}
	return false
}

// fromAddress says whether text begins with an address, with or without "from".
func fromAddress(b []byte) bool {
	b = bytes.TrimPrefix(b, []byte(" from"))
	if len(b) < 2 || b[0] != ' ' {
		return false
	}
	end, dots := 1, 0
	for end < len(b) && end < 256 && is(b[end], host|digit|joiner) || end < len(b) && b[end] == ':' {
		if b[end] == '.' || b[end] == ':' {
			dots++
		}
		end++
	}
	if dots == 0 {
		return false
	}
	for b[end-1] == '.' || b[end-1] == ':' {
		end--
	}
	return is(b[1], digit) || dots >= 2 && has(b[1:end], ':') || hostName(b, 1, end)
}
