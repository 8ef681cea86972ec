// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package eventdigest

import (
	"hash/crc32"
	"testing"
	"time"
)

// FuzzLoad reads any bytes as a state, with a right checksum, and goes on with what it has.
func FuzzLoad(f *testing.F) {
	for _, chunk := range state(f, sample()) {
		f.Add(chunk[len(stateFormat) : len(chunk)-4])
	}
	f.Fuzz(func(t *testing.T, entries []byte) {
		d := New(options)
		chunk := append([]byte(stateFormat), entries...)
		if d.Load(le.AppendUint32(chunk, crc32.Checksum(chunk, castagnoli))) != nil {
			return
		}
		d.Add(backOff("db-0", 9), Modified, start)
		due(d, start.Add(time.Hour))
		reloaded(t, d, options)
	})
}

// FuzzAdd takes events of any texts: the first of a kind passes, and its repeat is counted.
func FuzzAdd(f *testing.F) {
	f.Add("shop", "Pod", "web-6d4b75cb6d-hwmqp", "BackOff", "Back-off restarting failed container app", uint64(3), int64(1))
	f.Add("", "", "", "", "", uint64(0), int64(-1))
	f.Fuzz(func(t *testing.T, namespace, kind, name, reason, message string, n uint64, last int64) {
		n %= 1 << 31
		e := &Event{
			Namespace: namespace, Name: name, Reason: reason, Message: message, Count: n, Last: time.Unix(last%(1<<40), 0),
			Object: Object{Kind: kind, Name: name},
		}
		d := New(options)
		r, ok := d.Add(e, Added, start)
		if !ok || r.Count != max(n, 1) || r.First.After(r.Last) {
			t.Fatalf("the first is %+v, %v", r, ok)
		}
		e.Count = max(n, 1) + 1
		if r, ok := d.Add(e, Modified, start); ok {
			t.Fatalf("a repeat is not counted: %+v", r)
		}
		for r := range d.Drain() {
			if r.Count != 1 || r.Message != message || r.Owner != OwnerOf(e.Object) {
				t.Fatalf("the repeat is %+v", r)
			}
		}
	})
}
