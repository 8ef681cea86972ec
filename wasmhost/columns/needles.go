// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

import (
	"fmt"
	"strings"
)

// Needles finds which needles of a set are in a body, in one scan however many they are. It is safe for concurrent use.
type Needles struct {
	patterns []pattern
	judged   []int    // by matches alone: one comparison decides, or case is folded
	alone    []single // looked for one by one
	scan     *scanner
}

// NewNeedles makes a set. Bit i of the hits is for needle i.
func NewNeedles(needles []Needle) (*Needles, error) {
	if len(needles) > MaxNeedles {
		return nil, fmt.Errorf("%d needles are too many: at most %d are allowed", len(needles), MaxNeedles)
	}
	n := &Needles{}
	size := 0
	for i, d := range needles {
		p, err := compile(d)
		if err != nil {
			return nil, fmt.Errorf("needle %d: %w", i, err)
		}
		size += len(d.Text)
		n.patterns = append(n.patterns, p)
	}
	if size > MaxNeedlesSize {
		return nil, fmt.Errorf("the needles have %d bytes in all: at most %d are allowed", size, MaxNeedlesSize)
	}
	n.plan()
	return n, nil
}

// Len is the number of needles.
func (n *Needles) Len() int { return len(n.patterns) }

// Match sets the bits of the needles that are in body, and clears all others. It allocates nothing.
func (n *Needles) Match(body string, hits *Hits) {
	*hits = Hits{}
	for _, i := range n.judged {
		if n.patterns[i].matches(body) {
			hits.set(i)
		}
	}
	for k := range n.alone {
		s := &n.alone[k]
		// Most bodies do not have the rare byte: this search is all that they cost.
		at := strings.IndexByte(body, s.rare)
		if at >= 0 && s.in(body, at) && (s.whole || n.patterns[s.pattern].matches(body)) {
			hits.set(s.pattern)
		}
	}
	if n.scan != nil {
		n.scan.match(body, hits)
	}
}
