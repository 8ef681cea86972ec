// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package labels

import "math/bits"

// index is a read-only hash table from strings to small values.
//
// Why not a map: nearly all the time of normalising is spent asking whether an
// attribute key is known, and a map hashes the whole key to find out. The keys
// here differ in their length, their first or their last eight bytes, so these
// are all that is hashed; the one comparison that follows settles the rest.
// See BenchmarkIndex.
type index[V any] struct {
	slots   []uint16 // one more than the position in entries; 0 is empty
	shift   uint
	entries []entry[V]
}

type entry[V any] struct {
	key   string
	value V
}

// newIndex builds an index over m. One slot in eight is taken at most, so that
// most unknown keys end at an empty slot without a comparison.
func newIndex[V any](m map[string]V) *index[V] {
	size := 1 << bits.Len(uint(8*len(m)))
	ix := &index[V]{
		slots: make([]uint16, size),
		shift: 64 - uint(bits.Len(uint(size-1))),
	}
	for key, value := range m {
		ix.entries = append(ix.entries, entry[V]{key, value})
		i := hash(key) >> ix.shift
		for ix.slots[i] != 0 {
			i = (i + 1) & uint64(size-1)
		}
		ix.slots[i] = uint16(len(ix.entries))
	}
	return ix
}

// get returns the value of key.
func (ix *index[V]) get(key string) (value V, ok bool) {
	last := uint64(len(ix.slots) - 1) // a power of two less one
	for i := hash(key) >> (ix.shift & 63); ; i++ {
		s := ix.slots[i&last]
		if s == 0 {
			return value, false
		}
		if e := &ix.entries[s-1]; e.key == key {
			return e.value, true
		}
	}
}

// The multipliers are the golden ratio, as in Fibonacci hashing, and one of
// MurmurHash3's finaliser.
const (
	mix1 = 0x9e3779b97f4a7c15
	mix2 = 0xff51afd7ed558ccd
)

// hash mixes the length of key, its first and its last eight bytes.
func hash(key string) uint64 {
	n := len(key)
	if n < 8 {
		return hashShort(key)
	}
	return (load64(key)*mix1 ^ load64(key[n-8:]) + uint64(n)) * mix2
}

// hashShort is apart so that hash is small enough to be inlined.
func hashShort(key string) uint64 {
	var v uint64
	for i := range len(key) {
		v = v<<8 | uint64(key[i])
	}
	return (v*mix1 ^ uint64(len(key))) * mix2
}

// load64 reads the first eight bytes of s, which has at least as many. The
// compiler makes one load of it.
func load64(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}
