// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package severity

import "strings"

// headSize is where a level token is looked for, in bytes from the start of a line.
const headSize = 128

// maxProse is how many words of a sentence end the head of a line.
const maxProse = 6

// place says what stands before a word in the head of a line.
type place uint8

const (
	atStart  place = iota // nothing
	inHeader              // times, numbers, things in brackets
	inPrefix              // a name with a colon, like that of a program or a logger
	inProse               // other words
)

// scanner reads the head of a line, word by word.
type scanner struct {
	s        string
	i, end   int
	place    place
	brackets int
	words    int    // in a row, of prose
	last     string // the word before
	wide     bool   // there are words that are not ASCII
}

// token looks for a level near the start of a line. It returns where it is, or -1.
func (f *Finder) token(s string, start int) int {
	if n, at, src := head(s, start); n != 0 {
		rank := trustToken
		if src == Priority {
			rank = trustPriority
		}
		text := ""
		if at >= 0 {
			text = s[at : at+1]
		}
		f.offer(rank, Result{Number: n, Text: text, Confidence: Strong, Source: src})
		if src != Priority {
			return start
		}
		start += strings.IndexByte(s[start:], '>') + 1
	}
	sc := scanner{s: s, i: start, end: start + headSize}
	for sc.i < len(s) && sc.i < sc.end {
		at, end := sc.word()
		if at == end {
			continue
		}
		n := uint8(0)
		switch {
		case end-at == 1:
			n = upperLetter(s[at])
		case s[end-1]-'0' < 10 && isKlog(s, at, end):
			f.offer(trustToken, Result{Text: s[at : at+1], Number: upperLetter(s[at]), Confidence: Strong, Source: Klog})
			return at
		case s[at] >= 0x80 || s[end-1] < 'A' || words.mayBe(s[at:end]):
			n = wordOf(s[at:end])
		}
		if n == 0 && end < len(s) && s[end] == ':' && end-at > 7 && sc.place != inProse {
			if n = ending(s[at:end]); n != 0 {
				f.offer(trustToken, Result{Number: n, Confidence: Strong, Source: Crash, Severe: n >= numError})
				return at
			}
		}
		if n != 0 {
			if sure := sc.judge(at, end, n); sure != None {
				f.offer(trustToken, Result{Number: n, Text: s[at:end], Confidence: sure, Source: Token})
				return at
			}
		}
		if first := sc.place <= inHeader && sc.brackets == 0; first && at > start {
			if n := crashLine(lineAt(s, at)); n != 0 {
				f.severe(n, Crash)
			}
		}
		if sc.pass(at, end); sc.words > maxProse {
			break
		}
		if sc.place == inPrefix && sc.words == 0 && end+2 < len(s) {
			if n := crashLine(lineAt(s, end+2)); n != 0 {
				f.severe(n, Crash)
			}
		}
	}
	if sc.wide {
		f.widePairs(s)
	}
	return -1
}

// lineAt returns the rest of the line at i, or enough of it.
func lineAt(s string, i int) string {
	s = s[i:min(len(s), i+maxRequest)]
	if end := strings.IndexByte(s, '\n'); end >= 0 {
		s = s[:end]
	}
	return s
}

// ending judges the name of a class before a colon by its end: ValueError, DeprecationWarning.
func ending(name string) uint8 {
	switch {
	case name[0]-'A' >= 26:
	case strings.HasSuffix(name, "RejectionWarning"), strings.HasSuffix(name, "Error"), strings.HasSuffix(name, "Exception"):
		return numError
	case strings.HasSuffix(name, "Warning"):
		return numWarn
	}
	return 0
}

