// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package divide

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sealgate/sealgate/internal/datapoints"
)

// newBatch returns a batch of a signal with n items, spread over resources and scopes.
// The items are numbered; see numbers.
func newBatch(signal Signal, n int) Batch {
	switch signal {
	case Traces:
		td := ptrace.NewTraces()
		for i := range n {
			if i%7 == 0 {
				td.ResourceSpans().AppendEmpty().Resource().Attributes().PutInt("first", int64(i))
			}
			rs := td.ResourceSpans().At(td.ResourceSpans().Len() - 1)
			if i%7 == 0 || i%3 == 0 {
				rs.ScopeSpans().AppendEmpty().Scope().SetName(fmt.Sprint("scope", i))
			}
			ss := rs.ScopeSpans().At(rs.ScopeSpans().Len() - 1)
			ss.Spans().AppendEmpty().SetStartTimestamp(number(i))
		}
		return &traceBatch{td}
	case Logs:
		ld := plog.NewLogs()
		for i := range n {
			if i%7 == 0 {
				ld.ResourceLogs().AppendEmpty().Resource().Attributes().PutInt("first", int64(i))
			}
			rl := ld.ResourceLogs().At(ld.ResourceLogs().Len() - 1)
			if i%7 == 0 || i%3 == 0 {
				rl.ScopeLogs().AppendEmpty().Scope().SetName(fmt.Sprint("scope", i))
			}
			rl.ScopeLogs().At(rl.ScopeLogs().Len() - 1).LogRecords().AppendEmpty().SetTimestamp(number(i))
		}
		return &logBatch{ld}
	}
	md := pmetric.NewMetrics()
	var next func() pmetric.NumberDataPoint
	for i := range n {
		if i%7 == 0 {
			md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty()
		}
		if i%7 == 0 || i%3 == 0 {
			metrics := md.ResourceMetrics().At(md.ResourceMetrics().Len() - 1).ScopeMetrics().At(0).Metrics()
			m := metrics.AppendEmpty()
			m.SetName(fmt.Sprint("metric", i))
			if i%2 == 0 {
				m.SetEmptySum().SetIsMonotonic(true)
				m.Sum().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
				next = m.Sum().DataPoints().AppendEmpty
			} else {
				next = m.SetEmptyGauge().DataPoints().AppendEmpty
			}
		}
		next().SetTimestamp(number(i))
	}
	return &metricBatch{md}
}

// numbers returns the numbers of the items of a batch, in order.
func numbers(b Batch) (found []int) {
	switch b := b.(type) {
	case *traceBatch:
		for _, rs := range b.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, s := range ss.Spans().All() {
					found = append(found, int(s.StartTimestamp()))
				}
			}
		}
	case *logBatch:
		for _, rl := range b.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, r := range sl.LogRecords().All() {
					found = append(found, int(r.Timestamp()))
				}
			}
		}
	case *metricBatch:
		for _, rm := range b.ResourceMetrics().All() {
			for _, sm := range rm.ScopeMetrics().All() {
				for _, m := range sm.Metrics().All() {
					switch m.Type() {
					case pmetric.MetricTypeSum:
						found = append(found, asInts(timesOf(m.Sum().DataPoints()))...)
					case pmetric.MetricTypeGauge:
						found = append(found, asInts(timesOf(m.Gauge().DataPoints()))...)
					}
				}
			}
		}
	}
	return found
}

func asInts(times []pcommon.Timestamp) (all []int) {
	for _, t := range times {
		all = append(all, int(t))
	}
	return all
}

// backend is a stand-in that refuses whatever has a bad item.
type backend struct {
	bad      map[int]Kind
	has      []int
	requests int
	answer   func(items []int) *Verdict // nil: goes by bad
}

var errAnswer = errors.New("no")

func (b *backend) send(_ context.Context, part Batch) Verdict {
	b.requests++
	items := numbers(part)
	if b.answer != nil {
		if v := b.answer(items); v != nil {
			return *v
		}
	}
	for _, i := range items {
		if kind := b.bad[i]; kind != Taken {
			return Verdict{Kind: kind, Reason: reasonFor(kind), Err: errAnswer}
		}
	}
	b.has = append(b.has, items...)
	return Verdict{}
}

func reasonFor(kind Kind) string {
	if kind == Suspect {
		return ReasonFailed
	}
	return ReasonInvalid
}

func upTo(n int) (all []int) {
	for i := range n {
		all = append(all, i)
	}
	return all
}

