// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

import (
	"hash/maphash"
	"strings"
)

// Value returns the id of the value of an attribute: the keyed hash of the value masked as a body is behind "key=". The
// small value of a key that names an answer stays, and the value of user and username is masked as an account. The key is
// not part of the id.
func (m *Masker) Value(key, value string) uint64 {
	if accountKey(key) {
		if len(value) > 0 && accountEnd(view(value), 0, true) == len(value) {
			return maphash.String(seed, Mark)
		}
	} else if b := view(value); trigger(b, 0) == len(b) && strings.IndexByte(value, '\\') < 0 {
		return maphash.String(seed, value)
	}
	m.answers = Answers(key)
	return m.id(value)
}

// accountKey says whether the last part of a key is user or username.
func accountKey(key string) bool {
	if n := len(key); n < 4 || key[n-1] != 'r' && key[n-1] != 'e' {
		return false
	}
	s := strings.TrimSuffix(key, "name")
	u := len(s) - len("user")
	return u >= 0 && (s[u]|0x20 == 'u') && s[u+1:] == "ser" && (u == 0 || !is(s[u-1], word))
}
