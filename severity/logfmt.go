// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package severity

import "strings"

// maxTries is how many keys that look like that of a level are judged.
const maxTries = 16

// pairs looks for keys with values in a line: level=error, level: error, "level":"error", 级别=错误.
// A token at an earlier place than the level wins, if token is not negative.
func (f *Finder) pairs(s string, start, token int) {
	for _, v := range [...]byte{'v', 'V'} {
		tries := maxTries // each may read the text up to the key
		for i := start; i < len(s) && tries > 0; i++ {
			at := strings.IndexByte(s[i:], v)
			if at < 0 {
				break
			}
			if i += at; isLevelKey(s, i) {
				tries--
				i = f.pair(s, i, start, token)
			}
		}
	}
}

// startsPair says whether a line starts with a key and an equals sign.
func startsPair(s string, i int) bool {
	for end := min(len(s), i+maxKey); i < end; i++ {
		if !isKeyByte(s[i]) {
			return s[i] == '='
		}
	}
	return false
}

// fields reads all pairs of a line of logfmt that states no level: maybe its other fields tell of
// a failure, or its level has another key.
func (f *Finder) fields(s string, i int) {
	for i < len(s) {
		left := i
		for i < len(s) && isKeyByte(s[i]) {
			i++
		}
		if i == left || i+1 >= len(s) || s[i] != '=' {
			i = nextPair(s, i)
			continue
		}
		k := kindOf(s[left:i])
		i++
		value := i
		if s[i] == '"' {
			value++
			i = stringEnd(s, value)
			f.field(k, s[value:i], Logfmt)
			i++
		} else {
			for i < len(s) && !isSpace(s[i]) && s[i] != ',' {
				i++
			}
			f.field(k, s[value:i], Logfmt)
		}
		i = nextPair(s, i)
	}
}

// nextPair returns where the next word starts.
func nextPair(s string, i int) int {
	for i < len(s) && !isSpace(s[i]) && s[i] != ',' {
		i++
	}
	for i < len(s) && (isSpace(s[i]) || s[i] == ',') {
		i++
	}
	return i
}

// wideKeys are the keys of a level that are not ASCII.
var wideKeys = [...]string{"级别", "等级", "級別", "等級", "レベル", "레벨", "уровень", "Уровень"}

// widePairs looks for keys that are not ASCII.
func (f *Finder) widePairs(s string) {
	for _, key := range wideKeys {
		i := strings.Index(s, key)
		if i < 0 {
			continue
		}
		if value, sure := valueAt(s, i, i+len(key), i); value != "" {
			if n, text := levelWord(value); n != 0 {
				f.offer(kindLevel.trust(), n, text, sure, Logfmt)
			}
		}
	}
}

// pair judges the key around the byte at i. It returns where to go on.
func (f *Finder) pair(s string, i, start, token int) int {
	left, right := i, i+1
	for left > start && s[left-1] < 0x80 && isKeyByte(s[left-1]) && i-left < maxKey {
		left--
	}
	for right < len(s) && s[right] < 0x80 && isKeyByte(s[right]) && right-i < maxKey {
		right++
	}
	k := kindOf(s[left:right])
	if !k.isLevel() || token >= 0 && token < left {
		return right - 1
	}
	if !startsKey(s, left, start) {
		return right - 1
	}
	value, sure := valueAt(s, left, right, start)
	if value == "" || configures(s, left) {
		return right - 1
	}
	n, text := levelWord(value)
	if n == 0 {
		// A number in a sentence is no level: battery level: 5.
		if v, ok := number(value); ok && (quoteBefore(s, left, start) != 0 || sure == Certain && startsPair(s, start)) {
			f.figure(k, v, value, Logfmt)
		}
		return right - 1
	}
	f.offer(k.trust(), n, text, sure, Logfmt)
	return right - 1
}

// configures says whether the word before the key of a pair makes it a setting of a logger, or a
// condition of SQL: log level: ERROR, where level='ERROR'.
func configures(s string, left int) bool {
	end := left - 1
	if end < 1 || s[end] != ' ' {
		return false
	}
	i := end
	for i > 0 && (s[i-1]|0x20)-'a' < 26 {
		i--
	}
	switch w := s[i:end]; len(w) {
	case 2:
		return strings.EqualFold(w, "or")
	case 3:
		return i > 0 && strings.EqualFold(w, "log") || strings.EqualFold(w, "and") || strings.EqualFold(w, "min")
	case 5:
		return strings.EqualFold(w, "where")
	case 6:
		return strings.EqualFold(w, "logger")
	case 7:
		return strings.EqualFold(w, "logging") || strings.EqualFold(w, "minimum") || strings.EqualFold(w, "default") || strings.EqualFold(w, "current")
	}
	return false
}

// startsKey says whether a key may start at i: not in a URL, a path or a word.
func startsKey(s string, i, start int) bool {
	if i == start {
		return true
	}
	switch s[i-1] {
	case ' ', '\t', '\n', ',', ';', '|', '[', '(', '{', '"', '\'', '<':
		return true
	}
	return s[i-1] >= 0x80 // full-width punctuation
}

// valueAt returns the value after the key that ends at right.
func valueAt(s string, left, right, start int) (string, Confidence) {
	i := right
	if q := quoteBefore(s, left, start); q != 0 {
		if i >= len(s) || s[i] != q {
			return "", None
		}
		i++
	} else if inQuotes(s, start, left) {
		return "", None
	}
	colon := skipSpace(s, i)
	if colon >= len(s) {
		return "", None
	}
	sure := Certain
	switch {
	case s[colon] == '=':
	case s[colon] == ':':
		sure = Strong
	case strings.HasPrefix(s[colon:], "：") || strings.HasPrefix(s[colon:], "＝") || strings.HasPrefix(s[colon:], "】"):
		colon += 2
	default:
		return "", None
	}
	i = colon + 1
	if i < len(s) && (s[i] == '>' || s[i] == '=') { // "level"=>"error"
		i++
	}
	i = skipSpace(s, i)
	if i < len(s) && (s[i] == '"' || s[i] == '\'') {
		if end := strings.IndexByte(s[i+1:], s[i]); end >= 0 {
			return s[i+1 : i+1+end], sure
		}
		return "", None
	}
	end := i
	for end < len(s) && (isKeyByte(s[end]) || s[end] == 0x1b || s[end] == '[' && s[end-1] == 0x1b) && punctuation(s, end) == 0 {
		end++
	}
	return s[i:end], sure
}

// quoteBefore returns the quote that opens the key at i, as in JSON inside of a line, or 0.
func quoteBefore(s string, i, start int) byte {
	if i == start || s[i-1] != '"' && s[i-1] != '\'' {
		return 0
	}
	return s[i-1]
}

// inQuotes says whether the byte at i is in a quoted value that starts after an equals sign or
// a space.
func inQuotes(s string, start, i int) bool {
	if strings.Count(s[start:i], `"`) == 0 {
		return false
	}
	for j := start; ; {
		q := strings.IndexByte(s[j:i], '"')
		if q < 0 {
			return false
		}
		j += q
		if j > start && strings.IndexByte(" \t=:([{,|", s[j-1]) < 0 {
			j++
			continue
		}
		if j = stringEnd(s, j+1); j >= len(s) {
			return false // a quote that is alone
		}
		if j >= i {
			return true
		}
		j++
	}
}
