// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package severity

import "strings"

// quick looks for a level whose value is a word in the part of an object before its first inner
// object. All keys of a level there have a v, which is rare in other text, so that most of the
// object is skipped at the speed of IndexByte. It returns from where on the object may tell of a
// failure, or -1 if the object has to be walked.
func (f *Finder) quick(body string, start int) int {
	for i := start + 1; ; i++ {
		v := strings.IndexByte(body[i:], 'v')
		if v < 0 {
			return -1
		}
		i += v
		k, value := kindLevel, i+5
		if i < start+4 || i+6 > len(body) || body[i-3:i+5] != `"level":` || body[i+5] != '"' || body[i-4] != ',' && body[i-4] != '{' {
			if !isLevelKey(body, i) {
				continue
			}
			ok := false
			if k, value, ok = entryAround(body, i); !ok || !k.isLevel() {
				continue
			}
		}
		if strings.IndexByte(body[start+1:i], '{') >= 0 || value >= len(body) {
			return -1 // maybe of an inner object
		}
		if body[value] != '"' { // a number, whose scale the other keys tell
			if k == kindLevel && has(body, value+2, `,"time":`) && f.pino(body[value:value+2]) {
				return start
			}
			return -1
		}
		n, text := levelWord(stringAt(body, value+1))
		if n == 0 {
			return -1
		}
		f.offer(k.trust(), n, text, Certain, JSON)
		if i < start+maxTime && (body[start+1:start+3] == `"t` || body[start+1:start+4] == `"@t`) {
			return value
		}
		return start
	}
}

// maxTime is the length of a first field that is a time, and of the start of the key behind it.
const maxTime = 56

// pino takes a level of two digits before the time, as pino writes it.
func (f *Finder) pino(digits string) bool {
	n, ok := number(digits)
	if ok {
		f.number = candidate{digits, int32(n), kindLevel, JSON, false}
		f.about |= likePino
	}
	return ok
}

// mongo reads the letter of a line of MongoDB, whose second key is s.
func (f *Finder) mongo(body string, start int) bool {
	if start+2 >= len(body) || body[start+2] != 't' || !has(body, start, `{"t":{"$date":"`) {
		return false
	}
	s := body[start:]
	end := strings.IndexByte(s, '}')
	if !has(s, end, `},"s":"`) || end+10 > len(s) {
		return false
	}
	n, text := levelWord(stringAt(s, end+7))
	if n != 0 {
		f.offer(kindShort.trust(), n, text, Strong, JSON)
	}
	return n != 0
}

// isLevelKey says whether the v at i may be that of level, lvl, severity or sev.
func isLevelKey(s string, i int) bool {
	if i == 0 || i+2 >= len(s) {
		return false
	}
	switch s[i-1] | 0x20 {
	case 'e':
		next := s[i+2] | 0x20
		return s[i+1]|0x20 == 'e' && (next == 'l' || next == 'r') || !isLetter(s[i+1])
	case 'l':
		return s[i+1]|0x20 == 'l' || s[i+1]|0x20 == 'e'
	}
	return false
}

// entryAround reads the key of an object around the byte at i. It returns the start of its value.
func entryAround(s string, i int) (k kind, value int, ok bool) {
	var left, right int // of the key, quotes included
	for left = i - 1; left > 0 && isKeyByte(s[left]) && i-left < maxKey; left-- {
	}
	for right = i + 1; right < len(s) && isKeyByte(s[right]) && right-i < maxKey; right++ {
	}
	if left <= 0 || right >= len(s) || s[left] != '"' || s[right] != '"' {
		return 0, 0, false
	}
	if k = kindOf(s[left+1 : right]); k == kindOther {
		return 0, 0, false
	}
	for left--; left > 0 && isSpace(s[left]); left-- {
	}
	if s[left] != ',' && s[left] != '{' {
		return 0, 0, false
	}
	value = skipSpace(s, right+1)
	if value >= len(s) || s[value] != ':' {
		return 0, 0, false
	}
	return k, skipSpace(s, value+1), true
}

