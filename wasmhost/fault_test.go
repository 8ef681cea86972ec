// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var endlessLoop = code(opLoop, noType, opBr, 0, opEnd, opUnreachable)

// faults are ways in which a guest fails a chunk.
func faults() map[string]struct {
	guest guestParts
	kind  Kind
} {
	const n, result = 3, atVerdicts << 32
	recursion := code(get(0), get(1), callFn(3))
	verdicts := func(size asm) asm { return code(i64(result), get(0), load32(4), size, i64ExtendU, i64Or) }
	store := func(word int64) asm {
		return code(i32(atVerdicts), i64(word), store64(0), verdicts(code(i32(8), i32Mul)))
	}
	type fault = struct {
		guest guestParts
		kind  Kind
	}
	return map[string]fault{
		"endless loop":       {guestParts{filter: endlessLoop}, KindFuel},
		"endless recursion":  {guestParts{filter: recursion}, KindMemory},
		"trap half-way":      {guestParts{filter: code(verdictsFor(dropRule1, info), opUnreachable)}, KindTrap},
		"out of bounds":      {guestParts{filter: code(i32(-1), load64(0))}, KindTrap},
		"memory filled on":   {guestParts{filter: code(opLoop, noType, i32(0), i32(0), i32(1<<20), 0xfc, 11, 0, opBr, 0, opEnd, opUnreachable)}, KindFuel},
		"memory bomb":        {guestParts{filter: code(opLoop, noType, i32(1), opGrow, 0, opDrop, opBr, 0, opEnd, opUnreachable)}, KindFuel},
		"memory, then trap":  {guestParts{pages: 400, filter: code(i32(95), opGrow, 0, opDrop, opUnreachable)}, KindMemory},
		"nothing":            {guestParts{filter: i64(0)}, KindOutput},
		"too few":            {guestParts{filter: packed(atVerdicts, 8)}, KindOutput},
		"for more records":   {guestParts{filter: verdicts(code(i32(8), i32Mul, i32(8), i32Add))}, KindOutput},
		"no multiple of 8":   {guestParts{filter: verdicts(code(i32(8), i32Mul, i32(1), i32Add))}, KindOutput},
		"past its memory":    {guestParts{filter: code(packed(guestPages<<16-8, 0), get(0), load32(4), i32(8), i32Mul, i64ExtendU, i64Or)}, KindOutput},
		"4 GiB":              {guestParts{filter: i64(-1)}, KindOutput},
		"unknown verdict":    {guestParts{filter: store(3)}, KindOutput},
		"not zero":           {guestParts{filter: store(1 << 8)}, KindOutput},
		"unknown rule":       {guestParts{filter: store(1 | 2<<16)}, KindOutput},
		"dropped and counts": {guestParts{filter: store(1 | 1<<32)}, KindOutput},
		"counts too many":    {guestParts{filter: store(1 << 32)}, KindOutput},
		"WASI for ever": {guestParts{imports: []signature{{name: "random_get", params: "ii", results: "i"}},
			filter: code(opLoop, noType, i32(0), i32(1<<16), callFn(0), opDrop, opBr, 0, opEnd, opUnreachable)}, KindFuel},
	}
}

func TestAFailedChunkIsCountedAndHandledAsConfigured(t *testing.T) {
	for name, fault := range faults() {
		t.Run(name, func(t *testing.T) {
			m := func(r *Runtime) *Module { return load(t, r, fault.guest) }
			testOnError(t, m, fault.kind)
		})
	}
}

