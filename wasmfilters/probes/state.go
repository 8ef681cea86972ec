// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package probes

import (
	"encoding/binary"
	"errors"

	"github.com/sealgate/sealgate/internal/lru"
	"github.com/sealgate/sealgate/wasmfilters/internal/debt"
)

// The state, all numbers little endian: a head of
//
//	4 bytes  "prb2", its format
//	24 bytes a debt, that of sources that made room for others
//
// and for each source and pattern that owe a report, from the pair used longest ago,
//
//	u64      identity of the source, key of the pattern
//	24 bytes a debt: u64 count, time of the first, time of the last
const (
	stateFormat = "prb2"
	stateHead   = 4 + debt.Size
	stateOwed   = 16 + debt.Size
)

var errState = errors.New("state: it is not of the format " + stateFormat)

func (f *filter) SaveState() []byte {
	crowded := f.crowded.Total()
	b := crowded.Append([]byte(stateFormat))
	for _, o := range f.owed.All() {
		if o.debt.Count > 0 {
			b = binary.LittleEndian.AppendUint64(b, o.identity)
			b = binary.LittleEndian.AppendUint64(b, o.pattern)
			b = o.debt.Append(b)
		}
	}
	return b
}

func (f *filter) RestoreState(b []byte) error {
	if len(b) < stateHead || string(b[:4]) != stateFormat || (len(b)-stateHead)%stateOwed != 0 || len(b) > stateHead+maxOwed*stateOwed {
		return errState
	}
	restored := filter{settings: f.settings, owed: lru.New[owed](maxOwed)}
	var ok bool
	if restored.crowded.Rest, ok = debt.Read(b[4:]); !ok {
		return errState
	}
	for b = b[stateHead:]; len(b) > 0; b = b[stateOwed:] {
		d, ok := debt.Read(b[16:])
		old := restored.owe(binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:]))
		if !ok || d.Count == 0 || old.Count > 0 {
			return errState
		}
		*old = d
	}
	f.owed, f.crowded = restored.owed, restored.crowded
	return nil
}