var signals = []Signal{Traces, Logs, Metrics}

func eachSignal(t *testing.T, do func(t *testing.T, signal Signal)) {
	for _, s := range signals {
		t.Run(string(s), func(t *testing.T) { do(t, s) })
	}
}

func TestOnlyRefusedItemsAreLost(t *testing.T) {
	eachSignal(t, func(t *testing.T, signal Signal) {
		r := rand.New(rand.NewPCG(1, 2))
		for range 200 {
			n := 1 + r.IntN(60)
			b := &backend{bad: map[int]Kind{}}
			for range 1 + r.IntN(4) {
				b.bad[r.IntN(n)] = Refused
			}
			out := Deliver(t.Context(), newBatch(signal, n), Verdict{Kind: Refused, Reason: ReasonInvalid, Err: errAnswer}, b.send, 1000, 1)
			require.NoError(t, out.Err)
			require.Nil(t, out.Rest)
			good := slices.DeleteFunc(upTo(n), func(i int) bool { return b.bad[i] == Refused })
			require.Equal(t, good, append([]int{}, b.has...), "good items arrive once and in order")
			require.Equal(t, map[string]int{ReasonInvalid: len(b.bad)}, out.Refused)
			require.Equal(t, b.requests, out.Requests)
		}
	})
}

func TestRequestsGrowWithTheLogarithm(t *testing.T) {
	eachSignal(t, func(t *testing.T, signal Signal) {
		const n = 4096
		b := &backend{bad: map[int]Kind{1234: Refused}}
		out := Deliver(t.Context(), newBatch(signal, n), Verdict{Kind: Refused}, b.send, 1000, 1)
		assert.LessOrEqual(t, out.Requests, 2*bits.Len(n))
		assert.Len(t, b.has, n-1)
	})
}

func TestTheLimitLeavesTheRestOver(t *testing.T) {
	eachSignal(t, func(t *testing.T, signal Signal) {
		b := &backend{bad: map[int]Kind{}}
		for i := range 100 {
			b.bad[i] = Refused
		}
		batch, refused, rounds := newBatch(signal, 100), 0, 0
		for batch != nil {
			require.Less(t, rounds, 20, "each round decides about some items")
			out := Deliver(t.Context(), batch, Verdict{Kind: Refused}, b.send, 50, 1)
			require.LessOrEqual(t, out.Requests, 50)
			refused += out.Refused[ReasonInvalid]
			if out.Rest != nil {
				require.ErrorIs(t, out.Err, ErrLimit)
			}
			batch = out.Rest
			rounds++
		}
		assert.Equal(t, 100, refused)
		assert.Empty(t, b.has)
	})
}

func TestABackendThatGoesAwayKeepsTheRest(t *testing.T) {
	eachSignal(t, func(t *testing.T, signal Signal) {
		for away := 1; away < 12; away++ {
			b := &backend{bad: map[int]Kind{5: Refused}}
			b.answer = func([]int) *Verdict {
				if b.requests >= away {
					return &Verdict{Kind: Retry, Err: errAnswer}
				}
				return nil
			}
			out := Deliver(t.Context(), newBatch(signal, 32), Verdict{Kind: Refused}, b.send, 1000, 1)
			if out.Rest == nil {
				continue
			}
			require.ErrorIs(t, out.Err, errAnswer)
			gone := append(slices.Clone(b.has), numbers(out.Rest)...)
			if out.Refused[ReasonInvalid] == 1 {
				gone = append(gone, 5)
			}
			slices.Sort(gone)
			assert.Equal(t, upTo(32), gone, "each item is delivered, refused or left over, after %d requests", away)
			assert.IsIncreasing(t, numbers(out.Rest))
		}
	})
}

func TestACancelledDivisionKeepsTheRest(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	b := &backend{bad: map[int]Kind{9: Refused}}
	b.answer = func([]int) *Verdict {
		if b.requests == 3 {
			cancel()
		}
		return nil
	}
	out := Deliver(ctx, newBatch(Logs, 32), Verdict{Kind: Refused}, b.send, 1000, 1)
	require.ErrorIs(t, out.Err, context.Canceled)
	assert.Equal(t, 3, b.requests)
	assert.Len(t, b.has, 32-out.Rest.Items()-out.Refused[ReasonInvalid])
}

