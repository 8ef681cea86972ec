// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package severity

import "strings"

func openWide(s string) byte {
	switch {
	case strings.HasSuffix(s, "【"), strings.HasSuffix(s, "［"), strings.HasSuffix(s, "「"), strings.HasSuffix(s, "『"), strings.HasSuffix(s, "〔"):
		return '['
	case strings.HasSuffix(s, "（"):
		return '('
	case strings.HasSuffix(s, "《"), strings.HasSuffix(s, "〈"):
		return '<'
	case strings.HasSuffix(s, "｜"):
		return '|'
	}
	return 0x80
}

func closeWide(s string) byte {
	switch {
	case strings.HasPrefix(s, "】"), strings.HasPrefix(s, "］"), strings.HasPrefix(s, "」"), strings.HasPrefix(s, "』"), strings.HasPrefix(s, "〕"):
		return ']'
	case strings.HasPrefix(s, "）"):
		return ')'
	case strings.HasPrefix(s, "》"), strings.HasPrefix(s, "〉"):
		return '>'
	case strings.HasPrefix(s, "："):
		return ':'
	case strings.HasPrefix(s, "｜"):
		return '|'
	}
	return 0x80
}

// punctuation returns the length of the punctuation mark of CJK text or the full-width one at i,
// or 0.
func punctuation(s string, i int) int {
	if i+3 > len(s) || s[i] != 0xE3 && s[i] != 0xEF && s[i] != 0xE2 {
		return 0
	}
	switch {
	case s[i] == 0xE3 && s[i+1] == 0x80, // U+3000 to U+303F
		s[i] == 0xE2 && s[i+1] == 0x80, // dashes, quotes, bullets
		s[i] == 0xEF && s[i+1] == 0xBC && (s[i+2] <= 0x8F || s[i+2] >= 0x9A && s[i+2] <= 0xA0 || s[i+2] >= 0xBB),
		s[i] == 0xEF && s[i+1] == 0xBD && (s[i+2] == 0x80 || s[i+2] >= 0x9B && s[i+2] <= 0xA5),
		s[i] == 0xEF && s[i+1] == 0xBB && s[i+2] == 0xBF: // byte order mark
		return 3
	}
	return 0
}
