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

// crashLine judges one line by its start. It returns OTLP's number, or 0.
func crashLine(s string) uint8 {
	if len(s) < 4 {
		return 0
	}
	switch s[0] {
	case ' ', '\t':
		return crashContinues(strings.TrimLeft(s, " \t"))
	case 'p':
		if strings.HasPrefix(s, "panic: ") || strings.HasPrefix(s, "panic(") || strings.HasPrefix(s, "panic:") || strings.HasPrefix(s, "panic serving ") {
			return numFatal
		}
	case 'g':
		if strings.HasPrefix(s, "goroutine ") && len(s) > 11 && s[10]-'0' < 10 && strings.IndexByte(s, '[') > 0 {
			return numFatal
		}
	case 'f':
		if strings.HasPrefix(s, "fatal error: ") || strings.HasPrefix(s, "free(): ") {
			return numFatal
		}
	case 'F':
		if strings.HasPrefix(s, "Floating point exception") {
			return numFatal
		}
	case 'I':
		if strings.HasPrefix(s, "INFO: task ") && strings.Contains(s, " blocked for more than ") {
			return numError
		}
	case 'P':
		if strings.HasPrefix(s, "PHP Stack trace:") || strings.HasPrefix(s, "PHP   ") && strings.Contains(s, ". ") {
			return numError
		}
	case 'l':
		if strings.HasPrefix(s, "libc++abi: ") {
			return numFatal
		}
	case 'm':
		if strings.HasPrefix(s, "malloc(): ") || strings.HasPrefix(s, "munmap_chunk(): ") {
			return numFatal
		}
	case 'o':
		if strings.HasPrefix(s, "oom_reaper: ") {
			return numFatal
		}
	case 'r':
		if strings.HasPrefix(s, "runtime: goroutine stack exceeds") {
			return numFatal
		}
	case 'u':
		if strings.HasPrefix(s, "unexpected fault address ") {
			return numFatal
		}
	case 'T':
		if strings.HasPrefix(s, "Traceback (most recent") || strings.HasPrefix(s, "The above exception was") {
			return numError
		}
	case 'C':
		if strings.HasPrefix(s, "Caused by: ") || strings.HasPrefix(s, "Call Trace:") || strings.HasPrefix(s, "Call stack:") {
			return numError
		}
	case 'E':
		if strings.HasPrefix(s, "Exception in thread ") || strings.HasPrefix(s, "Exception: ") || strings.HasPrefix(s, "Exception ignored in") || strings.HasPrefix(s, "Error [ERR_") {
			return numError
		}
	case 'S':
		if strings.HasPrefix(s, "Segmentation fault") || strings.HasPrefix(s, "SIGSEGV") || strings.HasPrefix(s, "SIGABRT") {
			return numFatal
		}
		if strings.HasPrefix(s, "Suppressed: ") || strings.HasPrefix(s, "Stack trace:") {
			return numError
		}
	case 't':
		if strings.HasPrefix(s, "terminate called ") || strings.HasPrefix(s, "thread '") && strings.Contains(s, " panicked at") {
			return numFatal
		}
		if strings.HasPrefix(s, "thrown in /") {
			return numError
		}
	case 'U':
		if strings.HasPrefix(s, "Uncaught ") || strings.HasPrefix(s, "Unhandled ") || strings.HasPrefix(s, "UnhandledPromise") {
			return numError
		}
	case 'D':
		if strings.HasPrefix(s, "During handling of the above exception") {
			return numError
		}
	case 'W':
		if strings.HasPrefix(s, "Wrapped by: ") {
			return numError
		}
	case 'O':
		if strings.HasPrefix(s, "Oops: ") || strings.HasPrefix(s, "Out of memory") {
			return numFatal
		}
	case 'B':
		if strings.HasPrefix(s, "BUG: ") || strings.HasPrefix(s, "Bus error") {
			return numFatal
		}
	case 'A':
		if strings.HasPrefix(s, "Aborted (core dumped)") || strings.HasPrefix(s, "Assertion ") && strings.Contains(s, "failed") {
			return numFatal
		}
	case 'K':
		if s == "Killed" {
			return numFatal
		}
	case 'c':
		if strings.HasPrefix(s, "created by ") && strings.IndexByte(s, '.') > 0 {
			return numFatal
		}
	case 'd':
		if strings.HasPrefix(s, "double free or corruption") {
			return numFatal
		}
	case 's':
		if strings.HasPrefix(s, "signal: killed") || strings.HasPrefix(s, "signal: segm") || strings.HasPrefix(s, "signal: abort") {
			return numFatal
		}
		if strings.HasPrefix(s, "stack backtrace:") {
			return numError
		}
	case '*':
		if strings.HasPrefix(s, "** (") {
			return numError
		}
		if strings.HasPrefix(s, "*** ") && strings.Contains(s, "terminated") {
			return numFatal
		}
	case '#':
		if s[1]-'0' < 10 {
			return hashFrame(s)
		}
	case '-':
		if strings.HasPrefix(s, "--- End of ") || strings.HasPrefix(s, "---> ") {
			return numError
		}
	case '[':
		if strings.HasPrefix(s, "[signal SIG") {
			return numFatal
		}
		if strings.HasPrefix(s, "[UnhandledPromise") {
			return numError
		}
	}
	return named(s)
}

