// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"bytes"
	"errors"
)

// pattern is a text with asterisks, each of which stands for any bytes: the
// pieces between them, the first and last of which may be empty. One piece is a
// text without asterisks.
type pattern [][]byte

func parsePattern(s string) (pattern, error) {
	p := pattern{nil}
	for i := 0; i < len(s); i++ {
		last := len(p) - 1
		switch s[i] {
		case '*':
			// Two in a row say no more than one.
			if last == 0 || len(p[last]) > 0 {
				p = append(p, nil)
			}
		case '\\':
			i++
			if i == len(s) || s[i] != '*' && s[i] != '\\' {
				return nil, errors.New("a backslash stands before `*` or `\\` only, to take it as it is")
			}
			p[last] = append(p[last], s[i])
		default:
			p[last] = append(p[last], s[i])
		}
	}
	return p, nil
}

func (p pattern) longest() string {
	var out []byte
	for _, piece := range p {
		if len(piece) > len(out) {
			out = piece
		}
	}
	return string(out)
}

// glob is the pattern as a needle has it, unless it has asterisks as they are.
func (p pattern) glob() (string, bool) {
	for _, piece := range p {
		if bytes.IndexByte(piece, '*') >= 0 {
			return "", false
		}
	}
	return string(bytes.Trim(bytes.Join(p, []byte("*")), "*")), true
}

// match matches the whole of b. The end of one that was cut is not known, so that
// only a pattern with an asterisk at its end can match.
func (p pattern) match(b []byte, fold bool) bool {
	first, last := p[0], p[len(p)-1]
	if len(p) == 1 {
		return len(b) == len(first) && hasPrefix(b, first, fold)
	}
	if cut(b) && len(last) > 0 || len(b) < len(first)+len(last) {
		return false
	}
	end := len(b) - len(last)
	if !hasPrefix(b, first, fold) || !hasPrefix(b[end:], last, fold) {
		return false
	}
	b = b[len(first):end]
	for _, piece := range p[1 : len(p)-1] {
		at := index(b, piece, fold)
		if at < 0 {
			return false
		}
		b = b[at+len(piece):]
	}
	return true
}