func TestAFailingBackendLosesNothing(t *testing.T) {
	eachSignal(t, func(t *testing.T, signal Signal) {
		for patience := 1; patience < 200; patience += 13 {
			b := &backend{answer: func([]int) *Verdict { return &Verdict{Kind: Suspect, Reason: ReasonFailed, Err: errAnswer} }}
			out := Deliver(t.Context(), newBatch(signal, 40), Verdict{Kind: Suspect, Err: errAnswer}, b.send, 1000, patience)
			require.ErrorIs(t, out.Err, errAnswer)
			assert.Empty(t, out.Refused)
			assert.Equal(t, upTo(40), numbers(out.Rest))
			assert.LessOrEqual(t, b.requests, patience)
		}
	})
}

func TestAnItemThatMakesTheBackendFailIsDropped(t *testing.T) {
	eachSignal(t, func(t *testing.T, signal Signal) {
		for _, bad := range [][]int{{0}, {31}, {0, 1, 2}, {7, 20}} {
			b := &backend{bad: map[int]Kind{}}
			for _, i := range bad {
				b.bad[i] = Suspect
			}
			out := Deliver(t.Context(), newBatch(signal, 32), Verdict{Kind: Suspect, Err: errAnswer}, b.send, 1000, 40)
			require.NoError(t, out.Err, "%v", bad)
			assert.Equal(t, map[string]int{ReasonFailed: len(bad)}, out.Refused)
			assert.Len(t, b.has, 32-len(bad))
		}
	})
}

func TestAFailureThatPassesLosesNothing(t *testing.T) {
	b := &backend{}
	b.answer = func([]int) *Verdict {
		if b.requests < 5 {
			return &Verdict{Kind: Suspect, Reason: ReasonFailed, Err: errAnswer}
		}
		return nil
	}
	out := Deliver(t.Context(), newBatch(Metrics, 16), Verdict{Kind: Suspect, Err: errAnswer}, b.send, 1000, 40)
	require.NoError(t, out.Err)
	assert.Empty(t, out.Refused)
	slices.Sort(b.has)
	assert.Equal(t, upTo(16), b.has)
}

// After an outage nearly everything is too old. That is found in few requests, and what is
// new enough arrives.
func TestAFloodOfOldItemsTakesFewRequests(t *testing.T) {
	for _, signal := range []Signal{Logs, Metrics} {
		for _, oldest := range []int{0, 1, 700, 3000, 4000, 4096} { // items from here on are taken
			b := &backend{}
			b.answer = func(items []int) *Verdict {
				if slices.Min(items) < oldest {
					return &Verdict{Kind: Refused, Reason: ReasonTooOld, Err: errAnswer}
				}
				return nil
			}
			out := Deliver(t.Context(), newBatch(signal, 4096), Verdict{Kind: Refused, Reason: ReasonTooOld}, b.send, 100_000, 1)
			require.Nil(t, out.Rest)
			slices.Sort(b.has)
			assert.Equal(t, upTo(4096)[oldest:], append([]int{}, b.has...))
			assert.Equal(t, oldest, out.Refused[ReasonTooOld])
			assert.Less(t, b.requests, 120, "%s from %d on", signal, oldest)
		}
	}
}

func TestABackendThatGoesByMoreThanTimeIsBounded(t *testing.T) {
	b := &backend{}
	b.answer = func(items []int) *Verdict {
		for _, i := range items {
			if i < 16 || i%5 == 0 {
				return &Verdict{Kind: Refused, Reason: ReasonTooOld, Err: errAnswer}
			}
		}
		return nil
	}
	out := Deliver(t.Context(), newBatch(Logs, 64), Verdict{Kind: Refused, Reason: ReasonTooOld}, b.send, 1000, 1)
	require.Nil(t, out.Rest)
	assert.Equal(t, 64, len(b.has)+out.Refused[ReasonTooOld], "each is delivered or counted")
	assert.NotEmpty(t, b.has)
}

func TestWhatAPartRejectsIsCounted(t *testing.T) {
	b := &backend{bad: map[int]Kind{3: Refused}}
	b.answer = func(items []int) *Verdict {
		if slices.Contains(items, 3) {
			return nil
		}
		return &Verdict{Rejected: 1, Reason: ReasonPartial}
	}
	out := Deliver(t.Context(), newBatch(Logs, 4), Verdict{Kind: Refused}, b.send, 100, 1)
	assert.Equal(t, map[string]int{ReasonInvalid: 1, ReasonPartial: 2}, out.Refused)
}

