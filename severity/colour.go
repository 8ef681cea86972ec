// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package severity

// isColour says whether s, which ends in an m, ends in a sequence that sets a colour.
func isColour(s string) bool { return colourStart(s) >= 0 }

// colourStart returns where the sequence starts that sets a colour and ends s, or -1. Some
// collectors take the escape character away and leave [31m.
func colourStart(s string) int {
	i := len(s) - 2
	for i >= 0 && (s[i]-'0' < 10 || s[i] == ';') {
		i--
	}
	switch {
	case i < 0 || s[i] != '[':
		return -1
	case i > 0 && s[i-1] == 0x1b:
		return i - 1
	case has(s, i-6, `\u001b`) || has(s, i-6, `\u001B`):
		return i - 6
	case has(s, i-4, `\x1b`) || has(s, i-4, `\033`):
		return i - 4
	case i < len(s)-2:
		return i
	}
	return -1
}

// skipEscape returns the end of the escape sequence at i, or i. Sequences that are written as
// text, as in JSON, count.
func skipEscape(s string, i int) int {
	j := i + 1
	if s[i] == '\\' {
		switch {
		case has(s, i, `\u001b`) || has(s, i, `\u001B`):
			j = i + 6
		case has(s, i, `\x1b`) || has(s, i, `\033`):
			j = i + 4
		default:
			return i
		}
	}
	if j >= len(s) || s[j] != '[' {
		return j
	}
	for j++; j < len(s) && (s[j]-'0' < 10 || s[j] == ';'); j++ {
	}
	return min(j+1, len(s))
}
