// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package severity

// table maps short texts in lower case to small numbers. A look-up that fails, as most do, reads
// one or two slots.
type table[V ~uint8] struct {
	ends  [256]uint32 // for the first byte of a text, the last bytes that occur, as bits
	sizes [256]uint64 // for the first byte of a text, the lengths that occur, as bits
	slots [tableSize]slot[V]
}

type slot[V ~uint8] struct {
	text  string
	value V
}

const tableSize = 1024 // several times the number of texts, a power of two

func newTable[V ~uint8](texts map[V][]string) *table[V] {
	var t table[V]
	for v, list := range texts {
		for _, text := range list {
			first, last := text[0], text[len(text)-1]
			t.ends[first] |= 1 << (last & 31)
			t.ends[upper(first)] |= 1 << (last & 31)
			t.sizes[first] |= 1 << len(text)
			t.sizes[upper(first)] |= 1 << len(text)
			h := hash([]byte(text))
			for t.slots[h].text != "" {
				h = (h + 1) % tableSize
			}
			t.slots[h] = slot[V]{text, v}
		}
	}
	return &t
}

// may says whether a text, in either case, may start and end with these bytes.
func (t *table[V]) may(first, last byte) bool { return t.ends[first]>>(last&31)&1 != 0 }

// mayBe says whether a text of ASCII may be one of the table, in either case.
func (t *table[V]) mayBe(text string) bool {
	return t.may(text[0], text[len(text)-1]) && t.sizes[text[0]]>>len(text)&1 != 0
}

// find returns the value of a text in lower case, or 0.
func (t *table[V]) find(text []byte) V {
	if len(text) == 0 {
		return 0
	}
	for h := hash(text); ; h = (h + 1) % tableSize {
		s := &t.slots[h]
		if len(s.text) == 0 {
			return 0
		}
		if s.text == string(text) {
			return s.value
		}
	}
}

func hash(text []byte) uint32 {
	n := uint32(len(text))
	a, b, c := uint32(text[0]), uint32(text[n/2]), uint32(text[n-1])
	return (n*0x9e3779b1 ^ a*0x85ebca6b ^ b*0xc2b2ae35 ^ c*0x27d4eb2f) >> 11 % tableSize
}

func upper(c byte) byte {
	if c-'a' < 26 {
		return c &^ 0x20
	}
	return c
}

func lower(c byte) byte {
	if c-'A' < 26 {
		return c | 0x20
	}
	return c
}
