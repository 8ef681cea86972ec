// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"context"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// While a guest wastes all that it gets, again and again, another goroutine looks at the clock and a
// third collects garbage. A collection waits for the guest, and everything waits for the collection:
// the longest gap that the watcher sees is what maxLiveFuel is worth: on an idle machine some milliseconds. The bound is for
// slow and busy machines and the race detector; without fuel the gap is without end.
func TestAGuestThatWastesItsFuelDoesNotStallTheProcess(t *testing.T) {
	const bound = 5 * time.Second
	rounds := 5
	if testing.Short() {
		rounds = 1
	}
	for name, fault := range faults() {
		if !slices.Contains(exhaustion, fault.kind) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			f := filterOf(t, fault.guest, Options{FuelPerRecord: MaxFuel, Breaker: BreakerOptions{Failures: 1000}})
			gap, collections := longestGapWhile(func() {
				for range rounds {
					assert.NoError(t, f.Judge(context.Background(), mixed(1, 1), make([]Verdict, 1)))
				}
			})
			st := f.Stats()
			t.Logf("longest pause %v with %d collections; a call took %v: %v", gap, collections, st.GuestTime/time.Duration(rounds), st.LastError)
			assert.EqualValues(t, rounds, st.Errors[KindFuel]+st.Errors[KindMemory])
			assert.Less(t, gap, bound)
		})
	}
}

func longestGapWhile(work func()) (longest time.Duration, collections int) {
	var done atomic.Bool
	gaps := make(chan time.Duration)
	collected := make(chan int)
	go func() { gaps <- longestGap(&done) }()
	go func() {
		n := 0
		for ; !done.Load(); n++ {
			runtime.GC()
		}
		collected <- n
	}()
	work()
	done.Store(true)
	return <-gaps, <-collected
}

func longestGap(done *atomic.Bool) (longest time.Duration) {
	for last := time.Now(); !done.Load(); {
		runtime.Gosched()
		now := time.Now()
		longest = max(longest, now.Sub(last))
		last = now
	}
	return longest
}