func TestAMetricWithoutPointsIsFound(t *testing.T) {
	md := newBatch(Metrics, 8).(*metricBatch)
	md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().AppendEmpty().SetEmptyGauge()
	b := &backend{}
	send := func(ctx context.Context, part Batch) Verdict {
		for _, rm := range part.(*metricBatch).ResourceMetrics().All() {
			for _, m := range rm.ScopeMetrics().At(0).Metrics().All() {
				if datapoints.Count(m) == 0 {
					return Verdict{Kind: Refused, Reason: ReasonInvalid}
				}
			}
		}
		return b.send(ctx, part)
	}
	out := Deliver(t.Context(), md, Verdict{Kind: Refused}, send, 100, 1)
	require.Nil(t, out.Rest)
	assert.Equal(t, upTo(8), b.has)
}

func TestHalvesKeepTheirMetricsAsTheyWere(t *testing.T) {
	md := pmetric.NewMetrics()
	sm := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty()
	sm.Scope().SetName("scope")
	sm.SetSchemaUrl("scheme")
	for range 3 {
		h := sm.Metrics().AppendEmpty()
		h.SetName("h")
		h.SetUnit("s")
		h.SetDescription("d")
		h.Metadata().PutStr("k", "v")
		h.SetEmptyHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		e := sm.Metrics().AppendEmpty()
		e.SetEmptyExponentialHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		s := sm.Metrics().AppendEmpty()
		s.SetEmptySummary()
		for i := range 5 {
			h.Histogram().DataPoints().AppendEmpty().SetCount(uint64(i))
			e.ExponentialHistogram().DataPoints().AppendEmpty().SetScale(int32(i))
			s.Summary().DataPoints().AppendEmpty().SetSum(float64(i))
		}
	}
	whole := pmetric.NewMetrics()
	md.CopyTo(whole)
	var pieces []pmetric.Metric
	var cut func(Batch)
	cut = func(b Batch) {
		if b.units() > 1 {
			first := b.split(b.units() / 2)
			cut(first)
			cut(b)
			return
		}
		scope := b.(*metricBatch).ResourceMetrics().At(0).ScopeMetrics().At(0)
		require.Equal(t, "scope", scope.Scope().Name())
		require.Equal(t, "scheme", scope.SchemaUrl())
		pieces = append(pieces, scope.Metrics().At(0))
	}
	cut(&metricBatch{md})
	require.Len(t, pieces, 45)
	for i, want := range sm45(whole) {
		got := pmetric.NewMetric()
		pieces[i].CopyTo(got)
		assert.Equal(t, want, got, i)
	}
}

// sm45 returns each data point as a metric.
func sm45(md pmetric.Metrics) (all []pmetric.Metric) {
	for _, m := range md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
		for range datapoints.Count(m) {
			one := pmetric.NewMetric()
			movePoints(m, one, 1)
			all = append(all, one)
		}
	}
	return all
}

func TestTheRestReplacesTheRequest(t *testing.T) {
	var traces consumererror.Traces
	require.ErrorAs(t, newBatch(Traces, 3).Retry(errAnswer), &traces)
	assert.Equal(t, 3, traces.Data().SpanCount())
	var logs consumererror.Logs
	require.ErrorAs(t, newBatch(Logs, 3).Retry(errAnswer), &logs)
	assert.Equal(t, 3, logs.Data().LogRecordCount())
	var metrics consumererror.Metrics
	require.ErrorAs(t, newBatch(Metrics, 3).Retry(errAnswer), &metrics)
	assert.Equal(t, 3, metrics.Data().DataPointCount())
	assert.False(t, consumererror.IsPermanent(newBatch(Traces, 1).Retry(errAnswer)))
}

func FuzzParse(f *testing.F) {
	for _, s := range signals {
		for _, json := range []bool{false, true} {
			body, err := newBatch(s, 3).Marshal(json)
			require.NoError(f, err)
			f.Add(string(s), body, json)
		}
	}
	f.Fuzz(func(t *testing.T, signal string, body []byte, json bool) {
		b, err := Parse(Signal(signal), body, json)
		if err != nil {
			return
		}
		items := b.Items()
		if b.units() > 1 {
			first := b.split(b.units() / 2)
			require.Equal(t, items, first.Items()+b.Items())
			require.Positive(t, first.units())
			require.Positive(t, b.units())
			first.append(b)
			require.Equal(t, items, first.Items())
		}
		_ = Rejected(Signal(signal), body, json)
	})
}

func number(i int) pcommon.Timestamp { return pcommon.Timestamp(i) }
