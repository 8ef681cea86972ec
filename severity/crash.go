// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package severity

import "strings"

// crash looks at the start of each line of a text.
func (f *Finder) crash(s string) {
	for more := true; more; {
		var line string
		line, s, more = strings.Cut(s, "\n")
		if n := crashLine(line); n != 0 {
			f.severe(n, Crash)
			return
		}
	}
}

// message reads the text inside a JSON string, whose escapes are as they are.
func (f *Finder) message(s string) {
	if strings.HasPrefix(s, `{\"`) {
		f.escaped(s)
	} else {
		f.token(s, skipSpace(s, 0))
		f.pairs(s, 0, -1)
	}
	for {
		line := s
		end := strings.Index(s, `\n`)
		if end >= 0 {
			line = s[:end]
		}
		if strings.HasPrefix(line, `\t`) {
			line = line[1:]
			if n := crashContinues(strings.TrimLeft(line[1:], "t \\")); n != 0 {
				f.severe(n, Crash)
				return
			}
		} else if n := crashLine(line); n != 0 {
			f.severe(n, Crash)
			return
		}
		if end < 0 {
			return
		}
		s = s[end+2:]
	}
}

// escaped looks for a level in JSON that is a string of other JSON.
func (f *Finder) escaped(s string) {
	for i := 2; ; i++ {
		v := strings.IndexByte(s[i:], 'v')
		if v < 0 {
			return
		}
		i += v
		left, right := keyAround(s, i)
		if left < 3 || !has(s, left-2, `\"`) || !has(s, right, `\":`) || s[left-3] != ',' && s[left-3] != '{' && s[left-3] != ' ' {
			continue
		}
		k := kindOf(s[left:right])
		if !k.isLevel() {
			continue
		}
		at := skipSpace(s, right+3)
		quoted := has(s, at, `\"`)
		if quoted {
			at += 2
		}
		end := at
		for end < len(s) && isKeyByte(s[end]) {
			end++
		}
		f.level(k, s[at:end], JSON)
	}
}

// mark is how a line of a crash starts, what else it has, and what it is worth.
type mark struct {
	start, inside string
	number        uint8
}

// marks are by the first byte of their start. A line that is none, as most are, is told by its
// first two bytes.
type marks struct {
	list    [256][]mark
	seconds [256]uint32 // for the first byte of a start, the second bytes that occur, as bits
}

func newMarks(list ...mark) *marks {
	var m marks
	for _, k := range list {
		first := k.start[0]
		m.list[first] = append(m.list[first], k)
		m.seconds[first] |= 1 << (k.start[1] & 31)
	}
	return &m
}

// may says whether a line may start with these bytes.
func (m *marks) may(first, second byte) bool { return m.seconds[first]>>(second&31)&1 != 0 }

// find returns OTLP's number for a line of two bytes or more, or 0.
func (m *marks) find(s string) uint8 {
	if !m.may(s[0], s[1]) {
		return 0
	}
	for _, k := range m.list[s[0]] {
		if strings.HasPrefix(s, k.start) && (k.inside == "" || strings.Contains(s, k.inside)) {
			return k.number
		}
	}
	return 0
}

