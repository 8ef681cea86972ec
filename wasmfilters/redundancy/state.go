// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package redundancy

import (
	"encoding/binary"
	"errors"

	"github.com/sealgate/sealgate/internal/lru"
	"github.com/sealgate/sealgate/wasmfilters/internal/debt"
	"github.com/sealgate/sealgate/wasmfilters/sdk/conf"
)

// The state, all numbers little endian: a head of
//
//	4 bytes  "rdn2", its format
//	u32      entries of the table, u32 evicted ones
//	u64      arrived, latest, told
//
// and for each entry, the table's from the oldest to the newest and then the evicted ones,
//
//	u64      identity, since
//	24 bytes owed, a debt
//	u32      kept
//	u16      level
//	u8       due, zero
const (
	stateFormat = "rdn2"
	stateHead   = 36
	stateEntry  = 24 + debt.Size
)

var le = binary.LittleEndian

func (f *filter) SaveState() []byte {
	b := make([]byte, 0, stateHead+stateEntry*(f.entries.Len()+len(f.evicted)))
	b = append(b, stateFormat...)
	b = le.AppendUint32(b, uint32(f.entries.Len()))
	b = le.AppendUint32(b, uint32(len(f.evicted)))
	for _, time := range []uint64{f.arrived, f.latest, f.told} {
		b = le.AppendUint64(b, time)
	}
	for _, e := range f.entries.All() {
		b = e.append(b)
	}
	for i := range f.evicted {
		b = f.evicted[i].append(b)
	}
	return b
}

func (e *entry) append(b []byte) []byte {
	b = le.AppendUint64(b, e.identity)
	b = le.AppendUint64(b, e.since)
	b = e.owed.Append(b)
	b = le.AppendUint32(b, e.kept)
	b = le.AppendUint16(b, uint16(e.level))
	if e.due {
		return append(b, 1, 0)
	}
	return append(b, 0, 0)
}

func (f *filter) RestoreState(state []byte) error {
	restored := filter{settings: f.settings, entries: lru.New[entry](f.maxTemplates)}
	if err := restored.read(state); err != nil {
		return err
	}
	*f = restored
	return nil
}

// read calls next to nothing for an entry: there are thousands, and a call has a budget.
func (f *filter) read(b []byte) error {
	if len(b) < stateHead || string(b[:4]) != stateFormat {
		return errors.New("state: it is not of the format " + stateFormat)
	}
	n, evicted := uint64(le.Uint32(b[4:])), uint64(le.Uint32(b[8:]))
	if n > uint64(f.maxTemplates) || evicted > maxEvicted || uint64(len(b)) != stateHead+stateEntry*(n+evicted) {
		return errors.New("state: it is cut off, or of more templates than `max_templates`")
	}
	f.arrived, f.latest, f.told = le.Uint64(b[12:]), le.Uint64(b[20:]), le.Uint64(b[28:])
	for b = b[stateHead:]; len(b) > 0; b = b[stateEntry:] {
		e := entry{
			identity: le.Uint64(b), since: le.Uint64(b[8:]),
			owed: debt.Debt{Count: le.Uint64(b[16:]), First: le.Uint64(b[24:]), Last: le.Uint64(b[32:])},
			kept: le.Uint32(b[40:]), level: level(le.Uint16(b[44:])), due: b[46] == 1,
		}
		isEvicted := uint64(f.entries.Len()) == n
		switch {
		case e.level&^severe > conf.MaxSeverity || b[46] > 1 || b[47] != 0 || e.owed.First > e.owed.Last:
			return errors.New("state: an entry is damaged")
		case isEvicted:
			f.evicted = append(f.evicted, e)
		case f.entries.Find(e.identity) != 0:
			return errors.New("state: an entry is there twice")
		default:
			f.entries.Add(e.identity, e)
		}
	}
	return nil
}
