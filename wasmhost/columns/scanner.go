// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

import (
	"encoding/binary"
	"sync"
	"unsafe"
)

// scanner looks for many needles at once. Every stride bytes it looks up a gram (the next two to four bytes of the
// body) in a table that has stride neighbouring grams of each needle, its rarest: wherever the needle stands, one of these
// looks falls on one of them. Only then is the needle compared.
//
// Why not an automaton, or shifts after Wu and Manber: both wait at each step for the table before they know the next
// step (4 to 6 ns); these looks do not depend on one another, so the processor overlaps them (under 1 ns).
type scanner struct {
	patterns []pattern
	stride   int
	mask     uint32 // keeps the bytes of a gram
	lower    uint32 // folds the case of a gram, when any needle wants it
	members  Hits
	count    int
	table    [tableSize]uint8 // by the hash of a gram: 0, or its bucket
	buckets  [256][]candidate

	once sync.Once
	slow []*automaton
}

const (
	tableBits = 14
	tableSize = 1 << tableBits
)

// candidate is a place of a needle that has a certain gram.
type candidate struct {
	gram    uint32
	offset  int
	pattern int
	key     string
}

func slot(gram uint32) uint32 { return gram * 0x9e3779b1 >> (32 - tableBits) }

// gramOf is the length of the grams for needles of length n or more: longer ones are rarer, and shorten the stride.
func gramOf(n int) int {
	switch {
	case n >= 5:
		return 4
	case n >= 3:
		return 3
	}
	return n
}

func strideOf(n int) int { return min(n-gramOf(n)+1, 8) }

func newScanner(patterns []pattern, members []int) *scanner {
	shortest := len(patterns[members[0]].key())
	s := &scanner{patterns: patterns, stride: strideOf(shortest), count: len(members)}
	s.mask = ^uint32(0) >> (32 - 8*gramOf(shortest))
	for _, i := range members {
		s.members.set(i)
		if patterns[i].fold {
			s.lower = 0x20202020
		}
	}
	next := 0
	for _, i := range members {
		window := s.stride + gramOf(shortest) - 1
		from := rarest(patterns[i].key(), window)
		for offset := range s.stride {
			s.add(i, from+offset, &next)
		}
	}
	return s
}

func (s *scanner) add(i, offset int, next *int) {
	key := s.patterns[i].key()
	c := candidate{gram: s.gram(load(view(key), offset)), offset: offset, pattern: i, key: key}
	at := &s.table[slot(c.gram)]
	if *at == 0 {
		*at = uint8(*next%255 + 1) // past 255 grams, buckets are shared
		*next++
	}
	s.buckets[*at] = append(s.buckets[*at], c)
}

func (s *scanner) gram(v uint32) uint32 { return (v | s.lower) & s.mask }

// load reads four bytes at p, with zeros past the end.
func load(b []byte, p int) uint32 {
	if p+4 <= len(b) {
		return binary.LittleEndian.Uint32(b[p:])
	}
	var v uint32
	for i := len(b) - 1; i >= p; i-- {
		v = v<<8 | uint32(b[i])
	}
	return v
}

// match sets the hits of its members.
func (s *scanner) match(body string, hits *Hits) {
	v := visit{scanner: s, body: body, left: s.count, budget: 512 + 2*len(body)}
	if s.look(view(body), &v) {
		hits.add(&v.found)
		return
	}
	s.once.Do(s.buildSlow)
	for _, a := range s.slow {
		a.match(&v)
	}
	hits.add(&v.found)
}

// look passes over the body, and says whether it came to an end within the budget.
func (s *scanner) look(b []byte, v *visit) bool {
	p, step, lower, mask := 0, s.stride, s.lower, s.mask
	base := unsafe.Pointer(unsafe.SliceData(b))
	for end := len(b) - 3*step - 4; p <= end; p += 4 * step {
		t0 := s.table[slot((peek(base, p)|lower)&mask)]
		t1 := s.table[slot((peek(base, p+step)|lower)&mask)]
		t2 := s.table[slot((peek(base, p+2*step)|lower)&mask)]
		t3 := s.table[slot((peek(base, p+3*step)|lower)&mask)]
		if t0|t1|t2|t3 == 0 {
			continue
		}
		v.check(t0, b, p)
		v.check(t1, b, p+step)
		v.check(t2, b, p+2*step)
		v.check(t3, b, p+3*step)
		if v.left == 0 || v.budget < 0 {
			return v.left == 0
		}
	}
	for ; p < len(b); p += step {
		v.check(s.table[slot(s.gram(load(b, p)))], b, p)
	}
	return true
}

// peek reads four bytes at p, which the caller knows to be there: four checks of the bounds cost more than the looks.
func peek(base unsafe.Pointer, p int) uint32 {
	return binary.LittleEndian.Uint32((*[4]byte)(unsafe.Add(base, p))[:])
}
