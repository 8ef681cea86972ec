// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import "github.com/sealgate/sealgate/internal/lru"

// maxKinds is the most identities that a slot remembers. The shipped filters hold fewer.
const maxKinds = 20 << 10

// kind is what the host remembers of the dropped records of one identity until they are reported.
type kind struct {
	resource uint64 // its key
	template uint64
	bytes    uint64 // about the size of the records in OTLP
	touched  uint32 // the period in which it became the newest: see memory
}

// memory remembers the kinds seen last. The zero value is ready for use, and takes its memory when the
// first record is dropped. Within a period no kind makes room for another, so that a kind becomes the
// newest once at most.
type memory struct {
	table  *lru.Table[kind]
	period uint32 // counts kinds that were added, and begins again
}

// add counts a dropped record.
func (m *memory) add(identity uint64, k kind) {
	if m.table == nil {
		m.table = lru.New[kind](maxKinds)
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
	m.period++
	k.touched = m.period
	m.table.Add(identity, k)
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
