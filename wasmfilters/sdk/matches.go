// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdk

import "encoding/binary"

const matchSize = 16

// matches is the column of this name. The zero value has none.
type matches struct {
	first   []uint32 // of each record, the number of its first match; and how many there are
	entries []byte
	data    []byte // what the offsets of texts are relative to
}

// reset reads the matches of n records and says whether all lie in the column.
func (m *matches) reset(data []byte, n int) bool {
	*m = matches{}
	head := (4*(n+1) + 7) &^ 7
	if len(data) < head {
		return false
	}
	first := view[uint32](data[:4*(n+1)])
	last := uint32(0)
	for _, k := range first {
		if k < last {
			return false
		}
		last = k
	}
	if uint64(last)*matchSize > uint64(len(data)-head) {
		return false
	}
	entries := data[head : head+int(last)*matchSize]
	for e := entries; len(e) > 0; e = e[matchSize:] {
		at, size := binary.LittleEndian.Uint32(e[8:]), binary.LittleEndian.Uint32(e[12:])
		if uint64(at)+uint64(size) > uint64(len(data)) {
			return false
		}
	}
	*m = matches{first, entries, data}
	return first[0] == 0
}

func (m *matches) of(i int) (first, end int) {
	if uint(i+1) >= uint(len(m.first)) {
		return 0, 0
	}
	return int(m.first[i]), int(m.first[i+1])
}

func (m *matches) get(k int) (detector int, text []byte) {
	e := m.entries[matchSize*k:]
	at, size := binary.LittleEndian.Uint32(e[8:]), binary.LittleEndian.Uint32(e[12:])
	return int(binary.LittleEndian.Uint32(e)), m.data[at : at+size : at+size]
}
