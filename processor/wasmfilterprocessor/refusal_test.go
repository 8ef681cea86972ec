// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmfilterprocessor

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
)

var errFull = errors.New("sending queue is full")

// repeats has two kinds of line, each there twice, of some resources.
func repeats(resources int) plog.Logs {
	ld := plog.NewLogs()
	for i := range resources {
		one := logs(
			line{body: "order 1 placed", severity: info}, line{body: "order 2 placed", severity: info},
			line{body: "cache 1 full", severity: info}, line{body: "cache 2 full", severity: info})
		one.ResourceLogs().At(0).Resource().Attributes().PutInt("i", int64(i))
		one.ResourceLogs().MoveAndAppendTo(ld.ResourceLogs())
	}
	return ld
}

var firsts = []string{"order 1 placed", "cache 1 full"}

// redundancy is a processor that has passed nothing yet, but has seen what repeats would repeat.
func redundancy(t testing.TB, end error) *harness {
	t.Helper()
	h := start(t, "reports: metric\nmodule: "+guest(t, repeatFilter))
	h.sink.fails = func(context.Context) error { return end }
	require.ErrorIs(t, h.ConsumeLogs(t.Context(), repeats(1)), end)
	h.sink.fails = nil
	return h
}

func TestABatchThatIsRefusedIsKeptAgainWhenItIsSentAgain(t *testing.T) {
	h := redundancy(t, errFull)
	require.NoError(t, h.ConsumeLogs(t.Context(), repeats(1)))
	assert.Equal(t, firsts, h.bodies(), "exactly what was kept the first time")
	require.NoError(t, h.ConsumeLogs(t.Context(), repeats(1)))
	assert.Equal(t, firsts, h.bodies(), "and now it is known")
	assert.EqualValues(t, 8, h.count(t, "in"), "what was refused counts once, when it gets on")
	assert.EqualValues(t, 2, h.count(t, "kept"))
	assert.EqualValues(t, 6, h.count(t, "represented"))
	require.NoError(t, h.Shutdown(t.Context()))
	assert.EqualValues(t, 6, h.count(t, "reported"))
}

func TestSummariesOfABatchThatWasSentTwentyTimesCountItOnce(t *testing.T) {
	h := start(t, "flush_interval: 1h\nmodule: "+guest(t, repeatFilter))
	h.sink.fails = func(context.Context) error { return errFull }
	for range 20 {
		require.ErrorIs(t, h.ConsumeLogs(t.Context(), repeats(1)), errFull)
	}
	h.sink.fails = nil
	require.NoError(t, h.ConsumeLogs(t.Context(), repeats(1)))
	require.NoError(t, h.Shutdown(t.Context()))
	assert.Equal(t, map[int64]int64{0: 2}, h.summaries())
}

// A sender that sends only the rest again would leave the dropped records out, and they would be in no report.
func TestTheSenderIsToldToSendTheWholeBatchAgain(t *testing.T) {
	h := start(t, "reports: metric\nmodule: "+guest(t, repeatFilter))
	h.sink.fails = func(context.Context) error { return consumererror.NewLogs(errFull, repeats(1)) }
	err := h.ConsumeLogs(t.Context(), repeats(1))
	require.ErrorIs(t, err, errFull)
	assert.False(t, errors.As(err, new(consumererror.Logs)))
	h.sink.fails = func(context.Context) error {
		return consumererror.NewPermanent(consumererror.NewLogs(errFull, repeats(1)))
	}
	assert.True(t, consumererror.IsPermanent(h.ConsumeLogs(t.Context(), repeats(1))))
}

// The property: a consumer that refuses at random, in part and for good, and senders that send again or give
// up. Every summary is exact: they count the records that were dropped in batches that got on.
func TestSummariesAreExactWhateverIsRefused(t *testing.T) {
	h := start(t, "flush_interval: 5ms\nconfig: {window: 1s}\nmodule: "+guest(t, repeatFilter))
	var turn atomic.Uint64
	var calm atomic.Bool
	h.sink.fails = func(ctx context.Context) error {
		rng := rand.New(rand.NewPCG(turn.Add(1), 7))
		switch n := rng.IntN(10); {
		case calm.Load() || n < 4:
			return nil
		case n < 7 || ctx.Value(sent{}) == nil: // summaries are not refused for good
			return errFull
		case n < 9:
			return consumererror.NewLogs(errFull, plog.NewLogs())
		default:
			return consumererror.NewPermanent(errFull)
		}
	}
	var all sync.WaitGroup
	for s := range uint64(16) {
		all.Go(func() {
			rng := rand.New(rand.NewPCG(s, 8))
			for range 20 {
				for range 1 + rng.IntN(5) {
					err := h.ConsumeLogs(context.WithValue(context.Background(), sent{}, true), repeats(3))
					if err == nil || consumererror.IsPermanent(err) {
						break
					}
				}
			}
		})
	}
	all.Wait()
	calm.Store(true)
	represented := h.count(t, "represented")
	assert.Equal(t, h.count(t, "in"), h.count(t, "kept")+represented)
	require.NoError(t, h.Shutdown(t.Context()))
	assert.Equal(t, represented, h.count(t, "reported"))
	var told int64
	for _, n := range h.summaries() {
		told += n
	}
	assert.Equal(t, represented, told)
}

