// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

// address finds the UUID, the hardware address or the IPv6 address that the hexadecimal word at s is a part of. Its groups
// may have no digit, so their number and lengths have to be right. stop is 0 where there is no such address.
func (m *Masker) address(s int) (start, stop int) {
	b := m.body
	for _, off := range [...]int{0, 9, 14, 19, 24} {
		if i := s - off; i >= m.lit && uuid(b, i) {
			return i, i + uuidSize
		}
	}
	return m.groups(s)
}

const uuidSize = 36

// uuid says whether 36 bytes at p have the shape 8-4-4-4-12. The slice of a pod has the UUID of the pod with underscores,
// behind "pod".
func uuid(b []byte, p int) bool {
	if p+uuidSize > len(b) || b[p+8] != '-' && b[p+8] != '_' || p > 0 && is(b[p-1], word) && !endsWith(b[:p], "pod") || p+uuidSize < len(b) && is(b[p+uuidSize], word) {
		return false
	}
	for i, c := range b[p : p+uuidSize] {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != b[p+8] {
				return false
			}
		} else if !is(c, digit|hexLetter) {
			return false
		}
	}
	return true
}

// groupsLimit bounds the text of groups: InfiniBand's hardware addresses are the longest, 20 groups of two.
const groupsLimit = 60

// groups finds the groups around s that colons or hyphens part.
func (m *Masker) groups(s int) (start, stop int) {
	b := m.body
	least, most := max(m.lit, s-groupsLimit), min(len(b), s+groupsLimit)
	for _, sep := range [...]byte{':', '-'} {
		start, stop = grow(b, s, least, most, sep)
		if m.grouped(start, stop, sep) {
			return start, stop
		}
	}
	return 0, 0
}

// grow extends the text at s over hexadecimal digits and the separator sep.
func grow(b []byte, s, least, most int, sep byte) (start, stop int) {
	start, stop = s, s
	for start > least && (b[start-1] == sep || is(b[start-1], digit|hexLetter)) {
		start--
	}
	for stop < most && (b[stop] == sep || is(b[stop], digit|hexLetter)) {
		stop++
	}
	for stop-1 > start && b[stop-1] == sep && b[stop-2] != sep { // "addr fe80::1: down"
		stop--
	}
	if start > 0 && is(b[start-1], word) { // en0:fe80::1
		for start < s && b[start] != sep {
			start++
		}
		start++
	}
	return start, stop
}

// grouped says whether the text is an address: six or more groups of two hexadecimal digits, as hardware addresses
// have, or, between colons, the groups of IPv6.
func (m *Masker) grouped(start, stop int, sep byte) bool {
	b := m.body
	if start >= stop || start > 0 && is(b[start-1], word) || stop < len(b) && is(b[stop], word) {
		return false
	}
	count, pairs, gaps := 0, 0, 0
	for i := start; i < stop; {
		e := i
		for e < stop && b[e] != sep {
			e++
		}
		switch e - i {
		case 0:
			if i > start {
				gaps++
			}
		case 2:
			pairs++
			count++
		case 1, 3, 4:
			count++
		default:
			return false
		}
		i = e + 1
	}
	if gaps == 0 && pairs == count && count >= 6 {
		return true
	}
	return sep == ':' && (gaps == 0 && count == 8 || gaps == 1 && count <= 7 && network(b[start:stop]))
}

// network says whether the first group is one that shortened addresses begin with, and not a word before "::".
func network(b []byte) bool {
	for i := 0; i < len(b) && i < 4; i++ {
		if b[i] == ':' {
			return false
		}
		if is(b[i], digit) {
			return true
		}
	}
	return len(b) > 4 && b[4] == ':'
}

// dottedQuad says whether the text begins with an IPv4 address.
func dottedQuad(b []byte, from, end int) bool {
	dots, size := 0, 0
	for ; from < end && dots+size < 16; from++ {
		switch c := b[from]; {
		case is(c, digit):
			size++
		case c == '.':
			dots++
		default:
			return dots == 3 && c == ':'
		}
	}
	return dots == 3 && from == end
}
