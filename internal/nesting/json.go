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
		i := 0
		for ; i < len(part) && !s.inside; i++ {
			switch part[i] {
			case '"':
				s.inside = true
			case '{', '[':
				if s.open++; s.open > MaxBrackets {
					return errBrackets
				}
			case '}', ']':
				s.open--
			}
		}
		part = part[i:]
	}
	return nil
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
