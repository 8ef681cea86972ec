// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package compact

import "hash/maphash"

// lookup finds the index of a string in a static table: open addressing, never
// more than half full.
type lookup struct {
	names   []string
	slots   []uint16 // index+1; 0 is free
	mask    uint64
	longest int
	begins  []uint64 // a set: which first character the names of a length have
}

var lookupSeed = maphash.MakeSeed()

func newLookup(names []string) *lookup {
	size := 1
	for size < 4*len(names) {
		size *= 2
	}
	l := &lookup{names: names, slots: make([]uint16, size), mask: uint64(size - 1)}
	for i, name := range names {
		at := maphash.String(lookupSeed, name) & l.mask
		for l.slots[at] != 0 {
			at = (at + 1) & l.mask
		}
		l.slots[at] = uint16(i + 1)
		l.longest = max(l.longest, len(name))
	}
	l.begins = make([]uint64, (l.longest+1)*256/64)
	for _, name := range names {
		word, bit := begin(name)
		l.begins[word] |= 1 << bit
	}
	return l
}

// begin returns where in the set a name is.
func begin(name string) (word int, bit uint) {
	i := len(name)<<8 | int(name[0])
	return i >> 6, uint(i & 63)
}

// find returns the index of s, or -1.
func (l *lookup) find(s string) int {
	if len(s) > l.longest || len(s) == 0 {
		return -1
	}
	if word, bit := begin(s); l.begins[word]>>bit&1 == 0 {
		return -1 // most strings are in no table: they need no hash
	}
	at := maphash.String(lookupSeed, s) & l.mask
	for {
		i := l.slots[at]
		if i == 0 {
			return -1
		}
		if l.names[i-1] == s {
			return int(i - 1)
		}
		at = (at + 1) & l.mask
	}
}

var (
	keyLookup   = newLookup(staticKeys)
	valueLookup = newLookup(staticValues)
)

// StaticKeys returns the names of the static table of keys.
func StaticKeys() []string { return append([]string(nil), staticKeys...) }

// Key is the code of an attribute's name.
type Key uint16

// TextKey is the Key of a name that is in no table.
const TextKey Key = 0xFFFF

// KeyOf returns the code of an attribute's name, to be kept: a lookup for each
// attribute of each record would take longer than all else.
func KeyOf(name string) Key {
	if i := keyLookup.find(name); i >= 0 {
		return Key(i)
	}
	return TextKey
}
