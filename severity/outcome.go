// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package severity

import "strings"

// The pairs of bytes without which no outcome is in a text.
const (
	pairStatus uint8 = 3      // a 5 behind a space, a quote, a colon and the like: two sets
	pairX      uint8 = 1 << 2 // exit, exception
	pairK      uint8 = 1 << 3 // OOMKilled, SIGKILL, Killed process, Kernel panic
	pairKill   uint8 = 3 << 4 // a k behind a space and the like, or a c: two sets
	pairFault  uint8 = 3 << 6 // fault, failed, memory: two sets
)

var outcomePairs = newDigrams(
	digram{" \t\"'/", "5"}, digram{"=:>[|", "5"}, digram{"x", "ic"}, digram{"K", "iIe"},
	digram{"-_ \"\n:", "k"}, digram{"c", "k"}, digram{"f", "a"}, digram{"y", ":"},
)

// outcomes looks for failures that may stand anywhere in a text, whatever its level. Most texts have
// no pair of bytes of any, and are passed with one look.
func (f *Finder) outcomes(s string) {
	if f.best.Number < numError && len(s) >= 4 {
		f.outcomesOf(s, outcomePairs.in(s))
	}
}

// outcomesOf looks for the outcomes that a text with these pairs may have.
func (f *Finder) outcomesOf(s string, pairs uint8) {
	if pairs&pairStatus != 0 {
		f.statuses(s)
	}
	if pairs&pairX != 0 {
		f.exits(s)
	}
	if pairs&pairK != 0 {
		f.capitalKills(s)
	}
	if (pairs&pairKill != 0 || s[0] == 'k') && (!f.stated() || len(s) > shortText) {
		f.kills(s)
	}
	if !f.stated() {
		f.faults(s, pairs)
	}
}

// statuses looks for the status of a request that the server failed.
func (f *Finder) statuses(s string) {
	for i := 1; ; i++ {
		n := strings.IndexByte(s[i:], '5')
		if n < 0 {
			return
		}
		i += n
		if before := s[i-1]; before-'0' >= 10 && !isLetter(before) && isStatus(s, i) {
			f.severe(numError, Access)
			return
		}
		i = endOfRun(s, i)
	}
}

// exits looks for exit codes and exceptions.
func (f *Finder) exits(s string) {
	for i := 1; ; i++ {
		n := strings.IndexByte(s[i:], 'x')
		if n < 0 {
			return
		}
		i += n
		if s[i-1]|0x20 == 'e' && f.ex(s, i) {
			return
		}
		i = endOfRun(s, i)
	}
}

// capitalKills looks for kills that are written with a capital K.
func (f *Finder) capitalKills(s string) {
	for i := 0; ; i++ {
		n := strings.IndexByte(s[i:], 'K')
		if n < 0 {
			return
		}
		i += n
		if has(s, i-3, "OOMKill") && !deniedAt(s, i) || has(s, i, "Killed process ") && i+15 < len(s) && s[i+15]-'0' < 10 || has(s, i-3, "SIGKILL") || has(s, i, "Kernel panic") {
			f.severe(numFatal, Crash)
			return
		}
	}
}

// deniedAt says whether the key around the byte at i has a value that denies it: OOMKilled=false.
func deniedAt(s string, i int) bool {
	v := valueOf(s, i)
	return v != "" && isNothing(v)
}

// endOfRun returns the index of the last byte of a run of equal bytes: padding is passed at once.
func endOfRun(s string, i int) int {
	for i+1 < len(s) && s[i+1] == s[i] {
		i++
	}
	return i
}

// shortText is the length of texts that are too short for the trace of a stack, in bytes.
const shortText = 256

// kills looks for kills, panics and traces of a stack.
func (f *Finder) kills(s string) {
	for i := 0; ; i++ {
		n := strings.IndexByte(s[i:], 'k')
		if n < 0 {
			break
		}
		i += n
		if n := killed(s, i); n != 0 {
			f.severe(n, Crash)
			return
		}
	}
}

