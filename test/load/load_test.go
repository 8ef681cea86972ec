// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"go.uber.org/goleak"

	"github.com/sealgate/sealgate/test/fleet"
	"github.com/sealgate/sealgate/test/harness"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const each = 100 // items of a request

func newSink(t *testing.T) *Sink {
	t.Helper()
	s, err := NewSink()
	require.NoError(t, err)
	t.Cleanup(s.Vanish)
	return s
}

func (s *Sink) addr(http bool) string {
	if http {
		return s.HTTP
	}
	return s.GRPC
}

// overBoth runs a test over gRPC and over HTTP.
func overBoth(t *testing.T, test func(t *testing.T, http bool)) {
	for name, http := range map[string]bool{"gRPC": false, "HTTP": true} {
		t.Run(name, func(t *testing.T) { test(t, http) })
	}
}

func spans(l *Ledger) []*Request {
	return []*Request{l.Traces(fleet.Spans(1, each)), l.Traces(fleet.Spans(2, each))}
}

func start(ctx context.Context, t *testing.T, l *Ledger, o Options) *Generator {
	t.Helper()
	g, err := l.Start(ctx, o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = g.Stop() })
	return g
}

func TestEveryItemOfEverySignalIsAccountedFor(t *testing.T) {
	overBoth(t, func(t *testing.T, http bool) {
		s := newSink(t)
		for name, request := range map[string]func(*Ledger) *Request{
			"traces":  func(l *Ledger) *Request { return l.Traces(fleet.Spans(1, each)) },
			"logs":    func(l *Ledger) *Request { return l.Logs(fleet.LogRecords(1, each)) },
			"metrics": func(l *Ledger) *Request { return l.Metrics(Points(each)) },
		} {
			l := s.Ledger(name)
			g := start(t.Context(), t, l, Options{Addr: s.addr(http), HTTP: http, Requests: []*Request{request(l)}, Items: 10 * each})
			require.NoError(t, g.Wait())
			r := l.Report()
			assert.Positive(t, r.P50)
			assert.GreaterOrEqual(t, r.P99, r.P50)
			r.P50, r.P99 = 0, 0
			assert.Equal(t, Report{Sent: 10 * each, Accepted: 10 * each, Delivered: 10 * each}, r, name)
		}
		assert.Zero(t, s.Foreign())
	})
}

func TestARefusalThatPassesIsTriedAgain(t *testing.T) {
	for name, b := range map[string]Behaviour{
		"throttled":   {Refuse: Throttled, RetryAfter: time.Second},
		"unavailable": {Refuse: Unavailable},
		"hangs":       {Hang: true},
	} {
		t.Run(name, func(t *testing.T) {
			overBoth(t, func(t *testing.T, http bool) {
				s := newSink(t)
				s.Behave(b)
				l := s.Ledger("run")
				g := start(t.Context(), t, l, Options{Addr: s.addr(http), HTTP: http, Requests: spans(l), Items: 4 * each, Timeout: 100 * time.Millisecond})
				await(t, "a request that is not taken", func() bool { return s.Misbehaved() > 0 })
				s.Behave(Behaviour{})
				require.NoError(t, g.Wait())
				r := l.Report()
				assert.Equal(t, 4*each, r.Delivered, "%s", r)
				assert.Equal(t, 4*each, r.Accepted, "%s", r)
			})
		})
	}
}

func TestARefusalForGoodIsCounted(t *testing.T) {
	overBoth(t, func(t *testing.T, http bool) {
		s := newSink(t)
		s.Behave(Behaviour{Refuse: Invalid})
		l := s.Ledger("run")
		require.Error(t, start(t.Context(), t, l, Options{Addr: s.addr(http), HTTP: http, Requests: spans(l), Items: 4 * each}).Wait())
		assert.Equal(t, Report{Sent: 4 * each, Refused: 4 * each}, l.Report())
	})
}

// Who is refused and gives up knows that nothing arrived; who got no answer does not.
func TestGivingUpIsCountedAsWhatTheGeneratorKnows(t *testing.T) {
	for name, c := range map[string]struct {
		behaviour Behaviour
		want      Report
	}{
		"refused": {Behaviour{Refuse: Throttled, RetryAfter: time.Second}, Report{Sent: 2 * each, Refused: 2 * each}},
		"hangs":   {Behaviour{Hang: true}, Report{Sent: 2 * each, Unknown: 2 * each}},
	} {
		t.Run(name, func(t *testing.T) {
			overBoth(t, func(t *testing.T, http bool) {
				s := newSink(t)
				s.Behave(c.behaviour)
				l := s.Ledger("run")
				g := start(t.Context(), t, l, Options{
					Addr: s.addr(http), HTTP: http, Requests: spans(l), Items: 2 * each, Timeout: 50 * time.Millisecond, Patience: 200 * time.Millisecond,
				})
				require.Error(t, g.Wait())
				assert.Equal(t, c.want, l.Report())
			})
		})
	}
}

func TestASinkThatVanishesReturnsWhereItWas(t *testing.T) {
	overBoth(t, func(t *testing.T, http bool) {
		s := newSink(t)
		l := s.Ledger("run")
		g := start(t.Context(), t, l, Options{Addr: s.addr(http), HTTP: http, Requests: spans(l)})
		await(t, "the first item", func() bool { return l.Report().Delivered > 0 })
		s.Vanish()
		before := l.Report().Delivered
		require.NoError(t, s.Return())
		await(t, "more items", func() bool { return l.Report().Delivered > before })
		_ = g.Stop()
		r := l.Report()
		assert.Equal(t, r.Sent, r.Accepted, "%s", r)
		assert.Equal(t, r.Sent, r.Delivered, "%s", r)
		assert.Zero(t, r.Missing, "%s", r)
	})
}

