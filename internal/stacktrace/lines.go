// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package stacktrace

import "strings"

// isFrame reports whether an indented text is a line of a trace wherever it is.
func isFrame(text string) bool {
	switch text[0] {
	case 'a': // Java, Node, .NET, Rust
		return strings.HasPrefix(text, "at ") && strings.ContainsAny(text, "(:<") && !isProse(text[len("at "):])
	case 'f': // Ruby
		return strings.HasPrefix(text, "from ") && strings.Contains(text, ":in ")
	case 'C', 'S':
		return hasAnyPrefix(text, "Caused by: ", "Suppressed: ")
	case '.':
		return strings.HasPrefix(text, "... ") && len(text) > 4 && isDigit(text[4])
	case '-': // .NET
		return hasAnyPrefix(text, "---> ", "--- End of ")
	case '(': // Elixir
		return strings.Contains(text, ".ex:") || strings.Contains(text, ".erl:")
	case '/': // Go
		return strings.Contains(text, ".go:")
	case 't': // PHP
		return strings.HasPrefix(text, "thrown in ") && strings.Contains(text, " on line ")
	}
	return false
}

// isProse reports whether a text behind "at" is no place in a program: least 5 items: done, or 10:00.
func isProse(text string) bool {
	text = strings.TrimPrefix(strings.TrimPrefix(text, "async "), "new ")
	if text == "" || isDigit(text[0]) {
		return true
	}
	name, rest, _ := strings.Cut(text, " ")
	return !strings.ContainsAny(name, "(/:.<") && !hasAnyPrefix(rest, "(", "[", "<", "+ ", "in ")
}

func isPythonFrame(text string) bool {
	return strings.HasPrefix(text, `File "`) && strings.Contains(text, `", line `)
}

// isPythonEnd reports whether a line behind the frames is their exception, which
// may have any name: requests.exceptions.Timeout: read timed out.
func isPythonEnd(line string) bool {
	name := nameIn(line)
	return name != "" && (len(name) == len(line) || line[len(name)] == ':') && !isLevel(name)
}

// exceptions are the endings of names of exceptions.
var exceptions = []string{"Error", "Exception", "Throwable", "Failure", "Fault", "Interrupt", "Exit"}

// isException reports whether a line begins with the name of an exception, such as
// java.io.IOException: closed, TypeError [ERR_INVALID_URL]: no, or Foo::Error (bar).
func isException(line string) bool {
	name := nameIn(line)
	for strings.HasPrefix(line[len(name):], "::") { // Ruby
		more := nameIn(line[len(name)+2:])
		if more == "" {
			return false
		}
		name = line[:len(name)+2+len(more)]
	}
	if !hasAnySuffix(name, exceptions...) {
		return false
	}
	rest := line[len(name):]
	return rest == "" || hasAnyPrefix(rest, ": ", " [", " (") || rest == ":"
}

func isGoroutine(line string) bool {
	rest, ok := strings.CutPrefix(line, "goroutine ")
	return ok && rest != "" && isDigit(rest[0]) && strings.Contains(rest, "[") && strings.HasSuffix(rest, ":")
}

// isGoFrame reports whether a line behind goroutine 1 [running]: is part of it:
// net/http.(*conn).serve(0xc000110000, {0x1, 0x2}), or a register, or the end.
func isGoFrame(line string) bool {
	if hasAnyPrefix(line, "created by ", "exit status ", "...") {
		return true
	}
	if name, rest, ok := strings.Cut(line, " "); ok && len(name) <= 6 && strings.HasPrefix(strings.TrimLeft(rest, " "), "0x") {
		return true
	}
	at := strings.IndexByte(line, '(')
	return at > 0 && strings.HasSuffix(line, ")") && !strings.Contains(line[:at], " ")
}

// isGoFunction reports whether a line is the name of a function, with its package:
// main.main, or example.com/shop/orders.(*Store).Load.
func isGoFunction(line string) bool {
	if line[0] == '/' || strings.ContainsAny(line, " :,;=\"'") {
		return false
	}
	name := line[strings.LastIndexByte(line, '/')+1:]
	known := len(name) < len(line) || hasAnyPrefix(name, "main.", "runtime.", "testing.")
	at := strings.IndexByte(name, '.')
	return known && at > 0 && at+1 < len(name) && (isLetter(name[at+1]) || name[at+1] == '(')
}

// isRubyFrame reports whether a line is /app/cart.rb:12:in 'total', as Logger writes it.
func isRubyFrame(line string) bool {
	at := rubyIn(line)
	return at > 0 && strings.HasSuffix(line, "'") && !strings.Contains(line[at:], "': ")
}

// isRubyError reports whether a line is cart.rb:12:in 'total': no items (RuntimeError).
func isRubyError(line string) bool {
	at := rubyIn(line)
	return at > 0 && strings.Contains(line[at:], "': ")
}

// rubyIn is the index of ":in '" or ":in `" behind a file and a line number, or -1.
func rubyIn(line string) int {
	at := strings.Index(line, ":in ")
	if at < 2 || len(line) <= at+4 || line[at+4] != '\'' && line[at+4] != '`' || !isDigit(line[at-1]) || strings.Contains(line[:at], " ") {
		return -1
	}
	return at
}

// isNodePlace reports whether a line is /app/server.js:3 or node:internal/fs:120.
func isNodePlace(line string) bool {
	if line[0] != '/' && !hasAnyPrefix(line, "file:///", "node:") {
		return false
	}
	at := strings.LastIndexByte(line, ':')
	file, number := line[:at+1], line[at+1:]
	if number == "" || strings.Trim(number, "0123456789") != "" || strings.Contains(line, " ") {
		return false
	}
	return hasAnySuffix(file, ".js:", ".mjs:", ".cjs:", ".ts:") || strings.HasPrefix(line, "node:")
}

// isDotnetHead reports whether a line is fail: My.Category[0], whose message follows.
func isDotnetHead(line string) bool {
	return len(line) > 6 && strings.HasSuffix(line, "]") &&
		hasAnyPrefix(line, "trce: ", "dbug: ", "info: ", "warn: ", "fail: ", "crit: ")
}

// beginsRecord reports whether an indented text begins a record for itself: it has
// a time, a level or an object in front.
func beginsRecord(text string) bool {
	text = strings.TrimLeft(text, "[")
	if text == "" || text[0] == '{' {
		return true
	}
	digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
	switch rest := text[digits:]; digits {
	case 4:
		return hasAnyPrefix(rest, "-", "/")
	case 2:
		return len(rest) > 2 && (rest[0] == ':' || rest[0] == '/') && isDigit(rest[1])
	}
	return isLevel(nameIn(text))
}

func isLevel(word string) bool {
	switch word {
	case "TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "WARNING", "ERROR", "CRITICAL", "FATAL", "SEVERE":
		return true
	}
	return false
}

// nameIn is the name at the begin of a text: letters, digits, _, $ and dots, not
// beginning with a digit.
func nameIn(text string) string {
	n := 0
	for n < len(text) && (isLetter(text[n]) || n > 0 && (isDigit(text[n]) || text[n] == '.')) {
		n++
	}
	return text[:n]
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_' || c == '$' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func hasAnyPrefix(text string, prefixes ...string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(text, p) {
			return true
		}
	}
	return false
}

func hasAnySuffix(text string, suffixes ...string) bool {
	for _, s := range suffixes {
		if strings.HasSuffix(text, s) {
			return true
		}
	}
	return false
}
