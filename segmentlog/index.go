// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package segmentlog

import "strconv"

// place is where the record of a key is.
type place struct {
	seg   uint32
	off   uint32
	value uint32 // length as stored
	key   uint16 // length as stored
}

// size returns the size of the record in bytes.
func (p place) size() int64 { return int64(recordHeader) + int64(p.key) + int64(p.value) }

// index leads from keys to records. Most keys of a queue are numbers, which take less
// memory than strings.
type index struct {
	numbers map[uint64]place
	names   map[string]place
	most    int // numbers since the map was made
}

func newIndex() index { return index{numbers: map[uint64]place{}, names: map[string]place{}} }

// number returns the number that a key is the decimal form of.
func number(key string) (uint64, bool) {
	n, err := strconv.ParseUint(key, 10, 64)
	if err != nil || len(key) > 1 && (key[0] == '0') || key[0] == '+' {
		return 0, false
	}
	return n, true
}

func (x *index) get(key string) (place, bool) {
	if n, ok := number(key); ok {
		p, ok := x.numbers[n]
		return p, ok
	}
	p, ok := x.names[key]
	return p, ok
}

func (x *index) set(key string, p place) {
	if n, ok := number(key); ok {
		x.numbers[n] = p
		x.most = max(x.most, len(x.numbers))
		return
	}
	x.names[key] = p
}

func (x *index) remove(key string) {
	n, ok := number(key)
	if !ok {
		delete(x.names, key)
		return
	}
	delete(x.numbers, n)
	if len(x.numbers) == 0 && x.most > 1000 { // a map that was large stays large
		x.numbers, x.most = map[uint64]place{}, 0
	}
}

// each calls do for all keys.
func (x *index) each(do func(key string, p place)) {
	for n, p := range x.numbers {
		do(strconv.FormatUint(n, 10), p)
	}
	for key, p := range x.names {
		do(key, p)
	}
}
