// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const secondRule = `{"name":"second","version":"2","columns":["severity"],"rules":["other","noise"]}`

// dropsAll drops every record under its second rule.
func dropsAll() guestParts {
	return guestParts{manifest: secondRule, filter: verdictsFor(int64(Drop)|2<<16, dropAll)}
}

func TestASwapPutsTheNewModuleInCharge(t *testing.T) {
	r := newRuntime(t)
	f := newFilter(t, load(t, r, guestParts{}), Options{})
	judge(t, f, mixed(10, 1))
	require.NoError(t, f.Swap(t.Context(), load(t, r, dropsAll())))
	out := judge(t, f, mixed(10, 1))
	assert.Equal(t, "noise", f.RuleName(out[1].Rule))
	st := f.Stats()
	assert.Equal(t, "second", st.Name)
	assert.EqualValues(t, 1, st.Swaps)
	assert.Equal(t, []RuleCount{{1, "noise", 15}}, st.ByRule, "a rule keeps its number and its count")
	assert.Equal(t, 1, st.Instances)
}

func TestABadModuleLeavesTheOldInChargeAndSaysWhy(t *testing.T) {
	r := newRuntime(t)
	f := newFilter(t, load(t, r, guestParts{}), Options{})
	for why, bad := range map[string]guestParts{
		"version 2":   {abi: i32(2)},
		"not this":    {manifest: `{"error":"not this"}`},
		"unreachable": {configure: code(opUnreachable)},
	} {
		err := f.Swap(t.Context(), load(t, r, bad))
		assert.ErrorContains(t, err, "the old module stays in charge")
		assert.ErrorContains(t, err, why)
	}
	judge(t, f, mixed(10, 1))
	assert.EqualValues(t, 5, f.Stats().Dropped)
	assert.EqualValues(t, 3, f.Stats().SwapsRefused)
	assert.Equal(t, "test", f.Stats().Name)
}

// traffic sends batches until the context is done, and returns how many records it sent.
func traffic(ctx context.Context, t *testing.T, f *Filter, senders int) (wait func() uint64) {
	var group sync.WaitGroup
	var sent atomic.Uint64
	for s := range senders {
		group.Go(func() {
			b := mixed(50+s, 1+s%5)
			out := make([]Verdict, b.Len())
			for ctx.Err() == nil {
				if !assert.NoError(t, f.Judge(context.Background(), b, out)) {
					return
				}
				sent.Add(uint64(b.Len()))
			}
		})
	}
	return func() uint64 { group.Wait(); return sent.Load() }
}

func TestANewModuleIsTriedOnLiveTrafficWithoutEffect(t *testing.T) {
	r := newRuntime(t)
	f := newFilter(t, load(t, r, guestParts{}), Options{TrialRecords: 500})
	done := make(chan error)
	m := load(t, r, dropsAll())
	go func() { done <- f.Swap(context.Background(), m) }()
	var err error
	for swapped := false; !swapped; {
		out := judge(t, f, mixed(100, 1))
		if f.Stats().Swaps == 0 {
			assert.Equal(t, Keep, out[1].Action, "the old one decides")
		}
		select {
		case err = <-done:
			swapped = true
		default:
		}
	}
	require.NoError(t, err)
	assert.Equal(t, Drop, judge(t, f, mixed(100, 1))[1].Action)
}

func TestAModuleThatFailsItsTrialDoesNotTakeOver(t *testing.T) {
	r := newRuntime(t)
	f := newFilter(t, load(t, r, guestParts{}), Options{TrialRecords: 500})
	m := load(t, r, guestParts{filter: endlessLoop})
	ctx, cancel := context.WithCancel(t.Context())
	wait := traffic(ctx, t, f, 2)
	err := f.Swap(t.Context(), m)
	cancel()
	sent := wait()
	assert.ErrorContains(t, err, "failed its trial after 0 records")
	requireKind(t, KindFuel, err)
	st := f.Stats()
	assert.Equal(t, sent, st.Kept+st.Dropped)
	assert.Zero(t, st.Passed, "the trial has no effect")
}

func TestASwapWithoutTrafficEndsWithItsContext(t *testing.T) {
	r := newRuntime(t)
	f := newFilter(t, load(t, r, guestParts{}), Options{TrialRecords: 500})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := f.Swap(ctx, load(t, r, dropsAll()))
	assert.ErrorIs(t, err, context.Canceled)
	assert.ErrorContains(t, err, "after 0 of 500 records")
}

func TestCloseEndsASwap(t *testing.T) {
	r := newRuntime(t)
	f := newFilter(t, load(t, r, guestParts{}), Options{TrialRecords: 500})
	done := make(chan error)
	m := load(t, r, dropsAll())
	go func() { done <- f.Swap(context.Background(), m) }()
	_, err := f.Close(t.Context())
	require.NoError(t, err)
	assert.ErrorIs(t, <-done, ErrClosed)
}

