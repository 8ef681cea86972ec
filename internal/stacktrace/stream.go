// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package stacktrace

import (
	"bytes"
	"strings"
)

// place is where in a log a stream is.
type place uint8

const (
	ordinary     place = iota // behind a line that is no part of a trace
	frames                    // in a trace that has no rules of its own below
	pythonFrames              // behind Traceback (most recent call last):
	pythonEnd                 // behind the exception that ends a Python trace
	pythonChain               // behind During handling of the above exception, ...
	goPanic                   // behind panic:, before the goroutines
	goRuntime                 // behind what the runtime of Go says before a fatal error
	goDump                    // behind goroutine 1 [running]:
	nodePlace                 // behind /app/server.js:3, before the line of source
	nodeSource                // behind that line, before the error
	nodeFrames                // behind the error that ends a Node process
	rustHead                  // behind thread 'main' panicked at src/main.rs:2:5:
	dotnetHead                // behind fail: My.Category[0]
)

// maxHead is how many bytes of an ordinary line are remembered.
const maxHead = 512

// Stream follows the lines of one stream of one file. The zero value is ready. It
// is not safe for concurrent use.
type Stream struct {
	at   place
	head []byte // begin of the last ordinary line
}

// Continues reports whether the line belongs to the line before it. Lines are
// without their line feed. It takes time in proportion to the line.
func (s *Stream) Continues(line string) bool {
	next, continues := s.step(line)
	s.at = next
	if !continues {
		s.head = append(s.head[:0], line[:min(len(line), maxHead)]...)
	}
	return continues
}

func (s *Stream) step(line string) (place, bool) {
	text := strings.TrimLeft(line, " \t")
	switch {
	case strings.TrimRight(text, "\r") == "":
		return s.blank()
	case len(text) < len(line):
		return s.indented(text)
	default:
		return s.unindented(line)
	}
}

// blank judges an empty line.
func (s *Stream) blank() (place, bool) {
	switch s.at {
	case pythonEnd, pythonChain, goPanic, goRuntime, goDump, nodeSource, nodeFrames:
		return s.at, true
	}
	return ordinary, false
}

// indented judges a line by its text behind the indentation.
func (s *Stream) indented(text string) (place, bool) {
	switch {
	case s.at == dotnetHead:
		return dotnetHead, true
	case s.at == nodePlace:
		return nodeSource, true
	case isPythonFrame(text):
		return pythonFrames, true
	case strings.HasPrefix(text, "+ Exception Group Traceback"):
		return pythonFrames, s.announced()
	case isFrame(text):
		if s.at == ordinary || s.at == rustHead {
			return frames, true
		}
		return s.at, true
	case s.at == ordinary || beginsRecord(text):
		return ordinary, false
	case s.at == rustHead:
		return frames, true
	}
	return s.at, true // a line of source or of a message, or a value
}

// unindented judges a line that begins at its first byte.
func (s *Stream) unindented(line string) (place, bool) {
	switch s.at {
	case nodePlace:
		return nodeSource, true
	case rustHead:
		return frames, true
	}
	if isDigit(line[0]) || line[0] == '{' { // a time or an object: most lines are such
		return ordinary, false
	}
	if next, continues, known := s.marked(line); known {
		return next, continues
	}
	switch {
	case s.at == pythonFrames && isPythonEnd(line):
		return pythonEnd, true
	case s.at == goDump && isGoFrame(line):
		return goDump, true
	case isGoFunction(line) && (s.at == goDump || s.announced()): // as zap and pkg/errors write frames
		return goDump, true
	case isRubyFrame(line):
		return frames, s.at == frames || s.announced()
	case isRubyError(line):
		return frames, false
	case isException(line):
		if s.at == nodeSource {
			return nodeFrames, true
		}
		return frames, s.announced()
	case isNodePlace(line):
		return nodePlace, false
	case isDotnetHead(line):
		return dotnetHead, false
	}
	return ordinary, false
}

// marked judges a line whose first words say what it is.
func (s *Stream) marked(line string) (next place, continues, known bool) {
	if next, continues, known = s.java(line); known {
		return next, continues, true
	}
	if next, continues, known = s.python(line); known {
		return next, continues, true
	}
	if next, continues, known = s.golang(line); known {
		return next, continues, true
	}
	if next, continues, known = s.node(line); known {
		return next, continues, true
	}
	return s.others(line)
}

