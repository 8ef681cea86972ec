// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhatJudgedABatchThatDidNotGetOnJudgesNoMore(t *testing.T) {
	f := filterOf(t, counting(), Options{})
	b := mixed(10, 1)
	one, other := begin(t, f, b), begin(t, f, b)
	one.Cancel()
	other.Cancel()
	assert.EqualValues(t, 1, f.Stats().Started, "it costs nothing until there is something to judge")
	judge(t, f, b)
	judge(t, f, b)
	assert.EqualValues(t, 2, f.Stats().Started, "and then once")
	assert.Equal(t, []Report{{Key: 42, Count: 10, Rule: 1}}, f.Flush(t.Context()))
	assert.Zero(t, f.Stats().Mismatch)
}

func TestAGuestWithoutMemoryGoesOn(t *testing.T) {
	f := filterOf(t, guestParts{manifest: `{"columns":["severity"],"rules":["noise"],"memoryless":true}`}, Options{})
	b := mixed(10, 1)
	begin(t, f, b).Cancel()
	judge(t, f, b)
	assert.EqualValues(t, 1, f.Stats().Started)
}

func TestOnlyWhatJudgedTheBatchForgets(t *testing.T) {
	if runtime.GOMAXPROCS(0) < 2 {
		t.Skip("there is one instance where there is one processor")
	}
	f := filterOf(t, counting(), Options{Instances: 2})
	both := mixed(100, 20)
	judge(t, f, both)
	before := f.Stats().Started
	require.EqualValues(t, 2, before)
	begin(t, f, mixed(10, 1)).Cancel()
	judge(t, f, both)
	assert.Equal(t, before+1, f.Stats().Started)
}

func TestABatchThatIsRefusedHalfWayIsForgottenByTheOthersToo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	judging := func() {}
	f := filterOf(t, counting(), Options{ChunkRecords: 5, Now: func() time.Time { judging(); return time.Now() }})
	judging = cancel // in the middle of the first chunk
	b := mixed(10, 1)
	require.ErrorIs(t, f.Judge(ctx, b, make([]Verdict, 10)), context.Canceled)
	assert.EqualValues(t, 5, f.Stats().Refused, "the first chunk was judged")
	judge(t, f, b)
	assert.EqualValues(t, 2, f.Stats().Started)
}

func TestTheStateOfWhatHasToForgetIsOfNoUseToASuccessor(t *testing.T) {
	r := newRuntime(t)
	f := newFilter(t, load(t, r, counting().withState()), Options{})
	b := mixed(10, 1)
	begin(t, f, b).Cancel()
	require.NoError(t, f.Swap(t.Context(), load(t, r, counting().withState())))
	judge(t, f, b)
	assert.EqualValues(t, 3, f.Stats().Started)
	assert.EqualValues(t, 5, countOf(f.Flush(t.Context())))
}

func TestReportsOfManyInstancesAreOneOfAKindUntilTheNextFlush(t *testing.T) {
	var c clock
	f := filterOf(t, counting(), c.options(Options{}))
	b := mixed(10, 1)
	for range 20 {
		judge(t, f, b)
		begin(t, f, b).Cancel()
	}
	judge(t, f, b)
	assert.ElementsMatch(t, []Report{{Key: 42, Count: 100, Rule: 1}, {Key: 42, Count: 5, Rule: 1}}, f.Flush(t.Context()))
}

func TestABacklogIsBoundedAndExact(t *testing.T) {
	var b backlog
	for round := range uint64(2) {
		for key := range uint64(maxBacklog + 10) {
			b.add(Report{Key: key, Count: 1, First: 5 - round, Last: 6 + round})
		}
	}
	all := b.take()
	require.Len(t, all, maxBacklog+1)
	assert.Equal(t, Report{Count: 2, First: 4, Last: 7}, all[0])
	assert.Equal(t, Report{Count: 20, First: 4, Last: 7, ByHost: true}, all[maxBacklog])
	assert.Empty(t, b.take(), "they are reported once")
}

func TestNothingIsLostWhile64SendersAreRefused(t *testing.T) {
	r := newRuntime(t)
	f := newFilter(t, load(t, r, counting().withState()), Options{Instances: 4, ChunkRecords: 20})
	var reported atomic.Uint64
	var group sync.WaitGroup
	for s := range 64 {
		group.Go(func() {
			b := mixed(60, 3)
			for k := range 10 {
				p, err := f.Begin(context.Background(), b, make([]Verdict, b.Len()))
				if !assert.NoError(t, err) {
					return
				}
				if (s+k)%3 == 0 {
					p.Cancel()
				} else {
					p.Commit()
				}
				if k%5 == 0 {
					reported.Add(countOf(f.Flush(context.Background())))
				}
			}
		})
	}
	assert.NoError(t, f.Swap(t.Context(), load(t, r, counting().withState())))
	group.Wait()
	last, err := f.Close(t.Context())
	require.NoError(t, err)
	st := f.Stats()
	assert.EqualValues(t, 64*10*60, st.In)
	assert.Equal(t, st.In, st.Kept+st.Represented)
	assert.Equal(t, st.Represented, reported.Load()+countOf(last)+st.Cancelled, "each is reported once")
	assert.Zero(t, st.Mismatch)
}