// word moves to the next word that may be a level and returns it. It returns an empty one where
// there is none, and moves on all the same.
func (sc *scanner) word() (at, end int) {
	s := sc.s
	for sc.i < len(s) && sc.i < sc.end {
		switch c := s[sc.i]; classes[c] {
		case isWide:
			if n := punctuation(s, sc.i); n != 0 {
				sc.i += n
				continue
			}
			sc.wide = true
			fallthrough
		case isASCII:
			at, end = sc.i, sc.i+1
			for end < len(s) && classes[s[end]] >= isDigit && (s[end] < 0x80 || punctuation(s, end) == 0) {
				end++
			}
			sc.i = end
			return at, end
		case isDigit:
			if c == '_' {
				sc.i++
				continue
			}
			sc.digits()
			return 0, 0
		case isOpening:
			sc.brackets++
			sc.i++
		case isClosing:
			sc.brackets = max(sc.brackets-1, 0)
			sc.i++
			if sc.place == atStart {
				sc.place = inHeader
			}
		case isQuote:
			if sc.i++; startsRequest(s[sc.i:]) {
				sc.i = len(s)
			}
		case isEscape:
			if end := skipEscape(s, sc.i); end > sc.i {
				sc.i = end
			} else {
				sc.i += 2 // \t and the like in JSON
			}
		default:
			sc.i++
		}
	}
	return 0, 0
}

// The classes of bytes in the head of a line. Words have the last ones.
const (
	isOther uint8 = iota
	isOpening
	isClosing
	isQuote
	isEscape
	isDigit // or an underscore
	isASCII // a letter
	isWide  // a byte of a character that is not ASCII
)

var classes = func() (t [256]uint8) {
	for c := range t {
		switch {
		case c >= 0x80:
			t[c] = isWide
		case lower(byte(c))-'a' < 26:
			t[c] = isASCII
		case c == '_' || c >= '0' && c <= '9':
			t[c] = isDigit
		}
	}
	for class, set := range [...]string{isOpening: "[(<{", isClosing: "])>}", isQuote: `"`, isEscape: "\x1b\\"} {
		for _, c := range []byte(set) {
			t[c] = uint8(class)
		}
	}
	return t
}()

// startsRequest says whether s starts with the method and the path of a request.
func startsRequest(s string) bool {
	i := 0
	for i < len(s) && i < 8 && s[i]-'A' < 26 {
		i++
	}
	return i >= 3 && has(s, i, " ")
}

// digits moves past a number, a time or an address.
func (sc *scanner) digits() {
	s, i := sc.s, sc.i
	for i < len(s) && joins[s[i]] {
		i++
	}
	if i < len(s) && (s[i]|0x20)-'a' < 26 { // T, Z, AM, units, hexadecimal
		j := i + 1
		for j < len(s) && (s[j]|0x20)-'a' < 26 {
			j++
		}
		if wordOf(s[i:j]) == 0 || j < len(s) && s[j]-'0' < 10 {
			i = j
		}
	}
	sc.i = i
	if sc.place == atStart {
		sc.place = inHeader
	}
}

// joins are the bytes of numbers, times and addresses.
var joins = func() (t [256]bool) {
	for _, c := range []byte("0123456789.:,-/+") {
		t[c] = true
	}
	return t
}()

// pass notes a word that is no level.
func (sc *scanner) pass(at, end int) {
	s := sc.s
	if sc.brackets > 0 {
		return
	}
	sc.last = s[at:end]
	next := byte(' ')
	if end < len(s) {
		next = s[end]
	}
	switch {
	case next == ':' && (end+1 == len(s) || s[end+1] == ' ' || s[end+1] == '\t'):
		sc.place, sc.words = inPrefix, 0
	case isNeutral(s[at:end]):
		if sc.place == atStart {
			sc.place = inHeader
		}
	case next != ' ' || at > 0 && s[at-1] != ' ' && s[at-1] != '\t':
		if sc.place == atStart {
			sc.place = inHeader
		}
	default:
		sc.words++
		sc.place = inProse
	}
}

// isNeutral says whether a word belongs to a time, or is an abbreviation.
func isNeutral(w string) bool {
	if len(w) > 9 || w[0] >= 'a' && w[0] < 0x80 {
		return false
	}
	upper := true
	for i := range len(w) {
		upper = upper && w[i]-'A' < 26
	}
	if upper {
		return true
	}
	if w[0] >= 0x80 || len(w) == 3 && strings.Contains("JanFebMarAprMayJunJulAugSepOctNovDecMonTueWedThuFriSatSun", w) {
		return true
	}
	return false
}

