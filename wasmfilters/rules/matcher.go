// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"bytes"
	"errors"
	"strconv"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
)

// matcher tests a text that a column holds.
type matcher struct {
	kind     matchKind
	fold     bool // ASCII letters are the same in upper and lower case
	texts    [][]byte
	set      map[string]bool // in place of many texts
	patterns []pattern
}

type matchKind uint8

const (
	matchAny matchKind = iota
	matchEqual
	matchContains
	matchPattern
)

// manyTexts is from how many a set is faster than to compare with each.
const manyTexts = 8

func newMatcher(test string, texts []string, fold bool) (matcher, error) {
	m := matcher{fold: fold}
	for _, s := range texts {
		switch test {
		case "equals":
			m.kind = matchEqual
		case "contains":
			m.kind = matchContains
			if s == "" {
				return m, errors.New("an empty text is in every text; use `exists`")
			}
		case "matches":
			m.kind = matchPattern
			p, err := parsePattern(s)
			if err != nil {
				return m, where(strconv.Quote(s), err)
			}
			m.patterns = append(m.patterns, p)
			continue
		}
		m.texts = append(m.texts, []byte(s))
	}
	return m, nil
}

// prepared has its texts in the form in which they are compared.
func (m matcher) prepared() matcher {
	if m.fold {
		for _, t := range m.texts {
			toLower(t)
		}
		for _, p := range m.patterns {
			for _, piece := range p {
				toLower(piece)
			}
		}
	}
	if m.kind == matchEqual && !m.fold && len(m.texts) > manyTexts {
		m.set = make(map[string]bool, len(m.texts))
		for _, t := range m.texts {
			m.set[string(t)] = true
		}
	}
	return m
}

// match tests text b; nothing holds of one that is not there.
func (m *matcher) match(b []byte, there bool) bool {
	if !there {
		return false
	}
	switch m.kind {
	case matchEqual:
		return m.equal(b)
	case matchContains:
		for _, t := range m.texts {
			if index(b, t, m.fold) >= 0 {
				return true
			}
		}
	case matchPattern:
		for _, p := range m.patterns {
			if p.match(b, m.fold) {
				return true
			}
		}
	case matchAny:
		return true
	}
	return false
}

func (m *matcher) equal(b []byte) bool {
	if m.set != nil {
		return m.set[string(b)]
	}
	for _, t := range m.texts {
		if len(t) == len(b) && hasPrefix(b, t, m.fold) {
			return true
		}
	}
	return false
}

// cut says that b may be the beginning of a longer text.
func cut(b []byte) bool { return len(b) >= sdk.MaxText }

// hasPrefix wants a prefix in small letters if case is ignored.
func hasPrefix(b, prefix []byte, fold bool) bool {
	if !fold {
		return bytes.HasPrefix(b, prefix)
	}
	if len(b) < len(prefix) {
		return false
	}
	for i, c := range prefix {
		if lower[b[i]] != c {
			return false
		}
	}
	return true
}

// index is where t is in b, in small letters if case is ignored; -1 if it is not.
func index(b, t []byte, fold bool) int {
	if !fold {
		return bytes.Index(b, t)
	}
	return indexFold(b, t)
}

// indexFold is the algorithm of Rabin and Karp: linear, whatever the text.
func indexFold(b, t []byte) int {
	const prime = 16777619 // of FNV, as in package bytes
	n := len(t)
	if len(b) < n {
		return -1
	}
	var want, have uint32
	power := uint32(1)
	for i := range n {
		want = want*prime + uint32(t[i])
		have = have*prime + uint32(lower[b[i]])
		power *= prime
	}
	for i := 0; ; i++ {
		if have == want && hasPrefix(b[i:], t, true) {
			return i
		}
		if i+n == len(b) {
			return -1
		}
		have = have*prime + uint32(lower[b[i+n]]) - power*uint32(lower[b[i]])
	}
}

// lower makes ASCII letters small.
var lower = func() (table [256]byte) {
	for i := range table {
		table[i] = byte(i)
		if i >= 'A' && i <= 'Z' {
			table[i] += 'a' - 'A'
		}
	}
	return table
}()

func toLower(b []byte) {
	for i, c := range b {
		b[i] = lower[c]
	}
}
