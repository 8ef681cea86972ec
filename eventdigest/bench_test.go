// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package eventdigest

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// many are the limits of a large cluster.
var many = Options{
	Window: 5 * time.Minute, WorseFactor: 10, WorseLeast: 100, Examples: 5, MaxKinds: 50_000, MaxBytes: 48 << 20, MaxEvents: 1 << 17,
}

// ofMany returns an event of one of 50,000 kinds.
func ofMany(i int, count uint64) *Event {
	return backOff(fmt.Sprintf("workload%s-6d4b75cb6d-%s", letters(i%many.MaxKinds), suffix(i)), count)
}

func letters(i int) string {
	b := make([]byte, 4)
	for at := range b {
		b[at] = byte('a' + i%26)
		i /= 26
	}
	return string(b)
}

func TestFiftyThousandKindsFitIn64MiB(t *testing.T) {
	before := heap()
	d := New(many)
	for round := range 3 {
		for i := range many.MaxKinds {
			d.Add(ofMany(i, uint64(1+round)), Arrival(round > 0), start)
		}
	}
	taken := heap() - before
	assert.Equal(t, many.MaxKinds, d.Stats().Kinds)
	assert.Less(t, taken, 64<<20)
	t.Logf("%d kinds take %.1f MiB by their own count and %.1f MiB of the heap", d.Stats().Kinds, float64(d.Stats().Bytes)/(1<<20), float64(taken)/(1<<20))
	runtime.KeepAlive(d)
}

func heap() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// BenchmarkAdd adds events of 50,000 kinds.
func BenchmarkAdd(b *testing.B) {
	events := make([]*Event, 2*many.MaxKinds)
	for i := range events {
		events[i] = ofMany(i, 1)
	}
	d := New(many)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		e := events[i%len(events)]
		d.Add(e, Arrival(e.Count > 1), start)
		e.Count++
	}
}