// stringAt returns the short text of a JSON string that starts at i. A longer one is cut.
func stringAt(s string, i int) string {
	for j := i; j < len(s) && j < i+4*maxWord; j++ {
		if s[j] == '"' {
			return s[i:j]
		}
	}
	return ""
}

// walker reads all keys of an object that count, in one pass.
type walker struct {
	body    string
	message string // the text of the record, its escapes as they are
	depth   int
	parent  kind // of the inner object at depth 2
}

// walk reads the object whose brace is at i. What is cut off, or no JSON, ends it.
func (w *walker) walk(f *Finder, i int) {
	s := w.body
	for i < len(s) {
		switch s[i] {
		case '{', '[':
			w.depth++
			if w.depth == 2 {
				w.parent = kindOther
			}
			i++
		case '}', ']':
			if w.depth--; w.depth == 0 {
				return
			}
			i++
		case '"':
			end := stringEnd(s, i+1)
			if end >= len(s) {
				return
			}
			colon := skipSpace(s, end+1)
			if colon >= len(s) || s[colon] != ':' {
				i = end + 1
				continue
			}
			i = w.entry(f, s[i+1:end], skipSpace(s, colon+1))
		default:
			i++
		}
	}
}

// entry judges a key and the value that starts at i. It returns where to go on.
func (w *walker) entry(f *Finder, key string, i int) int {
	s := w.body
	if i >= len(s) {
		return i
	}
	k := kindOther
	if w.depth == 1 || w.depth == 2 && w.parent != kindOther {
		k = kindOf(key)
	}
	switch s[i] {
	case '{':
		w.depth++
		if w.depth == 2 {
			w.parent = kindOther
			if k == kindLog || k == kindHTTP || k == kindData || k.isLevel() {
				w.parent = k
			}
		}
		return i + 1
	case '[':
		return i
	case '"':
		end := stringEnd(s, i+1)
		w.value(f, k, s[i+1:end], true)
		return min(end+1, len(s))
	}
	end := i
	for end < len(s) && s[end] != ',' && s[end] != '}' && s[end] != ']' && !isSpace(s[end]) {
		end++
	}
	w.value(f, k, s[i:end], false)
	return end
}

func (w *walker) value(f *Finder, k kind, value string, quoted bool) {
	if w.depth == 1 {
		f.about |= k.company()
		if quoted && (k == kindMessage || k == kindLog && w.message == "") {
			w.message = value
		}
	}
	if w.depth == 2 {
		word := quoted && wordOf(value) != 0
		switch {
		case w.parent == kindHTTP && k != kindStatus, w.parent == kindData && !(k.isLevel() && word):
			return
		case w.parent.isLevel():
			if !word || k != kindName && !k.isLevel() {
				return
			}
			k = w.parent
		}
	}
	f.inner = w.depth == 2 && !w.parent.isLevel()
	switch {
	case k == kindShort && !quoted:
		return
	case k.isLevel() && !quoted:
		if n, ok := number(value); ok {
			f.figure(k, n, value, JSON)
		}
	case k != kindOther:
		f.field(k, value, JSON)
	}
}

// stringEnd returns where the quote is that ends the string that starts at i, or len(s).
func stringEnd(s string, i int) int {
	for {
		q := strings.IndexByte(s[i:], '"')
		if q < 0 {
			return len(s)
		}
		i += q
		escapes := i - 1
		for escapes >= 0 && s[escapes] == '\\' {
			escapes--
		}
		if (i-escapes)%2 == 1 {
			return i
		}
		i++
	}
}

func skipSpace(s string, i int) int {
	for i < len(s) && isSpace(s[i]) {
		i++
	}
	return i
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// isKeyByte says whether keys that are not quoted have such a byte.
func isKeyByte(c byte) bool {
	return isLetter(c) || c-'0' < 10 || c == '_' || c == '-' || c == '.' || c == '@'
}

// isLetter says whether c is a letter of ASCII or a byte of a letter that is not.
func isLetter(c byte) bool { return (c|0x20)-'a' < 26 || c >= 0x80 }
