// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

import (
	"fmt"
	"strings"
)

// Bounds of a set of needles. They bound its memory: what a guest may ask for is its host's to pay.
const (
	MaxNeedleBytes = 256       // of one needle
	MaxNeedlesSize = 32 * 1024 // of all together
)

// Needle is what is looked for in a body.
type Needle struct {
	Text  string
	Fold  bool // ASCII letters match in either case
	Glob  bool // * in Text stands for any bytes, or none; there is no escape
	Start bool // Text matches at the beginning of the body only
	End   bool // Text matches at the end of the body only
}

// pattern is a needle made ready.
type pattern struct {
	parts      []string // between the stars; lower case when fold
	fails      [][]uint16
	fold       bool
	start, end bool
}

func compile(n Needle) (pattern, error) {
	if len(n.Text) > MaxNeedleBytes {
		return pattern{}, fmt.Errorf("the text has %d bytes: at most %d are allowed", len(n.Text), MaxNeedleBytes)
	}
	p := pattern{start: n.Start, end: n.End, fold: n.Fold && hasLetter(n.Text)}
	text := n.Text
	if p.fold {
		text = lowerASCII(text)
	}
	p.parts = []string{text}
	if n.Glob {
		p.start = p.start && !strings.HasPrefix(text, "*")
		p.end = p.end && !strings.HasSuffix(text, "*")
		p.parts = strings.FieldsFunc(text, func(r rune) bool { return r == '*' })
	}
	if len(p.parts) == 0 || text == "" {
		return pattern{}, fmt.Errorf("the text %q is found in every body: give it a byte that is not a star", n.Text)
	}
	if p.fold {
		for _, part := range p.parts {
			p.fails = append(p.fails, failures(part))
		}
	}
	return p, nil
}

func hasLetter(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return 'a' <= r|0x20 && r|0x20 <= 'z' && r < 0x80 })
}

// anchored says whether one comparison at an end of the body decides.
func (p *pattern) anchored() bool { return len(p.parts) == 1 && (p.start || p.end) }

// whole says whether the presence of the one part decides.
func (p *pattern) whole() bool { return len(p.parts) == 1 && !p.start && !p.end }

// key is the part by which the pattern is looked for: the longest, because it is the rarest.
func (p *pattern) key() string {
	key := p.parts[0]
	for _, part := range p.parts {
		if len(part) > len(key) {
			key = part
		}
	}
	return key
}

// matches judges the whole pattern. Its cost is linear in the body.
func (p *pattern) matches(s string) bool {
	first, last := 0, len(p.parts)
	if p.start && p.end && last == 1 && len(s) != len(p.parts[0]) {
		return false
	}
	if p.start {
		if !p.prefix(s, p.parts[0]) {
			return false
		}
		s, first = s[len(p.parts[0]):], 1
	}
	if p.end && first < last {
		last--
		end := p.parts[last]
		if len(s) < len(end) || !p.prefix(s[len(s)-len(end):], end) {
			return false
		}
		s = s[:len(s)-len(end)]
	}
	for i := first; i < last; i++ {
		at := p.index(s, i)
		if at < 0 {
			return false
		}
		s = s[at+len(p.parts[i]):]
	}
	return true
}

func (p *pattern) prefix(s, part string) bool {
	if len(s) < len(part) {
		return false
	}
	if p.fold {
		return equalFold(s[:len(part)], part)
	}
	return s[:len(part)] == part
}

func (p *pattern) index(s string, part int) int {
	if p.fold {
		return indexFold(s, p.parts[part], p.fails[part])
	}
	return strings.Index(s, p.parts[part])
}