// crashContinues judges a line that is indented, without its indentation.
func crashContinues(s string) uint8 {
	if len(s) < 3 {
		return carets(s)
	}
	switch s[0] {
	case 'a':
		if strings.HasPrefix(s, "at ") && len(s) > 3 && s[3]-'0' > 9 && strings.IndexAny(s, "(/:.<") > 0 {
			return numError
		}
	case '.':
		if strings.HasPrefix(s, "... ") && (strings.HasSuffix(s, " more") || strings.HasSuffix(s, "omitted")) {
			return numError
		}
	case 'C':
		if strings.HasPrefix(s, "Caused by: ") {
			return numError
		}
	case 'S':
		if strings.HasPrefix(s, "Suppressed: ") {
			return numError
		}
	case 'F':
		if strings.HasPrefix(s, `File "`) && strings.Contains(s, ", line ") || strings.HasPrefix(s, `File \"`) {
			return numError
		}
	case 'f':
		if strings.HasPrefix(s, "from ") && isRubyFrame(s[5:]) {
			return numError
		}
	case 'w':
		if strings.HasPrefix(s, "what():  ") {
			return numFatal
		}
	case 't':
		if strings.HasPrefix(s, "thrown in /") {
			return numError
		}
	case '-':
		if strings.HasPrefix(s, "---> ") || strings.HasPrefix(s, "--- End of ") {
			return numError
		}
	case '^', '~':
		return carets(s)
	case '/':
		if i := strings.Index(s, ".go:"); i > 0 && i+4 < len(s) && s[i+4]-'0' < 10 && !strings.Contains(s[:i], " ") {
			return numFatal
		}
	case '(':
		if i := strings.Index(s, ".ex:"); i > 0 && i+4 < len(s) && s[i+4]-'0' < 10 {
			return numError
		}
	case '#':
		if s[1]-'0' < 10 {
			return hashFrame(s)
		}
	}
	if s[0]-'0' < 10 {
		if i := strings.Index(s, ": "); i > 0 && i < 4 && strings.IndexByte(s[i+2:], ' ') < 0 && (strings.Contains(s[i:], "::") || strings.HasPrefix(s[i:], ": rust_")) {
			return numError // a frame of Rust
		}
		if i := strings.Index(s, ": from "); i > 0 && i < 5 && isRubyFrame(s[i+7:]) {
			return numError
		}
	}
	return named(s)
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
	if i < len(s) && s[i] == ' ' && (strings.HasPrefix(rest, "0x") || strings.HasPrefix(rest, "{main}") || strings.HasPrefix(rest, "[internal function]") || rest != "" && rest[0] == '/' && strings.Contains(rest, "): ")) {
		return numError
	}
	return 0
}

func isRubyFrame(s string) bool {
	i := strings.Index(s, ".rb:")
	return i > 0 && strings.Contains(s[i:], ":in ")
}

// named judges a line that starts with a name: of an exception, of a Go function with its
// arguments, of a Ruby file.
func named(s string) uint8 {
	if !isLetter(s[0]) && s[0] != '/' {
		return 0
	}
	i, segment := 0, 0
loop:
	for i < len(s) && i < 160 {
		switch c := s[i]; {
		case c == '.' || c == '/' || c == '$' || c == '\\':
			segment = i + 1
		case c == ':':
			if i+2 < len(s) && s[i+1] == ':' && isLetter(s[i+2]) {
				i++
				segment = i + 1
				break
			}
			break loop
		case isLetter(c) || c-'0' < 10 || c == '_' || c == '-' || c == '@':
		default:
			break loop
		}
		i++
	}
	name := s[segment:i]
	switch {
	case i == len(s) || s[i] == ':' || s[i] == '\r':
		if isExceptionName(name) {
			return numError
		}
		if i < len(s) && s[i] == ':' && strings.HasSuffix(name, "rb") && i+1 < len(s) && s[i+1]-'0' < 10 && strings.Contains(s[i:], ":in ") {
			return numError
		}
	case s[i] == ' ':
		if isExceptionName(name) && (has(s, i+1, "(") || has(s, i+1, "[")) {
			return numError
		}
	case s[i] == '(':
		return goFrame(s, i)
	}
	return 0
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
