// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package severity

import "strings"

// head reads the forms that the first bytes of a line tell. It returns the number, where the
// letter of the level is or -1, and the source.
func head(s string, i int) (n uint8, at int, src Source) {
	if i+4 > len(s) {
		return 0, -1, Nowhere
	}
	switch c := s[i]; {
	case c == '<':
		if n, ok := priority(s[i+1:]); ok {
			return syslog[n&7], -1, Priority
		}
		return windowsEvent(s[i:]), -1, Token
	case c == '[' && s[i+1]-'A' < 26 && s[i+2]-'0' < 10 && i+8 < len(s): // PyTorch
		return letterHead(s, i+1)
	case c == '[' && has(s, i+1, "conmon:") && i+9 < len(s):
		return letterOf(s[i+8]), i + 8, Token
	case c == '=':
		return erlang(s[i:]), -1, Token
	case c-'A' < 26:
		return letterHead(s, i)
	case c-'0' < 10:
		if at := redis(s, i); at > 0 {
			return redisMark(s[at]), at, Token
		}
	}
	return 0, -1, Nowhere
}

// priority reads the PRI of syslog, 0 to 191, and its bracket.
func priority(s string) (n int, ok bool) {
	i := 0
	for ; i < len(s) && i < 3 && s[i]-'0' < 10; i++ {
		n = n*10 + int(s[i]-'0')
	}
	return n, i > 0 && n < 192 && i < len(s) && s[i] == '>'
}

// letterHead reads klog and glog (E0102 10:00, E20250102 10:00), Ruby (E, [2025) and logcat
// (E/Tag(123):).
func letterHead(s string, i int) (uint8, int, Source) {
	n := letters[s[i]-'A']
	if n == 0 {
		return 0, -1, Nowhere
	}
	switch s[i+1] {
	case ',':
		if has(s, i+2, " [") {
			return n, i, Klog
		}
	case ' ': // ESP-IDF
		if end := strings.IndexByte(s[i:min(len(s), i+16)], ')'); end > 3 && s[i+2] == '(' && s[i+3]-'0' < 10 && has(s, i+end, ") ") {
			return n, i, Klog
		}
	case '/':
		if colon := strings.IndexByte(s[i:min(len(s), i+48)], ':'); colon > 3 && (s[i+colon-1] == ')' || has(s, i+colon, ": ")) && !strings.Contains(s[i:i+colon], " /") {
			return n, i, Klog
		}
	default:
		d := i + 1
		for d < len(s) && s[d]-'0' < 10 {
			d++
		}
		if (d-i == 5 || d-i == 9) && d < len(s) && s[d] == ' ' && (d+3 > len(s) || s[d+1]-'0' < 10) {
			return n, i, Klog
		}
	}
	return 0, -1, Nowhere
}

// auditFailure are the keywords of an event of Windows that tells of a refused attempt.
const auditFailure = "0x8010000000000000"

// windowsEvent reads an event of Windows as XML.
func windowsEvent(s string) uint8 {
	if !has(s, 0, "<Event") {
		return 0
	}
	if strings.Contains(s, "<Keywords>"+auditFailure) {
		return numError
	}
	i := strings.Index(s, "<Level>") + len("<Level>")
	if i < len("<Level>") || i+1 >= len(s) || s[i+1] != '<' || int(s[i]-'0') >= len(windows) {
		return 0
	}
	return windows[s[i]-'0']
}

// cisco reads the severity of a message of Cisco and its like at the percent sign: %LINK-3-UPDOWN:.
// It returns where the digit is, or 0.
func cisco(s string, i int) int {
	end := i + 1
	for end < len(s) && end-i < 48 && (s[end]-'A' < 26 || s[end]-'0' < 10 || s[end] == '_' || s[end] == '-') {
		end++
	}
	if end == len(s) || s[end] != ':' || s[i+1]-'A' >= 26 {
		return 0
	}
	for j := i + 2; j+2 < end; j++ {
		if s[j] == '-' && s[j+1]-'0' < 8 && s[j+2] == '-' {
			return j + 1
		}
	}
	return 0
}

// isKlog says whether a word is the head of klog or glog, behind the head of another log.
func isKlog(s string, at, end int) bool {
	if end-at != 5 && end-at != 9 || strings.IndexByte("IWEF", s[at]) < 0 || end+2 >= len(s) || s[end] != ' ' || s[end+1]-'0' > 9 {
		return false
	}
	for _, c := range []byte(s[at+1 : end]) {
		if c-'0' > 9 {
			return false
		}
	}
	return true
}

// erlang reads the heads of Erlang's reports.
func erlang(s string) uint8 {
	for _, r := range [...]struct {
		text string
		n    uint8
	}{{"=ERROR REPORT", numError}, {"=CRASH REPORT", numError}, {"=SUPERVISOR REPORT", numError}, {"=WARNING REPORT", numWarn}, {"=INFO REPORT", numInfo}, {"=PROGRESS REPORT", numInfo},
		{"=NOTICE REPORT", numNotice}, {"=CRITICAL REPORT", numCrit}, {"=ALERT REPORT", numAlert}, {"=EMERGENCY REPORT", numFatal}, {"=DEBUG REPORT", numDebug}} {
		if strings.HasPrefix(s, r.text) {
			return r.n
		}
	}
	return 0
}

// redis returns where the mark of a line of Redis is, or 0: 123:M 02 Jan 2025 10:00:00.000 # text.
func redis(s string, i int) int {
	d := i
	for d < len(s) && s[d]-'0' < 10 {
		d++
	}
	mark := d + 28
	if mark+1 < len(s) && s[d] == ':' && s[d+2] == ' ' && s[d+5] == ' ' && s[d+9] == ' ' && s[d+14] == ' ' && s[d+17] == ':' && s[mark-1] == ' ' && s[mark+1] == ' ' {
		return mark
	}
	return 0
}

func redisMark(c byte) uint8 {
	switch c {
	case '#':
		return numWarn
	case '*':
		return numNotice
	case '-':
		return numTrace
	case '.':
		return numDebug
	}
	return 0
}
