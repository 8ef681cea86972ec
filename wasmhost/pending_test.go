// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func begin(t testing.TB, f *Filter, b *batch) *Pending {
	t.Helper()
	p, err := f.Begin(t.Context(), b, make([]Verdict, b.Len()))
	require.NoError(t, err)
	return p
}

func TestNoReportCountsABatchThatDidNotGetOn(t *testing.T) {
	f := filterOf(t, counting(), Options{})
	b := mixed(10, 1)
	for range 20 {
		begin(t, f, b).Cancel()
	}
	begin(t, f, b).Commit()
	reports, err := f.Close(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []Report{{Key: 42, Count: 5, Rule: 1}}, reports)
	assert.EqualValues(t, 100, f.Stats().Cancelled)
}

func TestReportsOfABatchThatIsNotSettledAreHeldBack(t *testing.T) {
	for name, end := range map[string]func(*Pending){"committed": (*Pending).Commit, "cancelled": (*Pending).Cancel} {
		t.Run(name, func(t *testing.T) {
			f := filterOf(t, counting(), Options{})
			judge(t, f, mixed(4, 1))
			p := begin(t, f, mixed(10, 1))
			assert.EqualValues(t, 2, countOf(f.Flush(t.Context())))
			assert.EqualValues(t, 5, f.Stats().Outstanding)
			end(p)
			want := map[string]uint64{"committed": 5, "cancelled": 0}[name]
			assert.Equal(t, want, countOf(f.Flush(t.Context())))
			assert.Zero(t, f.Stats().Outstanding)
		})
	}
}

// The guest reports by identity: what is cancelled is taken out of the reports of these records, and of no others.
func TestOnlyTheRecordsThatWereCancelledAreMissing(t *testing.T) {
	f := filterOf(t, repeating(), Options{})
	keep, lose := mixed(4, 1), mixed(2, 1)
	for i := range lose.records {
		lose.records[i].body = "another line"
	}
	judge(t, f, keep)
	begin(t, f, lose).Cancel()
	reports, err := f.Close(t.Context())
	require.NoError(t, err)
	require.Len(t, reports, 2)
	for _, r := range reports {
		assert.Equal(t, "a line of a log", r.Template)
		assert.EqualValues(t, 1, r.Count)
	}
}

// repeating drops all that is below INFO with verdict 2, and reports each record by its identity.
func repeating() guestParts {
	const ptr, k, n = 0, 2, 3
	filter := code(
		verdictsFor(represent1, info), // leaves the result on the stack
		i32(0), set(k),
		opLoop, noType,
		get(ptr), get(ptr), load32(32), i32Add, get(k), i32Add, load8(0), i32(info), i32LtU,
		opIf, noType,
		i32(atReport), i32(atCount), load32(0), i32(reportSize), i32Mul, i32Add, set(4),
		get(4), get(ptr), get(ptr), load32(40), i32Add, get(k), i32(3), i32Shl, i32Add, load64(0), store64(0),
		get(4), i64(1), store64(8),
		get(4), i32(1|int64(KeyIdentity)<<16), store32(32),
		i32(atCount), i32(atCount), load32(0), i32(1), i32Add, store32(0),
		opEnd,
		get(k), i32(1), i32Add, set(k),
		get(k), get(n), i32LtU, opBrIf, 0,
		opEnd)
	flush := code(
		i64(atReport<<32), i32(atCount), load32(0), i32(reportSize), i32Mul, i64ExtendU, i64Or,
		i32(atCount), i32(0), store32(0))
	return guestParts{manifest: `{"columns":["severity","identity"],"rules":["noise"]}`, filter: filter, extra: []function{{exports[4], 0, flush}}}
}

func TestABatchThatIsRefusedHalfWayIsInNoReport(t *testing.T) {
	p := counting()
	p.manifest, p.filter = withTime, failsWhen(p.filter)
	f := filterOf(t, p, Options{ChunkRecords: 512, OnError: OnErrorRefuse})
	b := mixed(1024, 1)
	b.records[512].time = 1
	require.ErrorIs(t, f.Judge(t.Context(), b, make([]Verdict, 1024)), ErrRefused)
	assert.Empty(t, f.Flush(t.Context()))
	st := f.Stats()
	assert.Zero(t, st.Reported)
	assert.EqualValues(t, 256, st.Cancelled)
}

func TestAGuestThatKeepsItsStateOnRefusalGoesOn(t *testing.T) {
	p := counting()
	p.manifest = `{"columns":["severity"],"rules":["noise"],"on_refusal":"keep"}`
	f := filterOf(t, p, Options{})
	begin(t, f, mixed(10, 1)).Cancel()
	judge(t, f, mixed(4, 1))
	assert.EqualValues(t, 1, f.Stats().Started)
	assert.EqualValues(t, 2, countOf(f.Flush(t.Context())))
}

func TestAFilterThatEndsReportsWhatIsNotSettled(t *testing.T) {
	f := filterOf(t, counting(), Options{})
	p := begin(t, f, mixed(10, 1))
	reports, err := f.Close(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, 5, countOf(reports))
	p.Commit()
}

// The property: whatever fails and is refused, reports count exactly the records that were dropped in batches
// that got on.
func TestReportsAreExactWhateverIsRefused(t *testing.T) {
	guests := map[string]guestParts{"keyed": repeating(), "unkeyed": counting(), "with state": counting().withState()}
	for name, guest := range guests {
		t.Run(name, func(t *testing.T) {
			r := newRuntime(t)
			f := newFilter(t, load(t, r, guest), Options{Instances: 2, ChunkRecords: 20, OnError: OnErrorRefuse})
			var dropped, reported atomic.Uint64
			var senders sync.WaitGroup
			for s := range uint64(16) {
				senders.Go(func() { sendAtRandom(f, rand.New(rand.NewPCG(s, 1)), &dropped, &reported) })
			}
			for range 3 {
				assert.NoError(t, f.Swap(t.Context(), load(t, r, guest)))
			}
			senders.Wait()
			last, err := f.Close(t.Context())
			require.NoError(t, err)
			assert.Equal(t, dropped.Load(), reported.Load()+countOf(last))
			assert.Zero(t, f.Stats().Mismatch)
		})
	}
}

// sendAtRandom sends batches, again and again where they are refused, gives some up, and flushes in between.
func sendAtRandom(f *Filter, rng *rand.Rand, dropped, reported *atomic.Uint64) {
	for range 30 {
		b := mixed(1+rng.IntN(60), 3)
		for i := range b.records {
			b.records[i].body = fmt.Sprint("a line of a log", rune('a'+rng.IntN(5)))
		}
		for range 1 + rng.IntN(4) {
			out := make([]Verdict, b.Len())
			p, err := f.Begin(context.Background(), b, out)
			if err != nil {
				continue
			}
			if rng.IntN(4) == 0 {
				reported.Add(countOf(f.Flush(context.Background())))
			}
			if rng.IntN(2) == 0 {
				p.Cancel()
				continue
			}
			for _, v := range out {
				dropped.Add(v.Action.owed())
			}
			p.Commit()
			break
		}
	}
}