// soft says whether a level is a word of sentences as well. It is a level at the place of one only.
func soft(n uint8, w string) bool { return n < numWarn || isVerb(w) }

// isVerb says whether a word starts sentences: "Failed to connect".
func isVerb(w string) bool {
	switch len(w) {
	case 3:
		return strings.EqualFold(w, "not") || strings.EqualFold(w, "all") || strings.EqualFold(w, "log")
	case 4:
		return strings.EqualFold(w, "fail") || strings.EqualFold(w, "note")
	case 5:
		return strings.EqualFold(w, "audit") || strings.EqualFold(w, "panic")
	case 6:
		return strings.EqualFold(w, "failed") || strings.EqualFold(w, "assert") || strings.EqualFold(w, "normal") || strings.EqualFold(w, "silent")
	case 7:
		return strings.EqualFold(w, "failure") || strings.EqualFold(w, "success")
	case 12:
		return strings.EqualFold(w, "notification")
	}
	return false
}

// judge says whether a word that is a level is there as one.
func (sc *scanner) judge(at, end int, n uint8) Confidence {
	s := sc.s
	verb := isVerb(s[at:end]) || isName(s[at:end])
	if sc.place != inProse && !verb && end-at > 1 && end < len(s) && s[end] == ' ' && (at == 0 || s[at-1] == ' ') && isUpper(s[at:end]) {
		return Strong
	}
	coloured := at >= 3 && s[at-1] == 'm' && isColour(s[:at])
	before, prev := sc.before(at)
	after, next := sc.after(end)
	upper := isUpper(s[at:end])
	single := end-at == 1
	inSide := opens(prev) && closes(next)
	switch {
	case inSide && (prev != '(' || upper || sc.place <= inHeader) && (prev != '<' || upper || sc.place != inProse):
		if single && (strings.IndexByte("PSA", s[at]) >= 0 || prev != '[' && strings.IndexByte("DEFIW", s[at]) < 0) {
			return None // (C) is no level
		}
		return Strong
	case single:
		return sc.judgeLetter(at, end, before, after, prev, next)
	case coloured && end < len(s) && (s[end] == 0x1b || s[end] == '\\' || s[end] == ' ' || s[end] == ':'):
		return Strong
	case sc.brackets > 0 && next == ']' && (before == ':' || before == '/' || before == '|' || before == '.' || before == ' ' && sc.place != inProse) && after != ' ':
		return Strong
	case prev == '\t' && next == '\t':
		return Strong
	case before == ' ' && after == ' ' && (prev == '-' && next == '-' || prev == '|' && next == '|'):
		return Strong
	case upper && isBefore(before) && isAfter(s, end, after) && !(after == ':' && says(s, end)):
		if sc.place == inProse && (soft(n, s[at:end]) || mentions(sc.last)) || verb && sc.place == atStart && after == ' ' && next != '-' && next != '|' {
			return None
		}
		if sc.place == inProse {
			return Weak
		}
		return Strong
	case upper && before == '.' && after == ':': // Monolog: app.ERROR:
		return Strong
	}
	if s[at] >= 0x80 {
		return sc.judgeForeign(end, before, after, next)
	}
	return sc.judgeLower(at, end, n, before, after, next)
}

