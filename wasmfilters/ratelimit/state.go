// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package ratelimit

import (
	"encoding/binary"
	"errors"

	"github.com/sealgate/sealgate/wasmfilters/internal/debt"
)

// The state, all numbers little endian: a head of
//
//	4 bytes  "rtl2", its format
//	24 bytes a debt, that of buckets that made room for others
//
// and for each bucket, from the one used longest ago,
//
//	u64      identity, when it is full
//	24 bytes a debt: u64 count, time of the first, time of the last
const (
	stateFormat = "rtl2"
	stateHead   = 4 + debt.Size
	stateBucket = 16 + debt.Size
)

var errState = errors.New("state: it is not of the format " + stateFormat)

func (f *filter) SaveState() []byte {
	b := make([]byte, 0, stateHead+f.buckets.Len()*stateBucket)
	crowded := f.crowded.Total()
	b = crowded.Append(append(b, stateFormat...))
	for _, bucket := range f.buckets.All() {
		b = binary.LittleEndian.AppendUint64(b, bucket.identity)
		b = binary.LittleEndian.AppendUint64(b, bucket.full)
		b = bucket.owed.Append(b)
	}
	return b
}

// RestoreState fills the table in place: another one beside it would have to be
// taken from the memory and the fuel of one call.
func (f *filter) RestoreState(b []byte) error {
	if len(b) < stateHead || string(b[:4]) != stateFormat || (len(b)-stateHead)%stateBucket != 0 {
		return errState
	}
	var ok bool
	f.crowded.Rest, ok = debt.Read(b[4:])
	for b = b[stateHead:]; ok && len(b) > 0; b = b[stateBucket:] {
		ok = f.readBucket(b)
	}
	if !ok { // as it was after Configure
		f.crowded = debt.Crowded{}
		f.buckets.Clear()
		return errState
	}
	return nil
}

// readBucket remembers the first bucket of b.
func (f *filter) readBucket(b []byte) bool {
	word := binary.LittleEndian.Uint64
	id := word(b)
	owed, ok := debt.Read(b[16:])
	if !ok || f.buckets.Has(id) {
		return false
	}
	f.add(bucket{identity: id, full: word(b[8:]), owed: owed})
	return true
}