func testOnError(t *testing.T, module func(*Runtime) *Module, kind Kind) {
	r := newRuntime(t)
	n := 100
	if slices.Contains(exhaustion, kind) {
		n = 1 // more would come again in smaller chunks
	}
	for policy, want := range map[OnError]Verdict{
		OnErrorPass: {Reason: ByError}, OnErrorDrop: {Action: Drop, Reason: ByError}, OnErrorRefuse: {},
	} {
		f := newFilter(t, module(r), Options{OnError: policy, FuelBase: 250_000})
		out := make([]Verdict, n)
		err := f.Judge(t.Context(), mixed(n, 1), out)
		if policy == OnErrorRefuse {
			assert.ErrorIs(t, err, ErrRefused)
			assert.EqualValues(t, n, f.Stats().Refused)
		} else {
			require.NoError(t, err)
			assert.Equal(t, want, out[0])
			assert.Equal(t, want, out[n-1])
		}
		st := f.Stats()
		assert.EqualValues(t, 1, st.Errors[kind], st.LastError)
		requireKind(t, kind, st.LastError)
		assert.Zero(t, st.Instances, "it was thrown away")
	}
}

// clock is one that tests set.
type clock struct{ now time.Time }

func (c *clock) options(o Options) Options {
	c.now = time.Unix(1_800_000_000, 0)
	o.Now = func() time.Time { return c.now }
	return o
}

// failsWhen traps where the first record has a time, which is in column 1.
func failsWhen(filter asm) asm {
	return code(get(0), get(0), load32(40), i32Add, load32(0), opIf, noType, opUnreachable, opEnd, filter)
}

const withTime = `{"name":"test","columns":["severity","time"],"rules":["noise"]}`

func poison(b *batch) *batch {
	for i := range b.records {
		b.records[i].time = 1
	}
	return b
}

func TestTheBreakerPassesAllAfterFailuresInARowAndTriesAgain(t *testing.T) {
	var c clock
	f := filterOf(t, guestParts{manifest: withTime, filter: failsWhen(verdictsFor(dropRule1, info))},
		c.options(Options{Breaker: BreakerOptions{Failures: 2, Backoff: time.Second, MaxBackoff: 3 * time.Second}}))
	reason := func(b *batch) Reason { return judge(t, f, b)[0].Reason }

	assert.Equal(t, ByError, reason(poison(mixed(2, 1))))
	assert.Equal(t, ByGuest, reason(mixed(2, 1)), "one failure is none in a row")
	assert.Equal(t, ByError, reason(poison(mixed(2, 1))))
	assert.Equal(t, ByError, reason(poison(mixed(2, 1))))
	assert.Equal(t, ByBreaker, reason(mixed(2, 1)), "open for 1 s")
	assert.Equal(t, 1, f.Stats().OpenBreakers)

	c.now = c.now.Add(time.Second)
	assert.Equal(t, ByError, reason(poison(mixed(2, 1))), "half open: the trial fails")
	c.now = c.now.Add(1999 * time.Millisecond)
	assert.Equal(t, ByBreaker, reason(mixed(2, 1)), "open for 2 s")
	c.now = c.now.Add(time.Millisecond)
	assert.Equal(t, ByError, reason(poison(mixed(2, 1))))
	c.now = c.now.Add(3 * time.Second)
	assert.Equal(t, ByGuest, reason(mixed(2, 1)), "no longer than 3 s; the trial succeeds")
	assert.Zero(t, f.Stats().OpenBreakers)
	assert.EqualValues(t, 5, f.Stats().Errors[KindTrap])
}

// A user who chose to drop what is not judged does not want to see it pass because the filter fails often.
func TestTheBreakerDoesAsOnErrorSays(t *testing.T) {
	for policy, want := range map[OnError]Verdict{
		OnErrorPass: {Reason: ByBreaker}, OnErrorDrop: {Action: Drop, Reason: ByBreaker}, OnErrorRefuse: {},
	} {
		var c clock
		f := filterOf(t, guestParts{filter: asm{opUnreachable}}, c.options(Options{OnError: policy, Breaker: BreakerOptions{Failures: 2}}))
		out := make([]Verdict, 2)
		for range 5 {
			err := f.Judge(t.Context(), mixed(2, 1), out)
			assert.Equal(t, policy == OnErrorRefuse, errors.Is(err, ErrRefused), err)
		}
		st := f.Stats()
		assert.EqualValues(t, 2, st.Errors[KindTrap], "it was not asked again")
		if policy != OnErrorRefuse {
			assert.Equal(t, want, out[0])
		}
		assert.EqualValues(t, map[OnError]uint64{OnErrorPass: 10}[policy], st.Kept)
		assert.EqualValues(t, map[OnError]uint64{OnErrorDrop: 10}[policy], st.DroppedOnError)
		assert.EqualValues(t, map[OnError]uint64{OnErrorRefuse: 10}[policy], st.Refused)
	}
}

