// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package probes

import "bytes"

// maxDepth is how deep objects and lists may be in each other.
const maxDepth = 16

// readJSON reads an access log that is a JSON object. What is not JSON to its end
// is no successful probe.
func (a *access) readJSON(b []byte) {
	s := scanner{b: b, access: a}
	if !s.value(nil, 0) || s.next() != 0 {
		a.not = true
	}
}

// see looks at a text or number of the object. Keys have many spellings; a value in
// an object within the object counts as one of it.
func (a *access) see(key, value []byte) {
	var small [maxKey]byte
	switch name := plainKey(&small, key); string(name) {
	case "status", "statuscode", "responsecode", "responsestatus", "responsestatuscode", "httpstatus", "httpstatuscode", "httpresponsestatuscode",
		"downstreamstatus":
		a.seeStatus(value)
	case "method", "verb", "requestmethod", "httpmethod", "httprequestmethod":
		a.seeMethod(value)
	case "path", "uri", "url", "requesturi", "requesturl", "requestpath", "urlpath", "httptarget", "httproute":
		a.seePath(value)
	case "request":
		a.seeRequest(value)
	case "useragent", "httpuseragent", "agent", "useragentoriginal", "requestuseragent":
		a.seeAgent(value)
	case "level", "lvl", "severity", "loglevel", "levelname":
		a.not = a.not || !harmless(value)
	case "error", "err", "exception", "panic", "stacktrace", "stack", "errortype", "responseflags":
		a.not = a.not || !isNothing(value)
	case "success", "ok", "healthy", "up", "alive", "ready":
		a.not = a.not || string(value) == "false"
	default:
		a.seeOther(name, value)
	}
}

// seeOther looks for signs of trouble in a value that is none of those above: the
// status of an upstream, a long time, a word.
func (a *access) seeOther(name, value []byte) {
	switch {
	case bytes.HasSuffix(name, []byte("status")), bytes.HasSuffix(name, []byte("code")), isMessage(name):
		a.not = a.not || hasFailure(value, true)
	case isSlow(name, value):
		a.not = true
	}
	a.not = a.not || mentionsTrouble(value)
}

// maxKey is the longest key in bytes that has a meaning.
const maxKey = 32

// plainKey is the key in lower case, with nothing between its words.
func plainKey(small *[maxKey]byte, key []byte) []byte {
	name := small[:0]
	for _, c := range key {
		switch {
		case c == '_' || c == '-' || c == '.':
		case len(name) == maxKey:
			return nil
		case 'A' <= c && c <= 'Z':
			name = append(name, c|0x20)
		default:
			name = append(name, c)
		}
	}
	return name
}

func isMessage(name []byte) bool {
	switch string(name) {
	case "msg", "message", "log", "event", "text", "body":
		return true
	}
	return false
}

func isNothing(value []byte) bool {
	switch string(value) {
	case "", "null", "-", "false", "0":
		return true
	}
	return false
}

// harmless says whether a level, a word or a number, is below that of a warning:
// trace, debug, info, notice or default.
func harmless(level []byte) bool {
	return len(level) > 0 && bytes.IndexByte([]byte("tTdDiInN"), level[0]) >= 0
}

// scanner reads b from at. It takes some things for JSON that are not, and never
// the reverse.
type scanner struct {
	b      []byte
	at     int
	access *access
}

// next skips white space and returns the byte that follows, 0 at the end.
func (s *scanner) next() byte {
	for ; s.at < len(s.b); s.at++ {
		switch c := s.b[s.at]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// value reads a value, which is the key's, and says whether there is one.
func (s *scanner) value(key []byte, depth int) bool {
	if depth > maxDepth {
		return false
	}
	switch s.next() {
	case '{':
		return s.members(key, '}', depth)
	case '[':
		return s.members(key, ']', depth)
	case '"':
		text, ok := s.text()
		s.access.see(key, text)
		return ok
	}
	start := s.at
	for s.at < len(s.b) && bytes.IndexByte([]byte(",}] \t\r\n"), s.b[s.at]) < 0 {
		s.at++
	}
	s.access.see(key, s.b[start:s.at])
	return s.at > start
}

// members reads an object or a list to its end. What is in a list is the list's key's.
func (s *scanner) members(key []byte, end byte, depth int) bool {
	s.at++
	if s.next() == end {
		s.at++
		return true
	}
	for {
		if end == '}' {
			var ok bool
			if key, ok = s.key(); !ok {
				return false
			}
		}
		if !s.value(key, depth+1) {
			return false
		}
		c := s.next()
		s.at++
		if c == end {
			return true
		}
		if c != ',' {
			return false
		}
	}
}

// key reads a key and its colon.
func (s *scanner) key() ([]byte, bool) {
	if s.next() != '"' {
		return nil, false
	}
	key, ok := s.text()
	if !ok || s.next() != ':' {
		return nil, false
	}
	s.at++
	return key, true
}

// text reads what is in quotation marks, as it is: no path or agent that is
// looked for needs an escape sequence.
func (s *scanner) text() ([]byte, bool) {
	s.at++
	start := s.at
	for ; s.at < len(s.b); s.at++ {
		switch s.b[s.at] {
		case '\\':
			s.at++
		case '"':
			s.at++
			return s.b[start : s.at-1], true
		}
	}
	return nil, false
}
