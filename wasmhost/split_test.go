// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// spends is a filter that takes some units of fuel for each record, and all that there are for a record
// that has a time.
func spends(units int64, filter asm) guestParts {
	const ptr, k, n, left = 0, 2, 3, 4
	spend := code(
		i32(0), set(k),
		get(ptr), load32(4), set(n),
		opLoop, noType,
		get(ptr), get(ptr), load32(40), i32Add, get(k), i32(3), i32Shl, i32Add, load32(0),
		opIf, noType, opLoop, noType, opBr, 0, opEnd, opEnd,
		i32(units), set(left),
		opLoop, noType, get(left), i32(-1), i32Add, code(0x22, left), opBrIf, 0, opEnd,
		get(k), i32(1), i32Add, set(k),
		get(k), get(n), i32LtU, opBrIf, 0,
		opEnd,
		i32(0), set(k))
	p := counting()
	p.manifest, p.filter = withTime, code(spend, filter)
	return p
}

func dropsBelowInfo() asm { return verdictsFor(dropRule1, info) }

func TestChunksAreAsLargeAsTheirFuelAllows(t *testing.T) {
	for name, units := range map[string]int64{"little": 10, "much": 10_000, "nearly all": 400_000} {
		t.Run(name, func(t *testing.T) {
			f := filterOf(t, spends(units, dropsBelowInfo()), Options{})
			for range 3 {
				for i, v := range judge(t, f, mixed(512, 1)) {
					require.Equal(t, ByGuest, v.Reason, "record %d", i)
				}
			}
			st := f.Stats()
			assert.EqualValues(t, 3*256, st.Dropped)
			assert.LessOrEqual(t, st.Errors[KindFuel], uint64(9), "the size is found once")
		})
	}
}

func TestARecordFailsOnlyItself(t *testing.T) {
	for _, policy := range []OnError{OnErrorPass, OnErrorDrop} {
		f := filterOf(t, spends(10, dropsBelowInfo()), Options{OnError: policy})
		b := mixed(512, 1)
		b.records[300].time = 1
		var failed []int
		for i, v := range judge(t, f, b) {
			if v.Reason == ByError {
				failed = append(failed, i)
			}
		}
		assert.Equal(t, []int{300}, failed)
	}
}

func TestFuelPerRecordIsHonoured(t *testing.T) {
	for perRecord, want := range map[int64]Reason{1000: ByError, 900_000: ByGuest} {
		f := filterOf(t, spends(1_000_000, dropsBelowInfo()), Options{FuelPerRecord: perRecord, Breaker: BreakerOptions{Failures: 1000}})
		assert.Equal(t, want, judge(t, f, mixed(8, 1))[0].Reason, perRecord)
	}
}

func TestAChunkThatDoesNotFitIsSplit(t *testing.T) {
	p := guestParts{manifest: `{"columns":["severity","body"],"rules":["noise"]}`, pages: 17}
	r := runtimeWith(t, RuntimeOptions{MemoryPages: 18})
	const room = 1 << 16 // behind the buffer
	p.buffer = code(i32(atBuffer), i32(0), get(0), i32(room), i32LtU, opSelect)
	f := newFilter(t, load(t, r, p), Options{})
	b := mixed(100, 1)
	for i := range b.records {
		b.records[i].body = string(make([]byte, 1000))
	}
	out := judge(t, f, b)
	assert.False(t, slices.ContainsFunc(out, func(v Verdict) bool { return v.Reason != ByGuest }))
	assert.Positive(t, f.Stats().Errors[KindMemory])
}

// Without the breaker every record of a guest that loops would cost a whole budget.
func TestAGuestThatAlwaysFailsIsAskedAFewTimes(t *testing.T) {
	f := filterOf(t, guestParts{filter: endlessLoop}, Options{})
	b := mixed(512, 1)
	require.NoError(t, f.Judge(context.Background(), b, make([]Verdict, 512)))
	assert.LessOrEqual(t, f.Stats().Errors[KindFuel], uint64(12), "9 to get down to a record, 3 that open the breaker")
	assert.Equal(t, 1, f.Stats().OpenBreakers)
}
