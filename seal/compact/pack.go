// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package compact

// Strings of hexadecimal digits, UUIDs, numbers and addresses are half of what is
// in a span. They are random, so that no compressor does what packing does.

// Classes of characters. A character of no class is not packed.
const (
	classDigit = 1 << iota
	classHex   // a to f
	classDash
	classDot
)

var classes = func() (t [256]byte) {
	for c := '0'; c <= '9'; c++ {
		t[c] = classDigit
	}
	for c := 'a'; c <= 'f'; c++ {
		t[c] = classHex
	}
	t['-'], t['.'] = classDash, classDot
	return t
}()

// packed writes s if one of the packed forms gives back exactly s.
func (e *Encoder) packed(s string) bool {
	seen := byte(0)
	for i := 0; i < len(s); i++ {
		class := classes[s[i]]
		if class == 0 {
			return false
		}
		seen |= class
	}
	switch seen {
	case classDigit:
		return e.decimal(s) || e.hex(s)
	case classHex, classDigit | classHex:
		return e.hex(s)
	case classDigit | classDot:
		return e.ipv4(s)
	default:
		return seen&classDot == 0 && e.uuid(s)
	}
}

// maxDigits keeps a number within 64 bits.
const maxDigits = 19

func (e *Encoder) decimal(s string) bool {
	if len(s) > maxDigits || (s[0] == '0' && len(s) > 1) {
		return false
	}
	n := uint64(0)
	for i := 0; i < len(s); i++ {
		n = n*10 + uint64(s[i]-'0')
	}
	e.number(formDecimal, n)
	return true
}

func (e *Encoder) hex(s string) bool {
	if len(s)%2 != 0 || len(s) < 2*minHexPairs {
		return false
	}
	e.length(formHex, len(s)/2-minHexPairs)
	e.pairs(s)
	return true
}

func (e *Encoder) pairs(s string) {
	for ; len(s) >= 2; s = s[2:] {
		e.tokens = append(e.tokens, nibble(s[0])<<4|nibble(s[1]))
	}
}

// nibble returns the value of a lower-case hexadecimal digit: the letters are nine
// more than their lower four bits.
func nibble(c byte) byte { return c&15 + c>>6*9 }

const uuidLen = 36

func (e *Encoder) uuid(s string) bool {
	if len(s) != uuidLen || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return false
	}
	parts := [...]string{s[:8], s[9:13], s[14:18], s[19:23], s[24:]}
	for _, part := range parts {
		for i := 0; i < len(part); i++ {
			if part[i] == '-' {
				return false
			}
		}
	}
	e.fixed(fixedUUID)
	for _, part := range parts {
		e.pairs(part)
	}
	return true
}

const maxIPv4 = len("255.255.255.255")

func (e *Encoder) ipv4(s string) bool {
	ip, ok := parseIPv4(s)
	if !ok {
		return false
	}
	e.fixed(fixedIPv4)
	e.tokens = append(e.tokens, ip[:]...)
	return true
}

// parseIPv4 reads four numbers without leading zeros. There are only digits and
// dots in s.
func parseIPv4(s string) (ip [4]byte, ok bool) {
	if len(s) > maxIPv4 {
		return ip, false
	}
	part, digits, n := 0, 0, 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && s[i] != '.' {
			if digits > 0 && n == 0 {
				return ip, false
			}
			n = n*10 + int(s[i]-'0')
			digits++
			continue
		}
		if digits == 0 || n > 255 || part == 4 {
			return ip, false
		}
		ip[part] = byte(n)
		part, digits, n = part+1, 0, 0
	}
	return ip, part == 4
}