// sent marks the context of a batch that a sender sends.
type sent struct{}

func TestABatchThatIsRefusedForGoodIsNotSentAgainAndForgetsNothing(t *testing.T) {
	h := redundancy(t, consumererror.NewPermanent(errFull))
	require.NoError(t, h.ConsumeLogs(t.Context(), repeats(1)))
	assert.Empty(t, h.bodies())
}

func TestWhatPanicsOrIsGivenUpMayBeSentAgain(t *testing.T) {
	for name, fails := range map[string]func(context.Context) error{
		"a panic":        func(context.Context) error { panic("a bug") },
		"a context ends": func(ctx context.Context) error { return ctx.Err() },
	} {
		t.Run(name, func(t *testing.T) {
			h := start(t, "reports: metric\nmodule: "+guest(t, repeatFilter))
			ctx, cancel := context.WithCancel(t.Context())
			h.sink.fails = func(context.Context) error { cancel(); return fails(ctx) }
			func() {
				defer func() { _ = recover() }()
				assert.Error(t, h.ConsumeLogs(ctx, repeats(1)))
			}()
			h.sink.fails = nil
			require.NoError(t, h.ConsumeLogs(t.Context(), repeats(1)))
			assert.Equal(t, firsts, h.bodies())
		})
	}
}

// Two hand-overs of three fail, the first among them.
func TestSixtyFourSendersThatAreRefusedNowAndThenAreHeardInTheEnd(t *testing.T) {
	h := start(t, "flush_interval: 20ms\nreports: metric\nmodule: "+guest(t, repeatFilter))
	var turn atomic.Int64
	h.sink.fails = func(context.Context) error {
		if turn.Add(1)%3 != 0 {
			return errFull
		}
		return nil
	}
	const resources = 5
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for range 5 {
				for h.ConsumeLogs(context.Background(), repeats(resources)) != nil {
				}
			}
		})
	}
	all.Wait()
	assert.Equal(t, h.count(t, "in"), h.count(t, "kept")+h.count(t, "represented"))
	heard := map[string]bool{}
	for _, ld := range h.sink.AllLogs() {
		for _, rl := range ld.ResourceLogs().All() {
			i, _ := rl.Resource().Attributes().Get("i")
			for _, r := range rl.ScopeLogs().At(0).LogRecords().All() {
				heard[fmt.Sprint(i.Int(), r.Body().Str())] = true
			}
		}
	}
	assert.Len(t, heard, 2*resources, "each kind of each resource")
	represented := h.count(t, "represented")
	require.NoError(t, h.Shutdown(t.Context()))
	assert.Equal(t, represented, h.count(t, "reported"), "each is reported once")
}

// Under overload the client sends a batch again and again: the limit must hold all the more.
func TestARateLimitHoldsWhileBatchesAreRefused(t *testing.T) {
	h := start(t, "reports: metric\nconfig: {rate: 0.001, burst: 10}\nmodule: "+guest(t, limitFilter))
	lines := make([]line, 100)
	for i := range lines {
		lines[i] = line{body: "order placed", severity: info}
	}
	passed := 0
	h.sink.fails = func(context.Context) error { return errFull }
	for range 50 {
		ld := logs(lines...)
		if err := h.ConsumeLogs(t.Context(), ld); err != nil {
			passed += ld.LogRecordCount()
		}
	}
	assert.Equal(t, 10, passed)
}

// BenchmarkRefused is what a batch costs whose predecessor was refused, beside one that follows one that was
// taken.
func BenchmarkRefused(b *testing.B) {
	for name, end := range map[string]error{"taken": nil, "refused": errFull} {
		for _, filter := range []string{"redundancy", "rules"} {
			b.Run(filter+"/"+name, func(b *testing.B) {
				h := start(b, "reports: metric\nmodule: builtin:"+filter)
				h.sink.fails = func(context.Context) error { return end }
				for b.Loop() {
					_ = h.ConsumeLogs(b.Context(), logs(line{body: "disk full", severity: warn}))
					h.sink.Reset()
				}
			})
		}
	}
}