func TestWhatIsOfNoRunIsForeign(t *testing.T) {
	s := newSink(t)
	conn, err := fleet.Dial(s.GRPC)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, fleet.SendTraces(t.Context(), conn, fleet.Spans(1, each)))
	assert.Equal(t, each, s.Foreign())
}

func TestAnItemThatComesAgainIsADuplicateAndOneThatDoesNotIsMissing(t *testing.T) {
	l := &Ledger{run: "run"}
	first := l.number(3)
	l.settle(first, 3, outcome{})
	l.arrive([]arrival{{number: first}, {number: first}}, time.Now())
	r := l.Report()
	assert.Equal(t, 1, r.Delivered)
	assert.Equal(t, 1, r.Duplicates)
	assert.Equal(t, 2, r.Missing)
}

func TestItemsOfAPartialSuccessThatWereRejectedAreRefused(t *testing.T) {
	answer := ptraceotlp.NewExportResponse()
	answer.PartialSuccess().SetRejectedSpans(2)
	answer.PartialSuccess().SetErrorMessage("too long")
	body, err := answer.MarshalProto()
	require.NoError(t, err)
	o := Options{Timeout: time.Second}
	end, err := o.send(t.Context(), answering(body), traces, nil)
	require.ErrorContains(t, err, "too long")

	l := &Ledger{}
	l.settle(l.number(5), 5, end)
	assert.Equal(t, Report{Sent: 5, Accepted: 3, Refused: 2, Missing: 3}, l.Report())
}

type answering []byte

func (a answering) export(context.Context, *signal, []byte) ([]byte, error) { return a, nil }
func (answering) close() error                                              { return nil }

func TestARequestIsNumberedAnewEachTimeAndItsTimesGoOn(t *testing.T) {
	l := &Ledger{run: "run"}
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().SetTimestamp(1_000)
	r := l.Logs(ld)
	for turn := range 3 {
		_, err := r.encode(turn, time.Unix(0, int64(turn)), time.Duration(turn)*time.Microsecond)
		require.NoError(t, err)
		record := rl.ScopeLogs().At(0).LogRecords().At(0)
		assert.EqualValues(t, 1_000*(turn+1), record.Timestamp())
		assert.Equal(t, map[string]any{attrNumber: int64(turn), attrDue: int64(turn)}, record.Attributes().AsRaw())
	}
}

func TestARequestIsDueWhenThePaceSaysSo(t *testing.T) {
	g := &Generator{options: Options{Rate: 1000, Items: 10}, start: time.Now().Add(-time.Minute), stopped: make(chan struct{})}
	due, ok := g.await(t.Context(), 5)
	assert.True(t, ok)
	assert.Equal(t, g.start.Add(5*time.Millisecond), due, "a late request is still due when it was")
	_, ok = g.await(t.Context(), 10)
	assert.False(t, ok, "ten items have been sent")
}

func TestQuantilesAreRightToTheWidthOfABucket(t *testing.T) {
	var h Histogram
	assert.Zero(t, h.Quantile(0.5))
	for i := range 1000 {
		h.Add(time.Duration(i+1) * time.Millisecond)
	}
	for q, want := range map[float64]float64{0.001: 1, 0.5: 500, 0.99: 990, 1: 1000} {
		assert.InEpsilon(t, want, h.Quantile(q).Seconds()*1000, 1.0/steps, "quantile %v", q)
	}
	for _, v := range []uint64{0, 1, 63, 64, 65, 127, 128, 1 << 40, 1<<63 - 1} {
		assert.GreaterOrEqual(t, upper(bucket(v)), v)
		assert.True(t, v == 0 || bucket(v) == 0 || upper(bucket(v)-1) < v, "%d", v)
	}
}

func TestAnAddressWhereNobodyListensIsTriedUntilTheEnd(t *testing.T) {
	ports, err := harness.Ports(1)
	require.NoError(t, err)
	overBoth(t, func(t *testing.T, http bool) {
		l := &Ledger{run: "run"}
		g := start(t.Context(), t, l, Options{
			Addr: fmt.Sprintf("127.0.0.1:%d", ports[0]), HTTP: http, Requests: spans(l),
			Items: each, Patience: 100 * time.Millisecond,
		})
		err := g.Wait()
		_, ok := errors.AsType[*failure](err)
		assert.True(t, ok, "%v", err)
		assert.Equal(t, Report{Sent: each, Unknown: each}, l.Report())
	})
}

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, harness.Poll(ctx, what, func(context.Context) (bool, error) { return ok(), nil }))
}

func TestPlainSpansHaveTenAttributesOfFiftyBytes(t *testing.T) {
	n := 0
	eachSpan(PlainSpans(each))(func(_, item pcommon.Map) {
		n++
		assert.Equal(t, 10, item.Len())
		for key, value := range item.All() {
			assert.Equal(t, 50, len(key)+len(value.Str()))
		}
	})
	assert.Equal(t, each, n)
	assert.Equal(t, each, Points(each).DataPointCount())
}
