// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

import "unsafe"

// view reads a string as bytes without copying it. Nothing in this package writes to a body or keeps it.
func view(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// Classes of bytes. Bytes past ASCII count as letters, so that words of any script, and binary bodies, have words too.
const (
	digit     = 1 << iota
	hexLetter // a to f in either case
	letter
	joiner    // joins the parts of one name: pod-7f-x, a.b.c, part_3
	separator // stands between the members of a list
	pathEnd   // ends a path
	leads     // stands before a number and may belong to it or to what belongs to it
	host      // may be part of a host name or of an address at one
	word      = digit | letter
)

var class = buildClasses()

func buildClasses() (t [256]uint16) {
	for c := range t {
		switch b := byte(c) | 0x20; {
		case c >= 0x80, 'a' <= b && b <= 'z' && c >= 'A':
			t[c] |= letter
			if b <= 'f' && c < 0x80 {
				t[c] |= hexLetter
			}
		case '0' <= c && c <= '9':
			t[c] |= digit
		case c <= ' ':
			t[c] |= pathEnd
		}
	}
	mark(&t, `-_./\~+@`, joiner)
	mark(&t, " \t,:;.-+/_|#~&*@", separator)
	mark(&t, "+-:, <~", leads)
	mark(&t, ".-_@", host)
	mark(&t, `"'<>()[]{},;|`, pathEnd)
	for c := range t {
		if t[c]&word != 0 {
			t[c] |= host
		}
	}
	return t
}

func mark(t *[256]uint16, bytes string, as uint16) {
	for i := range len(bytes) {
		t[bytes[i]] |= as
	}
}

func is(c byte, k uint16) bool { return class[c]&k != 0 }