// starts are lines of crashes.
var starts = newMarks(
	// Go
	mark{"panic:", "", numFatal}, mark{"panic(", "", numFatal}, mark{"panic serving ", "", numFatal}, mark{"goroutine ", "]:", numFatal},
	mark{"fatal error: ", "", numFatal}, mark{"[signal SIG", "", numFatal}, mark{"created by ", ".", numFatal}, mark{"unexpected fault address ", "", numFatal},
	mark{"runtime: goroutine stack exceeds", "", numFatal}, mark{"signal: killed", "", numFatal}, mark{"signal: segm", "", numFatal}, mark{"signal: abort", "", numFatal},
	mark{"SIGQUIT: quit", "", numFatal}, mark{"runtime: out of memory", "", numFatal},
	// Python
	mark{"Traceback (most recent", "", numError}, mark{"The above exception was", "", numError}, mark{"During handling of the above exception", "", numError},
	mark{"Exception ignored in", "", numError},
	// Java and the languages of its machine
	mark{"Caused by: ", "", numError}, mark{"Suppressed: ", "", numError}, mark{"Wrapped by: ", "", numError}, mark{"Exception in thread ", "", numError}, mark{"Exception: ", "", numError},
	mark{"Terminating due to java.lang.OutOfMemoryError", "", numFatal},
	// Node
	mark{"Uncaught ", "", numError}, mark{"UnhandledPromise", "", numError}, mark{"[UnhandledPromise", "", numError}, mark{"Error [ERR_", "", numError},
	// .NET
	mark{"Unhandled ", "", numError}, mark{"---> ", "", numError}, mark{"--- End of ", "", numError},
	// PHP
	mark{"Stack trace:", "", numError}, mark{"thrown in /", "", numError}, mark{"PHP Stack trace:", "", numError}, mark{"PHP   ", ". ", numError},
	// Rust, Elixir
	mark{"thread '", " panicked at", numFatal}, mark{"stack backtrace:", "", numError}, mark{"fatal runtime error: ", "", numFatal}, mark{"** (", "", numError},
	// C and C++
	mark{"terminate called ", "", numFatal}, mark{"libc++abi: ", "", numFatal}, mark{"Segmentation fault", "", numFatal}, mark{"SIGSEGV", "", numFatal}, mark{"SIGABRT", "", numFatal},
	mark{"Aborted (core dumped)", "", numFatal}, mark{"Assertion ", "failed", numFatal}, mark{"Bus error", "", numFatal}, mark{"Floating point exception", "", numFatal},
	mark{"*** ", "terminated", numFatal}, mark{"double free or corruption", "", numFatal}, mark{"free(): ", "", numFatal}, mark{"malloc(): ", "", numFatal}, mark{"munmap_chunk(): ", "", numFatal},
	mark{"realloc(): ", "", numFatal}, mark{"mremap_chunk(): ", "", numFatal}, mark{"malloc_consolidate(): ", "", numFatal},
	mark{"error while loading shared libraries: ", "", numError}, mark{"symbol lookup error: ", "", numError},
	mark{"corrupted size vs. prev_size", "", numFatal}, mark{"corrupted double-linked list", "", numFatal},
	// Objective-C and Swift
	mark{"*** Terminating app due to uncaught exception ", "", numFatal}, mark{"Thread ", ": EXC_", numFatal}, mark{"Exception Type: ", " EXC_", numFatal},
	// Erlang, Redis, Windows, Oracle
	mark{"Kernel pid terminated", "", numFatal}, mark{"=== REDIS BUG REPORT", "", numFatal}, mark{"Faulting application ", "", numError},
	mark{"ORA-", ": ", numError}, mark{"TNS-", ": ", numError},
	// Programs of the shell
	mark{"make", ": *** ", numError}, mark{"Error response from daemon", "", numError}, mark{"Error from server", "", numError},
	// Linux
	mark{"Out of memory", "", numFatal}, mark{"oom_reaper: ", "", numFatal}, mark{"BUG: ", "", numFatal}, mark{"Oops: ", "", numFatal}, mark{"Call Trace:", "", numError},
	mark{"INFO: task ", " blocked for more than ", numError}, mark{"INFO: rcu", "detected stall", numError},
	mark{"I/O error, dev ", "", numError}, mark{"Buffer I/O error on dev", "", numError},
)

// continuations are lines of crashes that are indented, without their indentation.
var continuations = newMarks(
	mark{"Caused by: ", "", numError}, mark{"Suppressed: ", "", numError}, mark{"... ", " more", numError}, mark{"... ", "omitted", numError},
	mark{`File "`, ", line ", numError}, mark{`File \"`, ", line ", numError}, mark{"from ", ".rb:", numError}, mark{"thrown in /", "", numError},
	mark{"---> ", "", numError}, mark{"--- End of ", "", numError}, mark{"what():  ", "", numFatal},
)

// crashLine judges one line by its start. It returns OTLP's number, or 0.
func crashLine(s string) uint8 {
	if len(s) < 4 {
		return 0
	}
	switch {
	case s[0] == ' ' || s[0] == '\t':
		return crashContinues(strings.TrimLeft(s, " \t"))
	case s[0] == '#':
		return hashFrame(s)
	case strings.HasPrefix(s, "Killed") && strings.TrimRight(s[6:], "\r") == "":
		return numFatal
	}
	if n := starts.find(s); n != 0 && !isTally(s) {
		return n
	}
	return named(s)
}

// crashContinues judges a line that is indented, without its indentation.
func crashContinues(s string) uint8 {
	if len(s) < 3 {
		return carets(s)
	}
	if n := continuations.find(s); n != 0 {
		return n
	}
	switch c := s[0]; {
	case c == '^' || c == '~':
		return carets(s)
	case c == '#':
		return hashFrame(s)
	case strings.HasPrefix(s, "at "):
		if isFrame(s[3:]) {
			return numError
		}
	case c == '/' && followsDigit(s, ".go:"):
		return numFatal
	case c == '(' && followsDigit(s, ".ex:"):
		return numError
	case c-'0' < 10:
		return numberedFrame(s)
	}
	return named(s)
}

// isTally says whether a line counts what its words name: Unhandled exceptions: 0.
func isTally(s string) bool {
	words, count, ok := strings.Cut(s, ": ")
	if !ok || words == "" || words[len(words)-1] != 's' || words[0] != 'U' && words[0] != 'O' {
		return false
	}
	_, ok = number(count)
	return ok
}

// isFrame says whether a text behind "at" is the place of a frame: a.b.C.d(C.java:41), f (/app/x.js:1),
// async g (...), /app/x.js:1. Prose is none: at least 5 items: done.
func isFrame(s string) bool {
	s = strings.TrimPrefix(strings.TrimPrefix(s, "async "), "new ")
	if s == "" || s[0]-'0' < 10 {
		return false
	}
	name, rest, _ := strings.Cut(s, " ")
	return strings.ContainsAny(name, "(/:.<") || rest != "" && (rest[0] == '(' || rest[0] == '[' || rest[0] == '<')
}