// faults looks for faults in a text that states no level.
func (f *Finder) faults(s string, pairs uint8) {
	if strings.HasSuffix(s, "(core dumped)") || strings.HasSuffix(s, "dumped core.") {
		f.severe(numFatal, Crash)
		return
	}
	if pairs&pairFault == 0 {
		return
	}
	for i := 0; ; i++ {
		n := strings.IndexByte(s[i:], 'f')
		if n < 0 {
			break
		}
		i += n
		if isFault(s, i) {
			f.severe(numFatal, Crash)
			return
		}
	}
}

// signals looks for the signal of a process that failed: terminated by signal 9, got signal 11.
func (f *Finder) signals(s string) {
	for i := 0; ; i++ {
		n := strings.Index(s[i:], "signal ")
		if n < 0 {
			return
		}
		i += n
		switch word(s, max(i-2, 0)) {
		case "by", "got", "Got", "caught", "Caught", "received", "Received", "target", "on":
			if isFailing(s[i+len("signal "):]) {
				f.severe(numFatal, Crash)
				return
			}
		}
	}
}

// isFailing says whether a text starts with a signal that a process gets if it fails: 4, 6, 7, 8, 9, 11.
func isFailing(s string) bool {
	for _, name := range [...]string{"SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE", "SIGKILL", "4", "6", "7", "8", "9", "11"} {
		if rest, ok := strings.CutPrefix(s, name); ok && (rest == "" || !isKeyByte(rest[0])) {
			return true
		}
	}
	return false
}

// ex judges the word around the x at i, which follows an e.
func (f *Finder) ex(s string, i int) bool {
	switch {
	case exitFails(s[i+1:]):
		f.severe(numError, Exit)
	case isException(s, i-1, !f.stated()):
		f.severe(numError, Crash)
	default:
		return false
	}
	return true
}

// has says whether s has a text at i.
func has(s string, i int, text string) bool {
	return i >= 0 && i+len(text) <= len(s) && s[i:i+len(text)] == text
}

// isFault reads the neighbourhood of an f.
func isFault(s string, i int) bool {
	if i+1 == len(s) || s[i+1] != 'a' && s[i+1] != ' ' {
		return false
	}
	return has(s, i-3, "segfault at ") || has(s, i-13, "Segmentation fault") || has(s, i-13, "segmentation fault") ||
		has(s, i-19, "general protection fault") || has(s, i-5, "Out of memory: ") || has(s, i-5, "out of memory: Kill") ||
		has(s, i, "failed") && strings.Contains(s[:i], "Assertion ")
}

// killed reads the neighbourhood of a k. It returns the severity of what it finds, or 0.
func killed(s string, i int) uint8 {
	before := byte(' ')
	if i > 0 {
		before = s[i-1]
	}
	switch before { // the k in the texts below
	case 'c', '-', '_', ' ', '"', '\n', ':':
	default:
		return 0
	}
	switch {
	case has(s, i-4, "OOM killed"), has(s, i-4, "OOM-killed"), has(s, i-11, "by the OOM killer"), has(s, i-4, "oom-kill"), has(s, i-5, "oom_kill"), has(s, i, "kernel panic"), has(s, i, "kernel BUG at "), has(s, i-4, "panicked at "), has(s, i, "killed process "), has(s, i, "killed as a result of"), has(s, i, "killed by signal "),
		has(s, i-8, "*** stack smashing"):
		return numFatal
	case has(s, i-8, "Traceback (most recent call"):
		return numError
	case has(s, i-4, "stack"):
		if k := kindOf(word(s, i)); k == kindException && !isNothing(valueOf(s, i)) || k == kindStack && isTrace(valueOf(s, i)) {
			return numError
		}
	}
	return 0
}

// word returns the key around the byte at i.
func word(s string, i int) string {
	if i >= len(s) {
		return ""
	}
	left, right := keyAround(s, i)
	return s[left:right]
}

func keyAround(s string, i int) (left, right int) {
	left, right = i, i+1
	for left > 0 && isKeyByte(s[left-1]) && i-left <= maxKey {
		left--
	}
	for right < len(s) && isKeyByte(s[right]) && right-i <= maxKey {
		right++
	}
	return left, right
}

