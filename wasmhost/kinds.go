// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import "github.com/sealgate/sealgate/internal/lru"

// maxKinds is the most identities that a slot remembers. The shipped filters hold fewer. There is room for fewKinds in the
// beginning, which is enough for most: a full table takes a MiB for each slot.
const (
	maxKinds = 20 << 10
	fewKinds = maxKinds >> 4
)

// kind is what the host remembers of the dropped records of one identity until they are reported.
type kind struct {
	resource uint64 // its key
	template uint64
	bytes    uint64 // about the size of the records in OTLP
	touched  uint32 // the period in which it became the newest: see memory
}

// memory remembers the kinds seen last. The zero value is ready for use, and takes its memory from the
// first dropped record on. Within a period no kind makes room for another, so that a kind becomes the
// newest once at most.
type memory struct {
	table  *lru.Table[kind]
	period uint32 // counts kinds that were added, and begins again
}

// add counts a dropped record.
func (m *memory) add(identity uint64, k kind) {
	if m.table == nil {
		m.table = lru.New[kind](fewKinds)
	}
	if place := m.table.Find(identity); place != 0 {
		known := m.table.At(place)
		known.bytes += k.bytes
		if known.touched != m.period {
			known.touched = m.period
			m.table.Touch(place)
		}
		return
	}
	if m.table.Full() && m.table.Len() < maxKinds {
		m.grow()
	}
	m.period++
	k.touched = m.period
	m.table.Add(identity, k)
}

// grow makes room for four times as many kinds.
func (m *memory) grow() {
	larger := lru.New[kind](min(4*m.table.Len(), maxKinds))
	for identity, k := range m.table.All() {
		larger.Add(identity, *k)
	}
	m.table = larger
}

// take returns a kind, whose bytes begin at 0 again.
func (m *memory) take(identity uint64) (k kind, ok bool) {
	if m.table == nil {
		return kind{}, false
	}
	known := m.table.Use(identity)
	if known == nil {
		return kind{}, false
	}
	k, known.bytes = *known, 0
	return k, true
}