// judgeLower judges a word that is not in capitals and not in brackets.
func (sc *scanner) judgeLower(at, end int, n uint8, before, after, next byte) Confidence {
	s := sc.s
	if before == ':' && after == ' ' && sc.place != inProse && n >= numWarn { // the package debug of Node: app:error
		return Weak
	}
	if before == '.' && after == ' ' && isFacility(s[:at-1]) || n == numFatal && has(s, end, " serving ") && sc.place == inPrefix {
		return Strong
	}
	if isName(s[at:end]) {
		return None
	}
	if before != ' ' && before != '\t' && before != 0 && before != ']' && before != ')' && before != '|' && before != '>' {
		return None
	}
	if after == ' ' && sc.place != inProse { // fatal error: ...
		j := end + 1
		for j < len(s) && isLetter(s[j]) {
			j++
		}
		if j < len(s) && s[j] == ':' && wordOf(s[end+1:j]) != 0 {
			return Strong
		}
	}
	if after == ':' && (end+1 == len(s) || !isKeyByte(s[end+1]) && s[end+1] != '/' && s[end+1] != ':') {
		if says(s, end) {
			return None
		}
		switch {
		case sc.place == inProse && (sc.words > 1 || soft(n, s[at:end]) || denies(sc.last)):
			return None
		case sc.place == inProse:
			return Weak
		}
		return Strong
	}
	if sc.place == inHeader && sc.brackets == 0 && (after == ' ' || after == '\t' || after == '|') {
		if next == '=' || n < numInfo || isVerb(s[at:end]) {
			return None
		}
		return Weak
	}
	if sc.place == atStart && n >= numInfo && after == ' ' && isYear(s, end+1) {
		return Strong
	}
	if sc.place == atStart && (after == '\t' || after == '|' || next == '|' || after == ' ' && has(s, end+1, " ")) {
		return Weak
	}
	return None
}

// isYear says whether a date starts at i.
func isYear(s string, i int) bool {
	return i+5 <= len(s) && s[i] == '2' && s[i+1] == '0' && (s[i+4] == '-' || s[i+4] == '/')
}

// isFacility says whether s ends in a facility of syslog, as BusyBox writes it: daemon.err.
func isFacility(s string) bool {
	i := strings.LastIndexByte(s, ' ') + 1
	switch s[i:] {
	case "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp":
		return true
	}
	return len(s)-i == 6 && s[i:len(s)-1] == "local"
}

// judgeForeign judges a word that is not ASCII.
func (sc *scanner) judgeForeign(end int, before, after, next byte) Confidence {
	switch {
	case sc.brackets > 0 || before != 0 && before != ' ' && before != '\t' && before != ']' && before != '|':
		return None
	case after == ':' || strings.HasPrefix(sc.s[end:], "：") || strings.HasPrefix(sc.s[end:], "】"):
		if says(sc.s, end) {
			return None
		}
		return Strong
	case (sc.place == inHeader || sc.place == atStart) && (after == ' ' || after == '\t' || after == '[' || after == '|'):
		return Strong
	}
	return None
}

// judgeLetter judges a level of one letter: after a time, before a component.
func (sc *scanner) judgeLetter(at, end int, before, after, prev, next byte) Confidence {
	s := sc.s
	switch {
	case before == '[' && after == ' ' && sc.brackets > 0 && end+1 < len(s) && s[end+1]-'0' < 10: // Tornado: [E 250102 10:00:00 web:1]
		return Strong
	case sc.place == atStart && before == 0 && after == ' ' && isYear(s, end+1):
		return Strong
	case sc.place != inHeader || sc.brackets > 0:
		return None
	case before == ' ' && (after == ' ' || after == '\t') && prev != '-':
		if s[at] == 'A' || s[at] == 'N' || s[at] == 'S' || s[at] == 'P' || s[at] == 'T' {
			return None
		}
		if next-'A' < 26 || next == '[' || next == '-' || next == '|' || next == ':' || next-'a' < 26 {
			return Weak
		}
	case before == '\t' && after == '\t', prev == '|' && next == '|':
		return Strong
	}
	return None
}

// says reads what follows a colon: null and the like say that there is no error.
func says(s string, end int) bool {
	rest := s[end:]
	if strings.HasPrefix(rest, "：") {
		rest = rest[2:]
	}
	rest = strings.TrimLeft(rest[1:], " \t")
	if rest == "" {
		return false
	}
	w := rest
	if i := strings.IndexAny(w[:min(len(w), 12)], " ,;.\n\t}"); i >= 0 {
		w = w[:i]
	}
	return isNothing(w) && w != "no" && w != "-" && w != "ok" || strings.HasPrefix(rest, "no error")
}

// mentions says whether the word before a level makes it a part of the sentence: set to ERROR.
func mentions(w string) bool {
	switch w {
	case "to", "from", "level", "is", "in", "as", "of", "or", "and", "no", "not", "an", "a", "any", "the", "with", "without", "for", "at":
		return true
	}
	return false
}

