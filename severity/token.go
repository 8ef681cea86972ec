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
		f.offer(rank, n, text, Strong, src)
		if src != Priority {
			return start
		}
		start += strings.IndexByte(s[start:], '>') + 1
	}
	sc := scanner{s: s, i: start, end: start + headSize}
	for {
		at, end := sc.word()
		if at == end {
			break
		}
		n := uint8(0)
		switch {
		case s[at]-'0' < 8:
			f.offer(trustToken, syslog[s[at]-'0'], s[at:end], Strong, Token)
			return at
		case end-at == 1:
			n = upperLetter(s[at])
		case s[at] < 0x80 && !levels.may(s[at:end]):
		case isKlog(s, at, end):
			f.offer(trustToken, upperLetter(s[at]), s[at:at+1], Strong, Klog)
			return at
		default:
			n = wordOf(s[at:end])
		}
		if n == 0 && end < len(s) && s[end] == ':' && end-at > 7 && sc.place != inProse {
			if n = ending(s[at:end]); n != 0 {
				f.offer(trustToken, n, "", Strong, Crash)
				f.best.Severe = f.best.Severe || n >= numError
				return at
			}
		}
		if n == 0 && s[at] >= 0x80 && sc.place <= inHeader && sc.brackets == 0 && tellsWide(s, at, end) {
			f.offer(trustToken, numError, s[at:end], Weak, Token)
			return at
		}
		if n != 0 && !(sc.place == inPrefix && kindOf(sc.last) == kindLevel) { // a pair, which is judged as one
			if sure := sc.judge(at, end, n); sure != None {
				if sc.wide { // a pair before it
					f.widePairs(s[:at])
				}
				f.offer(trustToken, n, s[at:end], sure, Token)
				return at
			}
		}
		if sc.place <= inHeader && sc.brackets == 0 && at > start {
			if n := crashAt(s, at, end); n != 0 {
				f.severe(n, Crash)
			}
		}
		if sc.pass(at, end); sc.words > maxProse {
			break
		}
		if sc.place == inPrefix && sc.words == 0 && end+2 < len(s) {
			if n := crashAt(s, end+2, end+2); n != 0 {
				f.severe(n, Crash)
			}
		}
	}
	if sc.wide {
		f.widePairs(s)
	}
	return -1
}

// failures end words of Chinese, Japanese and Korean that tell of a failure.
var failures = [...]string{"错误", "錯誤", "异常", "異常", "失败", "失敗", "エラー", "오류", "실패"}

// tellsWide says whether a word before a colon tells of a failure by its end: 系统异常：连接超时.
func tellsWide(s string, at, end int) bool {
	colon := end < len(s) && s[end] == ':' || strings.HasPrefix(s[end:], "：")
	if !colon || says(s, end) {
		return false
	}
	for _, no := range [...]string{"没", "沒", "无", "無", "非", "未"} {
		if strings.Contains(s[at:end], no) {
			return false
		}
	}
	for _, w := range failures {
		if strings.HasSuffix(s[at:end], w) {
			return true
		}
	}
	return false
}

// crashAt judges the rest of the line at i, as crashLine does. The name there has no end before to.
func crashAt(s string, i, to int) uint8 {
	s, to = s[i:min(len(s), i+maxRequest)], to-i
	if len(s) < 2 {
		return 0
	}
	switch c := s[0]; {
	case starts.may(c, s[1]) || c == ' ' || c == '\t' || c == '#' || c == 'K':
	case !nameBytes[c] || !mayBeNamed(s, nameEnd(s, to)):
		return 0
	}
	if end := strings.IndexByte(s, '\n'); end >= 0 {
		s = s[:end]
	}
	return crashLine(s)
}

// mayBeNamed says whether named may know a line whose name ends at i.
func mayBeNamed(s string, i int) bool {
	if i+1 >= len(s) {
		return true
	}
	switch s[i] {
	case ' ':
		return s[i+1] == '(' || s[i+1] == '['
	case ':':
		return strings.IndexByte("rntbe", s[i-1]) >= 0 // Error, Exception, Fault, .rb, Throwable
	}
	return s[i] == '(' || s[i] == '\r' || s[i] == '\n'
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
