// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package dedup

import (
	"encoding/binary"
	"errors"

	"github.com/sealgate/sealgate/wasmfilters/internal/debt"
	"github.com/sealgate/sealgate/wasmfilters/sdk/conf"
)

// The state, all numbers little endian: a head of
//
//	4 bytes  "ddp2", its format
//	24 bytes a debt, that of lines that made room for others
//
// and for each line, from the one used longest ago,
//
//	u64      identity, since
//	24 bytes a debt: u64 count, time of the first, time of the last
//	u8       severity, due, size of the text, 0
//	the text
const (
	stateFormat = "ddp2"
	stateHead   = 4 + debt.Size
	stateLine   = 16 + debt.Size + 4
)

var errState = errors.New("state: it is not of the format " + stateFormat)

func (f *filter) SaveState() []byte {
	b := make([]byte, 0, stateHead+f.lines.Len()*(stateLine+textSize))
	crowded := f.crowded.Total()
	b = crowded.Append(append(b, stateFormat...))
	for _, l := range f.lines.All() {
		b = binary.LittleEndian.AppendUint64(b, l.identity)
		b = binary.LittleEndian.AppendUint64(b, l.since)
		b = l.owed.Append(b)
		b = append(b, l.severity, 0, l.size, 0)
		if l.due {
			b[len(b)-3] = 1
		}
		b = append(b, l.text[:l.size]...)
	}
	return b
}

// RestoreState fills the table in place: another one beside it would have to be
// taken from the memory and the fuel of one call.
func (f *filter) RestoreState(b []byte) error {
	if len(b) < stateHead || string(b[:4]) != stateFormat {
		return errState
	}
	var ok bool
	f.crowded.Rest, ok = debt.Read(b[4:])
	for b = b[stateHead:]; ok && len(b) > 0; {
		b, ok = f.readLine(b)
	}
	if !ok { // as it was after Configure
		f.crowded = debt.Crowded{}
		f.lines.Clear()
		return errState
	}
	return nil
}

// readLine remembers the first line of b and returns what is behind it.
func (f *filter) readLine(b []byte) (rest []byte, ok bool) {
	if len(b) < stateLine {
		return nil, false
	}
	word := binary.LittleEndian.Uint64
	l := line{identity: word(b), since: word(b[8:])}
	l.owed, ok = debt.Read(b[16:])
	flags := b[16+debt.Size:]
	l.severity, l.due, l.size = flags[0], flags[1] == 1, flags[2]
	b = b[stateLine:]
	if !ok || l.severity > conf.MaxSeverity || flags[1] > 1 || l.size > textSize || flags[3] != 0 || len(b) < int(l.size) || f.lines.Has(l.identity) {
		return nil, false
	}
	copy(l.text[:], b[:l.size])
	f.add(l)
	return b[l.size:], true
}