// isName says whether a level is the name of something else, if it is not in capitals.
func isName(w string) bool {
	switch len(w) {
	case 3:
		return strings.EqualFold(w, "all") || strings.EqualFold(w, "not") || strings.EqualFold(w, "cfg")
	case 4:
		return strings.EqualFold(w, "conf") || strings.EqualFold(w, "fine")
	case 6:
		return strings.EqualFold(w, "config")
	}
	return false
}

func denies(w string) bool {
	switch len(w) {
	case 2:
		return strings.EqualFold(w, "no")
	case 3:
		return strings.EqualFold(w, "any")
	case 4:
		return strings.EqualFold(w, "last") || strings.EqualFold(w, "zero")
	case 7:
		return strings.EqualFold(w, "without")
	case 8:
		return strings.EqualFold(w, "previous")
	}
	return false
}

// before returns the byte before a word and the last one that is no space. Colours are none.
func (sc *scanner) before(at int) (before, prev byte) {
	s := sc.s
	i := at
	for i > 0 && s[i-1] == 'm' && isColour(s[:i]) {
		i = strings.LastIndexByte(s[:i], '[') - 1
		if i > 0 && s[i] != 0x1b {
			i = strings.LastIndexByte(s[:i], '\\')
		}
		i = max(i, 0)
	}
	if i == 0 {
		return 0, 0
	}
	if before = s[i-1]; before >= 0x80 {
		return openWide(s[:i]), openWide(s[:i])
	}
	if i > 1 && s[i-2] == '\\' && before == 't' {
		return '\t', '\t'
	}
	for i > 0 && s[i-1] == ' ' {
		i--
	}
	if i == 0 {
		return before, 0
	}
	if prev = s[i-1]; prev >= 0x80 {
		prev = openWide(s[:i])
	}
	return before, prev
}

// after returns the byte after a word and the first one that is no space.
func (sc *scanner) after(end int) (after, next byte) {
	s := sc.s
	for end < len(s) && (s[end] == 0x1b || s[end] == '\\') {
		e := skipEscape(s, end)
		if e == end {
			break
		}
		end = e
	}
	if end >= len(s) {
		return '\n', '\n'
	}
	if after = s[end]; after == '\\' {
		return '\t', '\t'
	}
	if after >= 0x80 {
		after = closeWide(s[end:])
		return after, after
	}
	for end < len(s) && s[end] == ' ' {
		end++
	}
	if end >= len(s) {
		return after, '\n'
	}
	return after, s[end]
}

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

func opens(c byte) bool { return c == '[' || c == '(' || c == '<' || c == '|' || c == '{' || c == '\t' }
func closes(c byte) bool {
	return c == ']' || c == ')' || c == '>' || c == '|' || c == '}' || c == '\t'
}

func isBefore(c byte) bool {
	switch c {
	case 0, ' ', '\t', '\n', '[', '(', '<', '{', '|', ',', '-', '*', '#', '>', ':', ']', ')', '}', '"', ';', '=':
		return true
	}
	return false
}

func isAfter(s string, end int, c byte) bool {
	switch c {
	case ' ', '\t', '\n', '\r', ':', ']', ')', '>', '|', ',', '*', '!', ';', '}', '#', '[', '"', '/', '\'', '<':
		return true
	case '-':
		return has(s, end+1, " ") || has(s, end+1, "-") || has(s, end+1, "[")
	}
	return false
}

func isUpper(w string) bool {
	for i := range len(w) {
		if w[i] >= 0x80 || w[i]-'a' < 26 {
			return false
		}
	}
	return true
}

func upperLetter(c byte) uint8 {
	if c-'A' < 26 {
		return letters[c-'A']
	}
	return 0
}

// isColour says whether s ends in an escape sequence that sets a colour.
func isColour(s string) bool {
	i := len(s) - 2
	for i >= 0 && (s[i]-'0' < 10 || s[i] == ';') {
		i--
	}
	return i > 0 && s[i] == '[' && (s[i-1] == 0x1b || has(s, i-6, `\u001b`) || has(s, i-6, `\u001B`) || has(s, i-4, `\x1b`) || has(s, i-4, `\033`))
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
