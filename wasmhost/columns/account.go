// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

import "bytes"

// account masks the name of an account, which the word at u introduces: user=bob, "user":"bob", invalid user bob, for
// user bob. Any other word there is passed over. Whoever tries passwords makes up these names, so they are as many as numbers are.
func (m *Masker) account(u int) int {
	b := m.body
	p := userWord(b, u)
	if p == 0 {
		return u + 1
	}
	v, assigned := value(b, p)
	if !assigned && (v == p || !particular(b[m.lit:u])) {
		return p
	}
	end := v
	for end < len(b) && (is(b[end], host) || b[end] == '\\' || b[end] == '+' || b[end] == '$') {
		end++
	}
	for end > v && b[end-1] == '.' {
		end--
	}
	if end == v {
		return p
	}
	return m.mask(v, end)
}

// userWord is the end of the word "user" or "username" at u, or 0 for any other. A prefix is none of its business: ruser
// and superuser are other words, db_user is not.
func userWord(b []byte, u int) int {
	p := u + len("user")
	if p >= len(b) || string(b[u+1:p]) != "ser" || u > 0 && is(b[u-1], word) {
		return 0
	}
	if len(b) > p+4 && string(b[p:p+4]) == "name" {
		p += 4
	}
	if is(b[p], word) {
		return 0
	}
	return p
}

// value is where the value begins that belongs to the key that ends at p, and whether an = or a : assigns it.
func value(b []byte, p int) (v int, assigned bool) {
	for v = p; v < len(b) && v-p < 8; v++ {
		switch b[v] {
		case '=', ':':
			if assigned {
				return v, true
			}
			assigned = true
		case ' ', '"', '\'':
		default:
			return v, assigned
		}
	}
	return v, assigned
}

// particular says whether the words before "user" make it a certain one. In "user login" it is any.
func particular(before []byte) bool {
	before = bytes.TrimRight(before[max(0, len(before)-16):], " ") // no more than the longest of them needs
	w := before[bytes.LastIndexByte(before, ' ')+1:]
	switch string(w) {
	case "for", "by", "as", "of", "from", "to", "with",
		"invalid", "Invalid", "unknown", "Unknown", "illegal", "Illegal", "new", "New":
		return true
	}
	return false
}
