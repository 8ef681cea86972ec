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

// see looks at a text or number of the object. Keys have many names; a value in
// an object within the object counts as one of it.
func (a *access) see(key, value []byte) {
	switch string(key) {
	case "status", "status_code", "statusCode", "response_code", "responseCode", "response_status", "http_status", "http.response.status_code",
		"http.status_code", "DownstreamStatus":
		a.seeStatus(value)
	case "method", "verb", "request_method", "requestMethod", "http_method", "http.request.method", "http.method", "RequestMethod":
		a.seeMethod(value)
	case "path", "uri", "url", "request_uri", "requestURI", "requestUri", "request_path", "url.path", "http.target", "http.route", "RequestPath":
		a.seePath(value)
	case "request":
		a.seeRequest(value)
	case "user_agent", "userAgent", "useragent", "http_user_agent", "agent", "user_agent.original", "http.user_agent", "User-Agent", "request_User-Agent":
		a.seeAgent(value)
	case "level", "lvl", "severity", "log.level", "levelname":
		a.not = a.not || !harmless(value)
	case "error", "err", "exception", "panic", "stacktrace", "stack":
		a.not = a.not || len(value) > 0 && string(value) != "null" && string(value) != "-"
	}
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