func TestWhatADeadGuestOwedIsReportedInItsStead(t *testing.T) {
	var c clock
	p := counting()
	p.manifest, p.filter = withTime, failsWhen(p.filter)
	f := filterOf(t, p, c.options(Options{}))
	judge(t, f, mixed(10, 1))
	judge(t, f, poison(mixed(10, 1)))
	judge(t, f, mixed(4, 1))
	judge(t, f, poison(mixed(10, 1)))
	now := uint64(c.now.UnixNano())
	assert.Equal(t, []Report{{Count: 7, First: now, Last: now, ByHost: true}}, f.Flush(t.Context()))
}

func TestAGuestCannotReportMoreThanItDropped(t *testing.T) {
	p := counting()
	p.extra[0].body = code(i32(atReport), i64(1000), store64(8), packed(atReport, reportSize))
	f := filterOf(t, p, Options{})
	judge(t, f, mixed(10, 1))
	assert.Equal(t, []Report{{Count: 5}}, f.Flush(t.Context()))
	assert.EqualValues(t, 995, f.Stats().Mismatch)
}

func TestTextsOfReportsAreUTF8(t *testing.T) {
	p := counting()
	p.data = map[int]string{0x300: "caf\xc3"}
	p.extra[0].body = code(i32(atReport), i64(5), store64(8), i32(atReport), i32(0x300), store32(36), i32(atReport), i32(4), store32(40), packed(atReport, reportSize))
	f := filterOf(t, p, Options{})
	judge(t, f, mixed(10, 1))
	assert.Equal(t, []Report{{Count: 5, Text: "caf\uFFFD"}}, f.Flush(t.Context()))
}

func TestWhatAGuestForgetsToReportIsReportedByTheHost(t *testing.T) {
	f := filterOf(t, guestParts{filter: verdictsFor(represent1, info)}, Options{})
	judge(t, f, mixed(10, 1))
	reports, err := f.Close(t.Context())
	require.NoError(t, err)
	require.Len(t, reports, 1)
	assert.True(t, reports[0].ByHost)
	assert.EqualValues(t, 5, reports[0].Count)
	assert.EqualValues(t, 5, f.Stats().Mismatch)
}

func TestAnErrorInFlushIsTheGuestsLast(t *testing.T) {
	for name, body := range map[string]asm{
		"trap": code(opUnreachable), "half a report": packed(atReport, 47), "4 GiB": i64(-1),
	} {
		t.Run(name, func(t *testing.T) {
			p := counting()
			p.extra[0].body = body
			f := filterOf(t, p, Options{})
			judge(t, f, mixed(10, 1))
			reports := f.Flush(t.Context())
			require.Len(t, reports, 1)
			assert.EqualValues(t, 5, reports[0].Count)
			assert.Zero(t, f.Stats().Instances)
		})
	}
}

func TestAClosedFilterSaysSo(t *testing.T) {
	f := filterOf(t, guestParts{}, Options{})
	_, err := f.Close(t.Context())
	require.NoError(t, err)
	err = f.Judge(t.Context(), mixed(2, 1), make([]Verdict, 2))
	assert.True(t, errors.Is(err, ErrClosed))
	assert.ErrorIs(t, f.Swap(t.Context(), load(t, newRuntime(t), guestParts{})), ErrClosed)
	reports, err := f.Close(t.Context())
	assert.Empty(t, reports)
	assert.NoError(t, err)
}
