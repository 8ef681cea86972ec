// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package probes

import (
	"encoding/binary"
	"errors"

	"github.com/sealgate/sealgate/wasmfilters/internal/debt"
)

// The state, all numbers little endian: 4 bytes "prb1", its format, and for each
// pattern that owes a report
//
//	u64      its key
//	24 bytes a debt: u64 count, time of the first, time of the last
const (
	stateFormat  = "prb1"
	statePattern = 8 + debt.Size
)

var errState = errors.New("state: it is not of the format " + stateFormat)

func (f *filter) SaveState() []byte {
	b := appendDebt([]byte(stateFormat), 0, &f.unknown)
	for i := range f.owed {
		b = appendDebt(b, f.patterns[i].key, &f.owed[i])
	}
	return b
}

func appendDebt(b []byte, key uint64, d *debt.Debt) []byte {
	if d.Count == 0 {
		return b
	}
	return d.Append(binary.LittleEndian.AppendUint64(b, key))
}

func (f *filter) RestoreState(b []byte) error {
	if len(b) < len(stateFormat) || string(b[:4]) != stateFormat || (len(b)-4)%statePattern != 0 {
		return errState
	}
	restored := filter{settings: f.settings, owed: make([]debt.Debt, len(f.owed))}
	for b = b[4:]; len(b) > 0; b = b[statePattern:] {
		d, ok := debt.Read(b[8:])
		if !ok {
			return errState
		}
		restored.debt(binary.LittleEndian.Uint64(b)).Merge(d)
	}
	f.owed, f.unknown = restored.owed, restored.unknown
	return nil
}

// debt is that of the pattern with a key.
func (f *filter) debt(key uint64) *debt.Debt {
	for i := range f.patterns {
		if f.patterns[i].key == key {
			return &f.owed[i]
		}
	}
	return &f.unknown
}