// valueOf returns the value of the key around the byte at i, or enough of it. Without a value it
// returns "".
func valueOf(s string, i int) string {
	_, i = keyAround(s, i)
	s = s[:min(len(s), i+maxRequest)]
	if i < len(s) && s[i] == '"' {
		i++
	}
	i = skipSpace(s, i)
	if i >= len(s) || s[i] != ':' && s[i] != '=' {
		return ""
	}
	i = skipSpace(s, i+1)
	end := i
	if i < len(s) && s[i] == '"' {
		i++
		end = stringEnd(s, i)
	} else {
		for end < len(s) && s[end] != ',' && s[end] != '}' && s[end] != ' ' {
			end++
		}
	}
	return s[i:end]
}

// isException reads a word at i that starts with "ex": a key with an exception for its value,
// and, where no level is stated, the name of a class.
func isException(s string, i int, classes bool) bool {
	if !has(s, i+1, "xc") {
		return false
	}
	if kindOf(word(s, i)) == kindException && !isNothing(valueOf(s, i)) {
		return true
	}
	if !classes || s[i] != 'E' || !has(s, i, "Exception") || i == 0 || !isLetter(s[i-1]) {
		return has(s, i, "Exception in thread ")
	}
	if i+9 == len(s) {
		return !isRegistered(s, i)
	}
	return s[i+9] == ':' || has(s, i+9, " (")
}

// isRegistered says whether the name of a class around i is the object of a sentence that tells of
// no failure: loading class a.b.NotFoundException.
func isRegistered(s string, i int) bool {
	for i > 0 && s[i-1] != ' ' {
		i--
	}
	i = max(i-1, 0)
	switch w := word(s[:i], max(i-1, 0)); w {
	case "class", "for", "to", "of", "handler", "mapper", "type":
		return true
	}
	return false
}

// exitFails reads what follows "ex": the words up to a number that is an exit code.
func exitFails(s string) bool {
	if !has(s, 0, "it") {
		return false
	}
	if has(s, 2, "-code'") { // Failed with result 'exit-code'
		return true
	}
	s = s[2:min(len(s), 48)]
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c-'0' < 10:
			return exitCode(s[i:])
		case c == '-' && i+1 < len(s) && s[i+1]-'0' < 10 && i > 0 && !isLetter(s[i-1]):
			return true // a negative code
		case (c|0x20)-'a' < 26:
			j := i + 1
			for j < len(s) && (s[j]|0x20)-'a' < 26 {
				j++
			}
			if has(s, i, "non-zero") || has(s, i, "nonzero") {
				return true
			}
			if has(s, i, "SIG") || has(s, i, "on signal ") {
				return true
			}
			if !isExitWord(s[i:j]) {
				return false
			}
			i = j
		case c == ' ' || c == '_' || c == '-' || c == '=' || c == ':' || c == '"' || c == '(' || c == ',' || c == '.' || c == '\'' || c == '\\':
			i++
		default:
			return false
		}
	}
	return false
}

func isExitWord(w string) bool {
	switch len(w) {
	case 2:
		return w == "ed"
	case 4:
		return w == "code" || w == "Code" || w == "with" || w == "CODE"
	case 5:
		return w == "value" || w == "error"
	case 6:
		return w == "status" || w == "Status" || w == "dumped" || w == "killed" || w == "return" || w == "signal" || w == "edWith" || w == "STATUS"
	case 7:
		return w == "process"
	case 8:
		return w == "abnormal"
	case 10:
		return w == "abnormally"
	case 12:
		return w == "unexpectedly"
	}
	return false
}

// exitCode reads a number that must not be 0 nor a part of something longer.
func exitCode(s string) bool {
	zero, i := true, 0
	for ; i < len(s) && s[i]-'0' < 10; i++ {
		zero = zero && s[i] == '0'
	}
	return !zero && i <= 10 && (i == len(s) || !isLetter(s[i]) && s[i] != '_')
}
