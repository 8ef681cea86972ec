// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

// visit is one body under a scanner.
type visit struct {
	scanner *scanner
	body    string
	found   Hits
	decided Hits // found, or known not to match
	left    int  // members that are not decided
	budget  int  // of comparisons; a body made to exhaust it goes to the automaton
}

func (v *visit) check(bucket uint8, b []byte, p int) {
	if bucket != 0 {
		v.compare(v.scanner.buckets[bucket], b, p)
	}
}

// compare compares the needles that have the gram at p.
func (v *visit) compare(bucket []candidate, b []byte, p int) {
	s := v.scanner
	gram := s.gram(load(b, p))
	for i := range bucket {
		c := &bucket[i]
		v.budget--
		if c.gram != gram || v.decided.Has(c.pattern) || p < c.offset {
			continue
		}
		v.budget -= 4 + len(c.key)/4
		if pt := &s.patterns[c.pattern]; pt.prefix(v.body[p-c.offset:], c.key) {
			v.decide(c.pattern, pt)
		}
	}
}

// decide judges a pattern whose key is in the body.
func (v *visit) decide(i int, p *pattern) {
	v.decided.set(i)
	v.left--
	if p.whole() || p.matches(v.body) {
		v.found.set(i)
	}
}