// followsDigit says whether a digit follows a text in s.
func followsDigit(s, text string) bool {
	i := strings.Index(s, text)
	return i > 0 && i+len(text) < len(s) && s[i+len(text)]-'0' < 10
}

// numberedFrame knows a frame of Rust (0: rust_begin_unwind) and of Ruby (1: from a.rb:9:in `f').
func numberedFrame(s string) uint8 {
	i := strings.Index(s, ": ")
	if i < 1 || i > 3 {
		return 0
	}
	frame := s[i+2:]
	rust := strings.IndexByte(frame, ' ') < 0 && (strings.Contains(frame, "::") || strings.HasPrefix(frame, "rust_"))
	if rust || strings.HasPrefix(frame, "from ") && strings.Contains(frame, ".rb:") {
		return numError
	}
	return 0
}

// carets knows the line of carets below a line of a traceback.
func carets(s string) uint8 {
	for i := range len(s) {
		if s[i] != '^' && s[i] != '~' && s[i] != '\r' {
			return 0
		}
	}
	if len(s) == 0 {
		return 0
	}
	return numError
}

// hashFrame knows a frame of PHP (#0 /app/a.php(12): f()) and of gdb (#0  0x00007f in f ()).
func hashFrame(s string) uint8 {
	i := 1
	for i < len(s) && s[i]-'0' < 10 {
		i++
	}
	rest := strings.TrimLeft(s[i:], " ")
	if i > 1 && i < len(s) && s[i] == ' ' && (strings.HasPrefix(rest, "0x") || strings.HasPrefix(rest, "{main}") || strings.HasPrefix(rest, "[internal function]") || rest != "" && rest[0] == '/' && strings.Contains(rest, "): ")) {
		return numError
	}
	return 0
}

// named judges a line that starts with a name: of an exception, of a Go function with its
// arguments, of a Ruby file.
func named(s string) uint8 {
	if !isLetter(s[0]) && s[0] != '/' {
		return 0
	}
	i := nameEnd(s, 0)
	switch name := s[:i]; {
	case i == len(s) || s[i] == ':' || s[i] == '\r':
		if isExceptionName(lastPart(name)) {
			return numError
		}
		if i+1 < len(s) && s[i] == ':' && s[i+1]-'0' < 10 && strings.HasSuffix(name, "rb") && strings.Contains(s[i:], ":in ") {
			return numError
		}
	case s[i] == ' ':
		if (has(s, i+1, "(") || has(s, i+1, "[")) && isExceptionName(lastPart(name)) {
			return numError
		}
		// Rails: ActiveRecord::ConnectionNotEstablished (could not connect to server):
		if has(s, i+1, "(") && strings.Contains(name, "::") && strings.HasSuffix(strings.TrimRight(s, "\r"), "):") {
			return numError
		}
	case s[i] == '(':
		return goFrame(s, i)
	}
	return 0
}

// nameEnd returns the end of the name that goes on at i.
func nameEnd(s string, i int) int {
	for i < len(s) && i < 160 {
		if nameBytes[s[i]] {
			i++
		} else if s[i] == ':' && i+2 < len(s) && s[i+1] == ':' && isLetter(s[i+2]) {
			i += 2
		} else {
			break
		}
	}
	return i
}

// nameBytes are the bytes of names of classes, functions and files.
var nameBytes = func() (t [256]bool) {
	for c := range t {
		t[c] = isKeyByte(byte(c)) || c == '/' || c == '$' || c == '\\'
	}
	return t
}()

// lastPart returns what follows the packages and folders in a name.
func lastPart(name string) string {
	i := len(name)
	for i > 0 && name[i-1] != '.' && name[i-1] != '/' && name[i-1] != '$' && name[i-1] != '\\' && name[i-1] != ':' {
		i--
	}
	return name[i:]
}

// isExceptionName knows ValueError, IllegalStateException, KeyboardInterrupt and the like.
func isExceptionName(name string) bool {
	if len(name) < 6 || name[0]-'A' >= 26 {
		return false
	}
	return strings.HasSuffix(name, "Error") || strings.HasSuffix(name, "Exception") || name == "KeyboardInterrupt" || name == "SystemExit" || name == "Throwable" ||
		strings.HasSuffix(name, "Fault") && name != "Fault"
}

// goFrame knows main.f(0x1, ...) and pkg.(*T).f(...): a name with a dot and arguments.
func goFrame(s string, i int) uint8 {
	line := strings.TrimRight(s, "\r")
	if strings.IndexByte(line[:i], '.') < 0 || !strings.HasSuffix(line, ")") {
		return 0
	}
	if line[i:] == "()" || strings.Contains(line[i:], "(0x") || strings.Contains(line[i:], "({0x") || strings.HasSuffix(line, "(...)") || strings.HasPrefix(line[i:], "(*") && strings.Contains(line[i:], ").") {
		return numFatal
	}
	return 0
}
