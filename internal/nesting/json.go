// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package nesting

import "bytes"

// JSON scans one request in JSON.
type JSON struct {
	open   int  // brackets
	inside bool // of a string
	odd    bool // an odd number of backslashes precedes, in a string
}

// Scan looks at the next part of the request.
func (s *JSON) Scan(part []byte) error {
	for len(part) > 0 {
		if s.inside {
			part = s.leaveString(part)
			continue
		}
		n, err := s.scanOutside(part)
		if err != nil {
			return err
		}
		part = part[n:]
	}
	return nil
}

// scanOutside scans up to a string that has a backslash before a quote or that the part does not
// end, and returns how much it scanned.
func (s *JSON) scanOutside(part []byte) (int, error) {
	const lower = 0x20 // turns square brackets into curly ones, and no other byte of JSON
	open := s.open
	for i := 0; i < len(part); i++ {
		switch c := part[i]; {
		case c == '"':
			n := bytes.IndexByte(part[i+1:], '"')
			if n < 0 || (n > 0 && part[i+n] == '\\') {
				s.inside, s.open = true, open
				return i + 1, nil
			}
			i += n + 1
		case c|lower == '{':
			if open++; open > MaxBrackets {
				return i, errBrackets
			}
		case c|lower == '}':
			open--
		}
	}
	s.open = open
	return len(part), nil
}

// leaveString returns what is behind the string, or nothing if the part ends inside it.
func (s *JSON) leaveString(part []byte) []byte {
	quote := bytes.IndexByte(part, '"')
	text := part
	if quote >= 0 {
		text = part[:quote]
	}
	s.odd = oddBackslashes(text, s.odd)
	if quote < 0 {
		return nil
	}
	s.inside, s.odd = s.odd, false
	return part[quote+1:]
}

// oddBackslashes tells whether text ends in an odd number of backslashes. Before says the same of
// the text before.
func oddBackslashes(text []byte, before bool) bool {
	i := len(text)
	for i > 0 && text[i-1] == '\\' {
		i--
	}
	odd := (len(text)-i)%2 == 1
	if i == 0 {
		return odd != before
	}
	return odd
}
