// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package severity

import "strings"

// judge says whether a word that is a level is there as one.
func (sc *scanner) judge(at, end int, n uint8) Confidence {
	s := sc.s
	verb := common(s[at:end]) == 0 && (isVerb(s[at:end]) || isName(s[at:end]))
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
	case inSide && verb && s[at] >= 'a' && n < numWarn: // the name of a log: [audit]
		return None
	case inSide && (prev != '(' || upper || sc.place <= inHeader) && (prev != '<' || upper || sc.place != inProse || has(s, end, ">:")):
		if single && (strings.IndexByte("PSA", s[at]) >= 0 || prev != '[' && !isDEFIW(s[at])) {
			return None // (C) is no level
		}
		return Strong
	case single:
		return sc.judgeLetter(at, end, before, after, prev, next)
	case coloured && end < len(s) && (s[end] == 0x1b || s[end] == '[' || s[end] == '\\' || s[end] == ' ' || s[end] == ':'):
		return Strong
	case sc.brackets > 0 && next == ']' && !verb && (before == ':' || before == '/' || before == '|' || before == '.' || before == ' ' && sc.place != inProse) && after != ' ':
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
		if j < len(s) && s[j] == ':' && wordOf(s[end+1:j]) >= numWarn {
			return Strong
		}
	}
	if after == ' ' && sc.last == "npm" && (n == numError || n == numWarn) {
		return Strong
	}
	if after == ':' && (end+1 == len(s) || s[end] >= 0x80 || !isKeyByte(s[end+1]) && s[end+1] != '/' && s[end+1] != ':') {
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
	if sc.place == atStart && n >= numWarn && has(s, end, " - ") {
		return Weak
	}
	if sc.place == inPrefix && n >= numError && has(s, end, " (") && !isVerb(s[at:end]) { // kernel: EXT4-fs error (device sda1):
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
	case after == ' ' && deniesWide(sc.s[end+1:]):
		return None
	case (sc.place == inHeader || sc.place == atStart && !isHangul(sc.s[end-3:end])) && (after == ' ' || after == '\t' || after == '[' || after == '|'):
		return Strong
	}
	return None
}

// judgeLetter judges a level of one letter: after a time, before a component.
func (sc *scanner) judgeLetter(at, end int, before, after, prev, next byte) Confidence {
	s := sc.s
	switch {
	case before == '[' && after == ' ' && sc.brackets > 0 && end+1 < len(s) && (s[end+1]-'0' < 10 || isDEFIW(s[at]) && isPlace(s[end+1:])):
		return Strong // Tornado: [E 250102 10:00:00 web:1], PyTorch: [W socket.cpp:601]
	case sc.place == atStart && before == 0 && after == ' ' && isYear(s, end+1):
		return Strong
	case sc.place == atStart && before == 0 && has(s, end, ": ") && isDEFIW(s[at]):
		return Weak
	case sc.brackets == 0 && sc.place <= inHeader && before != 0 && after == '!' && next == '!' && has(s, end, "! ") && isDEFIW(s[at]): // Telegraf
		return Strong
	case sc.place != inHeader || sc.brackets > 0:
		return None
	case before == ' ' && after == '|' && isDEFIW(s[at]):
		return Strong
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

// isPlace says whether a text starts with a place in C++ and a bracket: socket.cpp:601].
func isPlace(s string) bool {
	i := 0
	for i < len(s) && isKeyByte(s[i]) {
		i++
	}
	if name := s[:i]; !strings.HasSuffix(name, ".cpp") && !strings.HasSuffix(name, ".cc") && !strings.HasSuffix(name, ".cu") && !strings.HasSuffix(name, ".h") && !strings.HasSuffix(name, ".hpp") {
		return false
	}
	return i+1 < len(s) && s[i] == ':' && s[i+1]-'0' < 10
}

// isDEFIW says whether a letter is that of a level of all loggers.
func isDEFIW(c byte) bool { return strings.IndexByte("DEFIW", c) >= 0 }

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
	if isNothing(w) && (len(w) == len(rest) || w != "no" && w != "-" && w != "ok") {
		return true
	}
	return strings.HasPrefix(rest, "no error")
}

// mentions says whether the word before a level makes it a part of the sentence: set to ERROR.
func mentions(w string) bool {
	switch w {
	case "to", "from", "level", "is", "in", "as", "of", "or", "and", "no", "not", "an", "a", "any", "the", "with", "without", "for", "at":
		return true
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

// isHangul says whether a character is of Korean, which has spaces between words.
func isHangul(s string) bool { return s >= "가" && s <= "힣" }

// deniesWide says whether a text that follows a level says that there is none: 오류 없음.
func deniesWide(s string) bool {
	for _, no := range [...]string{"없", "なし", "無し", "ありません", "无", "無", "没有", "沒有", "нет"} {
		if strings.HasPrefix(s, no) {
			return true
		}
	}
	return false
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
	case ' ', '\t', '\n', '\r', ':', ']', ')', '(', '>', '|', ',', '*', '!', ';', '}', '#', '[', '"', '/', '\'', '<':
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
