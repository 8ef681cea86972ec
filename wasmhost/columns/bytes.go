// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

import "unsafe"

// view reads a string as bytes without copying it. Nothing in this package writes to a body or keeps it.
func view(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// Classes of bytes.
const (
	digit     = 1 << iota
	hexLetter // a to f in either case
	letter    // of ASCII
	wide      // part of a rune outside ASCII, or of no rune
	joiner    // joins the parts of one name: pod-7f-x, a.b.c, part_3
	separator // stands between the members of a list
	pathEnd   // ends a path
	leads     // stands before a number and may belong to it or to a date
	host      // may be part of a host name or of an address at one
	introduce // stands between a key and its value
	colon     // is joined to numbers alone
	word      = digit | letter
)

var class = buildClasses()

func buildClasses() (t [256]uint16) {
	for c := range t {
		switch b := byte(c) | 0x20; {
		case c >= 0x80:
			t[c] |= wide
		case 'a' <= b && b <= 'z' && c >= 'A':
			t[c] |= letter
			if b <= 'f' {
				t[c] |= hexLetter
			}
		case '0' <= c && c <= '9':
			t[c] |= digit
		case c <= ' ':
			t[c] |= pathEnd
		}
	}
	mark(&t, `-_./\~+@`, joiner)
	mark(&t, ":", colon)
	mark(&t, " \t,:;.-+/_|#~&*@", separator)
	mark(&t, "+-, <~", leads)
	mark(&t, ".-_@", host)
	mark(&t, `"'<>()[]{},;|`, pathEnd)
	mark(&t, " \t\"'=:\\([>", introduce)
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
