// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

import "math/bits"

// automaton is that of Aho and Corasick, as a table. It is slower than the scanner on what a log has, and as fast on
// what is made to hurt: a step a byte.
type automaton struct {
	fold    bool
	classes [256]uint16 // bytes that no key has are class 0
	width   int         // number of classes
	next    []uint16
	out     []uint16 // by state: 0, or its keys in outs
	outs    []Hits
}

// buildSlow makes the automata, when the first body needs them: one for the needles that fold case, one for the others.
func (s *scanner) buildSlow() {
	for _, fold := range []bool{false, true} {
		a := &automaton{fold: fold, outs: make([]Hits, 1)}
		var keys []int
		for i := range s.patterns {
			if s.members.Has(i) && s.patterns[i].fold == fold {
				keys = append(keys, i)
			}
		}
		if len(keys) > 0 {
			a.build(s.patterns, keys)
			s.slow = append(s.slow, a)
		}
	}
}

func (a *automaton) build(patterns []pattern, keys []int) {
	a.width = 1
	for _, i := range keys {
		for _, c := range []byte(patterns[i].key()) {
			if a.classes[c] == 0 {
				a.classes[c] = uint16(a.width)
				a.width++
			}
		}
	}
	a.grow()
	for _, i := range keys {
		a.insert(patterns[i].key(), i)
	}
	a.link()
	if a.fold {
		for c := 'A'; c <= 'Z'; c++ {
			a.classes[c] = a.classes[lowered[c]]
		}
	}
}

func (a *automaton) grow() uint16 {
	a.next = append(a.next, make([]uint16, a.width)...)
	a.out = append(a.out, 0)
	return uint16(len(a.out) - 1)
}

func (a *automaton) insert(key string, i int) {
	state := 0
	for _, c := range []byte(key) {
		at := state*a.width + int(a.classes[c])
		if a.next[at] == 0 {
			n := a.grow() // moves a.next
			a.next[at] = n
		}
		state = int(a.next[at])
	}
	a.outOf(state).set(i)
}

func (a *automaton) outOf(state int) *Hits {
	if a.out[state] == 0 {
		a.outs = append(a.outs, Hits{})
		a.out[state] = uint16(len(a.outs) - 1)
	}
	return &a.outs[a.out[state]]
}

// link completes the trie to an automaton, breadth first.
func (a *automaton) link() {
	fail := make([]uint16, len(a.out))
	var queue []uint16
	for _, n := range a.next[:a.width] {
		if n != 0 {
			queue = append(queue, n)
		}
	}
	for len(queue) > 0 {
		state := int(queue[0])
		queue = queue[1:]
		if f := a.out[fail[state]]; f != 0 {
			shorter := a.outs[f]
			a.outOf(state).add(&shorter)
		}
		for c := range a.width {
			at, other := state*a.width+c, a.next[int(fail[state])*a.width+c]
			if a.next[at] == 0 {
				a.next[at] = other
				continue
			}
			fail[a.next[at]] = other
			queue = append(queue, a.next[at])
		}
	}
}

func (a *automaton) match(v *visit) {
	state := 0
	for i := range len(v.body) {
		state = int(a.next[state*a.width+int(a.classes[v.body[i]])])
		if o := a.out[state]; o != 0 {
			if v.decideAll(&a.outs[o]); v.left == 0 {
				return
			}
		}
	}
}

func (v *visit) decideAll(h *Hits) {
	for w := range h {
		for fresh := h[w] &^ v.decided[w]; fresh != 0; fresh &= fresh - 1 {
			i := w<<6 + bits.TrailingZeros64(fresh)
			v.decide(i, &v.scanner.patterns[i])
		}
	}
}
