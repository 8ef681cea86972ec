// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

var lowered = buildLowered()

func buildLowered() (t [256]byte) {
	for i := range t {
		t[i] = byte(i)
		if 'A' <= i && i <= 'Z' {
			t[i] |= 0x20
		}
	}
	return t
}

func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		b[i] = lowered[c]
	}
	return string(b)
}

// equalFold compares s with low, which is lower case and of the same length.
func equalFold(s, low string) bool {
	for i := range len(low) {
		if lowered[s[i]] != low[i] {
			return false
		}
	}
	return true
}

// indexFold finds low, which is lower case, in s by the method of Knuth, Morris and Pratt: linear whatever the body.
func indexFold(s, low string, fails []uint16) int {
	n := 0
	for i := range len(s) {
		c := lowered[s[i]]
		for n > 0 && low[n] != c {
			n = int(fails[n-1])
		}
		if low[n] == c {
			n++
		}
		if n == len(low) {
			return i + 1 - n
		}
	}
	return -1
}

// failures has, for each prefix of s, the length of its longest border.
func failures(s string) []uint16 {
	f := make([]uint16, len(s))
	n := 0
	for i := 1; i < len(s); i++ {
		for n > 0 && s[n] != s[i] {
			n = int(f[n-1])
		}
		if s[n] == s[i] {
			n++
		}
		f[i] = uint16(n)
	}
	return f
}
