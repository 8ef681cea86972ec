// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package lru keeps a bounded number of values by 64-bit keys that are hashes
// already, those that were used last. Its memory is taken once and has no
// pointers in it, if V has none: there is nothing for a garbage collector to do.
package lru

import (
	"iter"
	"math/bits"
)

// Table finds values by their keys, with open addressing, and knows in which
// order they were used.
type Table[V any] struct {
	slots []slot[V] // the first is none: it closes the ring of older and newer
	index []uint32  // by the upper bits of a key, then one after another: a place in slots, 0 where free
	shift uint8
}

type slot[V any] struct {
	key          uint64
	older, newer uint32 // places of the slots that were used before and after this one
	value        V
}

// New makes a table of at most so many values, at least 1.
func New[V any](most int) *Table[V] {
	n := bits.Len(uint(2*most - 1)) // so that half of the index at least is free
	return &Table[V]{slots: make([]slot[V], 1, 1+most), index: make([]uint32, 1<<n), shift: uint8(64 - n)}
}

// Clear forgets all values.
func (t *Table[V]) Clear() {
	clear(t.index)
	t.slots = t.slots[:1]
	t.slots[0] = slot[V]{}
}

// Len is the number of values.
func (t *Table[V]) Len() int { return len(t.slots) - 1 }

// Full says that the next Add takes the place of the oldest value.
func (t *Table[V]) Full() bool { return len(t.slots) == cap(t.slots) }

// Oldest is the value that was not used for the longest time. There must be one.
func (t *Table[V]) Oldest() *V { return &t.slots[t.slots[0].newer].value }

// Use is the value of a key, which becomes the newest, and nil if there is none.
// It is good until the next Add.
func (t *Table[V]) Use(key uint64) *V {
	place := t.Find(key)
	if place == 0 {
		return nil
	}
	t.Touch(place)
	return t.At(place)
}

// At is the value at a place that Find has found.
func (t *Table[V]) At(place uint32) *V { return &t.slots[place].value }

// Touch makes the value at a place the newest.
func (t *Table[V]) Touch(place uint32) {
	if t.slots[0].older != place {
		t.unlink(place)
		t.link(place)
	}
}

// Has says whether there is a value of a key.
func (t *Table[V]) Has(key uint64) bool { return t.Find(key) != 0 }

// Find is the place of a key, 0 if there is none. Find, At and Touch are Use in parts that a compiler
// inlines: in a module made by Go, a loop with a call in it takes twice as long.
func (t *Table[V]) Find(key uint64) uint32 {
	for at := key >> t.shift; ; at++ {
		place := t.index[at&uint64(len(t.index)-1)]
		if place == 0 || t.slots[place].key == key {
			return place
		}
	}
}

// Add puts a value with a key that is not there into the table, in the place of
// the oldest one where it is full.
func (t *Table[V]) Add(key uint64, value V) *V {
	place := uint32(len(t.slots))
	if t.Full() {
		place = t.slots[0].newer
		t.forget(t.slots[place].key)
		t.unlink(place)
	} else {
		t.slots = t.slots[:place+1]
	}
	t.slots[place] = slot[V]{key: key, value: value}
	t.link(place)
	at := key >> t.shift
	for t.index[at&uint64(len(t.index)-1)] != 0 {
		at++
	}
	t.index[at&uint64(len(t.index)-1)] = place
	return &t.slots[place].value
}

// All yields keys and values from the oldest to the newest.
func (t *Table[V]) All() iter.Seq2[uint64, *V] {
	return func(yield func(uint64, *V) bool) {
		for place := t.slots[0].newer; place != 0; place = t.slots[place].newer {
			if !yield(t.slots[place].key, &t.slots[place].value) {
				return
			}
		}
	}
}

// forget takes a key from the index, and moves those up that stand behind where
// they belong.
func (t *Table[V]) forget(key uint64) {
	mask := uint64(len(t.index) - 1)
	free := key >> t.shift
	for t.slots[t.index[free]].key != key {
		free = (free + 1) & mask
	}
	for at := (free + 1) & mask; t.index[at] != 0; at = (at + 1) & mask {
		home := t.slots[t.index[at]].key >> t.shift
		if (at-home)&mask >= (at-free)&mask {
			t.index[free], free = t.index[at], at
		}
	}
	t.index[free] = 0
}

func (t *Table[V]) unlink(place uint32) {
	older, newer := t.slots[place].older, t.slots[place].newer
	t.slots[older].newer, t.slots[newer].older = newer, older
}

func (t *Table[V]) link(place uint32) {
	newest := t.slots[0].older
	t.slots[place].older, t.slots[place].newer = newest, 0
	t.slots[newest].newer, t.slots[0].older = place, place
}
