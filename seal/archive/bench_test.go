// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkAppend writes to real files. With one sender every record waits for a
// sync of its own; with many they share it.
func BenchmarkAppend(b *testing.B) {
	const size = 64 << 10
	pool := noise(16 << 20) // more than a frame, so that none has anything twice
	for i := range pool {
		pool[i] &= 0x0f // so that it can be compressed to a half
	}
	var turn atomic.Uint64
	next := func() Record {
		at := turn.Add(1) * size % uint64(len(pool))
		return Record{Payload: pool[at : at+size], Items: 100, From: 1, To: 2}
	}
	for _, policy := range []SyncPolicy{SyncFrame, SyncInterval, SyncNever} {
		for _, senders := range []int{1, 64} {
			b.Run(string(policy)+"/"+map[int]string{1: "one", 64: "many"}[senders], func(b *testing.B) {
				a := open(b, Options{Sync: policy})
				b.SetBytes(size)
				b.SetParallelism(senders)
				b.ReportAllocs()
				if senders == 1 {
					for b.Loop() {
						require.NoError(b, a.Append(b.Context(), next()))
					}
					return
				}
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						if err := a.Append(b.Context(), next()); err != nil {
							b.Error(err)
						}
					}
				})
			})
		}
	}
}