func TestStateIsHandedOver(t *testing.T) {
	r := newRuntime(t)
	f := newFilter(t, load(t, r, counting().withState()), Options{})
	judge(t, f, mixed(10, 1))
	require.NoError(t, f.Swap(t.Context(), load(t, r, counting().withState())))
	judge(t, f, mixed(10, 1))
	assert.Equal(t, []Report{{Key: 42, Count: 10, Rule: 1}}, f.Flush(t.Context()))
	assert.Zero(t, f.Stats().Mismatch)
}

func TestWithoutAHandOverTheOldModuleReportsWhatItOwes(t *testing.T) {
	deaf := counting().withState()
	deaf.extra[2].body = i32(1) // has no use for the state
	for name, next := range map[string]guestParts{"no restore": counting(), "restore says no": deaf} {
		t.Run(name, func(t *testing.T) {
			r := newRuntime(t)
			f := newFilter(t, load(t, r, counting().withState()), Options{})
			judge(t, f, mixed(10, 1))
			require.NoError(t, f.Swap(t.Context(), load(t, r, next)))
			judge(t, f, mixed(4, 1))
			assert.ElementsMatch(t, []Report{{Key: 42, Count: 5, Rule: 1}, {Key: 42, Count: 2, Rule: 1}}, f.Flush(t.Context()))
		})
	}
}

func TestASuccessorThatTrapsOnTheStateDoesNotTakeOver(t *testing.T) {
	r := newRuntime(t)
	f := newFilter(t, load(t, r, counting().withState()), Options{})
	judge(t, f, mixed(10, 1))
	bad := counting().withState()
	bad.extra[2].body = code(opUnreachable)
	assert.ErrorContains(t, f.Swap(t.Context(), load(t, r, bad)), "failed to take over the state")
	judge(t, f, mixed(10, 1))
	assert.Equal(t, []Report{{Key: 42, Count: 10, Rule: 1}}, f.Flush(t.Context()))
}

func TestAnOldModuleThatTrapsOnSavingIsReplacedAllTheSame(t *testing.T) {
	r := newRuntime(t)
	old := counting().withState()
	old.extra[1].body = code(opUnreachable)
	f := newFilter(t, load(t, r, old), Options{})
	judge(t, f, mixed(10, 1))
	require.NoError(t, f.Swap(t.Context(), load(t, r, counting().withState())))
	reports := f.Flush(t.Context())
	require.Len(t, reports, 1)
	assert.EqualValues(t, 5, reports[0].Count)
	assert.True(t, reports[0].ByHost)
}

// The hammer: senders, flushes and reads of counters, while modules are swapped, good and bad ones.
func TestNothingIsLostOrJudgedTwiceWhile64SendersAndSwapsRun(t *testing.T) {
	r := newRuntime(t)
	swaps := 12
	if testing.Short() {
		swaps = 4
	}
	f := newFilter(t, load(t, r, counting().withState()), Options{Instances: 4, ChunkRecords: 20, TrialRecords: 200})
	ctx, cancel := context.WithCancel(t.Context())
	wait := traffic(ctx, t, f, 64)
	var reported uint64
	for k := range swaps {
		next := counting()
		switch k % 4 {
		case 1:
			next = next.withState()
		case 2:
			next.filter = endlessLoop
		case 3:
			next.filter = code(verdictsFor(represent1, info), opUnreachable)
		}
		err := f.Swap(t.Context(), load(t, r, next))
		assert.Equal(t, k%4 >= 2, err != nil)
		reported += countOf(f.Flush(t.Context()))
		f.Stats()
	}
	cancel()
	sent := wait()
	last, err := f.Close(t.Context())
	require.NoError(t, err)
	reported += countOf(last)
	st := f.Stats()
	assert.Equal(t, sent, st.In)
	assert.Equal(t, sent, st.Kept+st.Represented)
	assert.Equal(t, st.Represented, reported, "each is reported once")
	assert.Zero(t, st.Mismatch)
	assert.Zero(t, st.Passed)
	assert.Zero(t, st.Instances)
}

func countOf(reports []Report) (n uint64) {
	for _, r := range reports {
		n += r.Count
	}
	return n
}

func TestGuestsThatTrapUnderLoadLoseNothing(t *testing.T) {
	p := counting()
	p.filter = failsWhen(p.filter)
	p.manifest = withTime
	f := filterOf(t, p, Options{Instances: 4, ChunkRecords: 20, Breaker: BreakerOptions{Failures: 1000}})
	var reported atomic.Uint64
	var group sync.WaitGroup
	for s := range 64 {
		group.Go(func() {
			for k := range 20 {
				b := mixed(60, 3)
				if (s+k)%10 == 0 {
					poison(b)
				}
				assert.NoError(t, f.Judge(context.Background(), b, make([]Verdict, b.Len())))
				reported.Add(countOf(f.Flush(context.Background())))
			}
		})
	}
	group.Wait()
	last, err := f.Close(t.Context())
	require.NoError(t, err)
	st := f.Stats()
	assert.EqualValues(t, 64*20*60, st.In)
	assert.EqualValues(t, 64*2*60, st.Passed)
	assert.Equal(t, st.Represented, reported.Load()+countOf(last))
	assert.Zero(t, st.Mismatch)
}