func (s *Stream) java(line string) (next place, continues, known bool) {
	if hasAnyPrefix(line, "Caused by: ", "Suppressed: ", "Wrapped by: ") {
		return frames, s.at != ordinary || s.announced(), true
	}
	return ordinary, false, false
}

func (s *Stream) python(line string) (next place, continues, known bool) {
	switch {
	case strings.HasPrefix(line, "Traceback (most recent call last)"):
		return pythonFrames, s.at == pythonChain || s.announced(), true
	case hasAnyPrefix(line, "During handling of the above exception", "The above exception was the direct cause"):
		return pythonChain, s.at == pythonEnd, true
	case s.at == pythonEnd && hasAnyPrefix(line, "DETAIL: ", "HINT: ", "CONTEXT: ", "LINE ", "[SQL: ", "[parameters: ", "(Background on this error at: "): // SQLAlchemy
		return pythonEnd, true, true
	case strings.HasPrefix(line, "future: <") && s.announced(): // asyncio, between the message and the traceback
		return ordinary, true, true
	}
	return ordinary, false, false
}

func (s *Stream) golang(line string) (next place, continues, known bool) {
	crashing := s.at == goPanic || s.at == goRuntime || s.at == goDump
	switch {
	case isGoroutine(line):
		return goDump, crashing || s.announced(), true
	case strings.HasPrefix(line, "panic: "):
		return goPanic, false, true
	case strings.HasPrefix(line, "fatal error: "):
		return goPanic, s.at == goRuntime, true
	case hasAnyPrefix(line, "runtime: ", "SIGQUIT: ", "SIGABRT: ", "SIGSEGV: "):
		return goRuntime, s.at == goPanic || s.at == goRuntime, true
	case crashing && hasAnyPrefix(line, "[signal ", "[recovered", "PC=", "runtime stack:"):
		return s.at, true, true
	}
	return ordinary, false, false
}

func (s *Stream) node(line string) (next place, continues, known bool) {
	switch s.at {
	case nodeSource, nodeFrames:
		known = hasAnyPrefix(line, "^", "(Use `node", "Node.js v", "Emitted 'error' event", "}", "[UnhandledPromiseRejection: ")
	case frames:
		known = line == "}" || strings.HasPrefix(line, "Emitted 'error' event") // of the properties of an error
	}
	return s.at, known, known
}

// others judges lines of PHP, Rust, .NET, Ruby, Elixir, C++ and MyBatis.
func (s *Stream) others(line string) (next place, continues, known bool) {
	switch {
	case strings.HasPrefix(line, "thread '") && strings.Contains(line, " panicked at "):
		if strings.HasSuffix(line, ":") {
			return rustHead, false, true
		}
		return frames, false, true
	case s.at == frames && hasAnyPrefix(line, "stack backtrace:", "note: ", "---> ", "--- End of ", "... ", "Did you mean?", "### ", "; ", "[previous exception] ", "Last message: ", "State: ", `"}`):
		return frames, true, true
	case strings.HasPrefix(line, "** ("), strings.HasPrefix(line, "### "):
		return frames, s.announced(), true
	case strings.HasPrefix(line, "terminate called "):
		return frames, false, true
	case hasAnyPrefix(line, "Stack trace:", "[stacktrace]") && (s.at == frames || s.announced()),
		s.at == frames && len(line) > 2 && line[0] == '#' && isDigit(line[1]):
		return frames, true, true
	}
	return ordinary, false, false
}

// alarms are words, one of which is in a line that a trace may follow.
var alarms = []string{
	"error", "exception", "fatal", "severe", "crit", "warn", "fail", "panic", "abort", "crash", "err]", " err ", "ftl]",
	"错误", "异常", "失败", "出错", "故障", "エラー", "例外", "失敗",
}

// announced reports whether the line before is an ordinary one that a trace may
// belong to: its level is bad, or it speaks of an error. Lines of JSON hold their
// traces themselves.
func (s *Stream) announced() bool {
	if s.at != ordinary || len(s.head) == 0 || s.head[0] == '{' {
		return false
	}
	head := string(bytes.ToLower(s.head))
	for _, word := range alarms {
		if strings.Contains(head, word) {
			return true
		}
	}
	return false
}
