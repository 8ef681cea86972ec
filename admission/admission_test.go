// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// noon is the time of all tests.
var noon = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

func at(d time.Duration) pcommon.Timestamp { return pcommon.NewTimestampFromTime(noon.Add(d)) }

func strict() Options {
	return Options{
		Tempo: true, Loki: true, Prometheus: true, MaxItemBytes: 10_000, MaxAge: 168 * time.Hour, MaxAhead: 10 * time.Minute,
		MaxLineBytes: 1000, MaxAttributes: 16, MaxMetadataBytes: 2000, Now: func() time.Time { return noon },
	}
}

// counts returns what occurred, by name.
func counts(r Result) map[string]int {
	found := map[string]int{}
	r.Each(func(reason Reason, _ bool, n int) { found[reason.String()] = n })
	return found
}

func spans(names ...string) ptrace.Traces {
	td := ptrace.NewTraces()
	addSpans(td, names...)
	return td
}

func addSpans(td ptrace.Traces, names ...string) ptrace.SpanSlice {
	all := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for _, name := range names {
		s := all.AppendEmpty()
		s.SetName(name)
		if name != "bad" {
			s.SetTraceID([16]byte{1})
		}
	}
	return all
}

func spanNames(td ptrace.Traces) (names []string) {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				names = append(names, s.Name())
			}
		}
	}
	return names
}

func TestASpanWithoutTraceIDIsRefusedAlone(t *testing.T) {
	td := spans("a", "bad", "b")
	addSpans(td, "bad")
	addSpans(td, "c", "bad")
	r := New(strict()).Traces(td, 0)
	assert.Equal(t, map[string]int{"empty_trace_id": 3}, counts(r))
	assert.Equal(t, 3, r.Refused())
	assert.Equal(t, []string{"a", "b", "c"}, spanNames(td))
	assert.Equal(t, 2, td.ResourceSpans().Len(), "a resource without spans is gone")
	assert.Equal(t, "3 refused as empty_trace_id: a span needs a trace id of 16 bytes that are not all zero", r.Message())
}

func TestOddSpansThatTempoTakesPass(t *testing.T) {
	td := ptrace.NewTraces()
	s := addSpans(td, "no span id, no times").At(0)
	s.SetStartTimestamp(5)
	s.SetEndTimestamp(3)
	s.SetKind(77)
	assert.Zero(t, New(strict()).Traces(td, 0))
	assert.Equal(t, 1, td.SpanCount())
}

func TestAnItemThatIsTooLargeIsRefusedAlone(t *testing.T) {
	large := strings.Repeat("x", 9_990)
	for _, size := range []int{UnknownSize, 1 << 20} {
		td := spans("a", large, "b")
		r := New(strict()).Traces(td, size)
		assert.Equal(t, map[string]int{"too_large": 1}, counts(r))
		assert.Equal(t, []string{"a", "b"}, spanNames(td))

		ld := plog.NewLogs()
		records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
		for _, body := range []string{"a", large, "b"} {
			records.AppendEmpty().Attributes().PutStr("text", body)
		}
		r = New(strict()).Logs(ld, size)
		assert.Equal(t, map[string]int{"too_large": 1}, counts(r))
		assert.Equal(t, 2, ld.LogRecordCount())

		md := gauges("m", at(0), at(0), at(0))
		md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Gauge().DataPoints().At(1).Attributes().PutStr("text", large)
		r = New(strict()).Metrics(md, size)
		assert.Equal(t, map[string]int{"too_large": 1}, counts(r))
		assert.Equal(t, 2, md.DataPointCount())
	}
}

// What stays is small enough to be sent alone, with the resource and the scope.
func TestTheResourceAndTheScopeCount(t *testing.T) {
	for _, header := range []int{0, 4_000, 9_000} {
		for _, n := range []int{900, 990, 1000, 5_900, 5_990, 6_000, 9_900, 9_999} {
			td := ptrace.NewTraces()
			rs := td.ResourceSpans().AppendEmpty()
			rs.Resource().Attributes().PutStr("text", strings.Repeat("r", header))
			ss := rs.ScopeSpans().AppendEmpty()
			for range 3 {
				s := ss.Spans().AppendEmpty()
				s.SetName(strings.Repeat("s", n))
				s.SetTraceID([16]byte{1})
			}
			one := ptrace.NewTraces()
			td.CopyTo(one)
			left := 1
			one.ResourceSpans().At(0).ScopeSpans().At(0).Spans().RemoveIf(func(ptrace.Span) bool { left--; return left < 0 })
			size := (&ptrace.ProtoMarshaler{}).TracesSize(one)
			r := New(strict()).Traces(td, UnknownSize)
			switch {
			case size > 10_000:
				assert.Equal(t, 3, r.Refused(), "%d bytes", size)
			case size < 10_000-2*framing:
				assert.Zero(t, r.Refused(), "%d bytes", size)
			}
		}
	}
}

func TestRecordsThatLokiRefuses(t *testing.T) {
	for reason, change := range map[string]func(plog.LogRecord){
		"too_old":       func(r plog.LogRecord) { r.SetTimestamp(at(-169 * time.Hour)) },
		"too_new":       func(r plog.LogRecord) { r.SetTimestamp(at(11 * time.Minute)) },
		"line_too_long": func(r plog.LogRecord) { r.Body().SetStr(strings.Repeat("x", 1001)) },
		"too_many_attributes": func(r plog.LogRecord) {
			for i := range 17 {
				r.Attributes().PutInt(strings.Repeat("k", i+1), 1)
			}
		},
	} {
		t.Run(reason, func(t *testing.T) {
			ld := plog.NewLogs()
			records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
			for i := range 3 {
				r := records.AppendEmpty()
				r.SetTimestamp(at(0))
				if i == 1 {
					change(r)
				}
			}
			r := New(strict()).Logs(ld, 0)
			assert.Equal(t, map[string]int{reason: 1}, counts(r))
			assert.Equal(t, 2, ld.LogRecordCount())
			assert.Contains(t, r.Message(), reason)
		})
	}
}

func TestRecordsThatLokiTakesPass(t *testing.T) {
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	records.AppendEmpty() // no time, no body: Loki takes the time of arrival
	records.AppendEmpty().SetObservedTimestamp(at(0))
	records.AppendEmpty().SetTimestamp(at(-167 * time.Hour))
	records.AppendEmpty().SetTimestamp(at(9 * time.Minute))
	records.AppendEmpty().Body().SetStr(strings.Repeat("x", 1000))
	assert.Zero(t, New(strict()).Logs(ld, 0))
	assert.Equal(t, 5, ld.LogRecordCount())
}

func TestAResourceThatIsTooLargeForLoki(t *testing.T) {
	ld := plog.NewLogs()
	for _, n := range []int{10, 2001} {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("text", strings.Repeat("x", n))
		rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().SetTimestamp(at(0))
	}
	r := New(strict()).Logs(ld, 0)
	assert.Equal(t, map[string]int{"metadata_too_large": 1}, counts(r))
	assert.Equal(t, 1, ld.ResourceLogs().Len())
}

func TestALimitOfZeroIsNone(t *testing.T) {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("text", strings.Repeat("x", 1<<20))
	r := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	r.SetTimestamp(1)
	r.Body().SetStr(strings.Repeat("x", 1<<20))
	c := New(Options{Tempo: true, Loki: true, Prometheus: true})
	assert.Zero(t, c.Logs(ld, UnknownSize))
	td := spans(strings.Repeat("x", 1<<20))
	assert.Zero(t, c.Traces(td, UnknownSize))
}

func TestWithoutAProfileNothingIsChecked(t *testing.T) {
	c := New(Options{})
	assert.Zero(t, c.Traces(spans("bad"), 0))
	assert.Zero(t, c.Metrics(gauges("", 0), 0))
}

func gauges(name string, times ...pcommon.Timestamp) pmetric.Metrics {
	md := pmetric.NewMetrics()
	m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName(name)
	m.SetEmptyGauge()
	for _, at := range times {
		p := m.Gauge().DataPoints().AppendEmpty()
		p.SetTimestamp(at)
		p.Attributes().PutStr("route", "/")
	}
	return md
}

func first(md pmetric.Metrics) pmetric.Metric {
	return md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0)
}

func TestPointsThatPrometheusRefuses(t *testing.T) {
	exponential := func(change func(pmetric.ExponentialHistogramDataPoint)) func(pmetric.Metric) {
		return func(m pmetric.Metric) {
			m.SetEmptyExponentialHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
			p := m.ExponentialHistogram().DataPoints().AppendEmpty()
			p.SetTimestamp(at(0))
			p.SetZeroCount(1)
			p.Positive().BucketCounts().FromRaw([]uint64{2, 3})
			p.SetCount(6)
			change(p)
		}
	}
	for name, tt := range map[string]struct {
		reason string
		make   func(pmetric.Metric)
	}{
		"no name": {"invalid_metric_name", func(m pmetric.Metric) {
			m.SetName("")
			m.SetEmptyGauge().DataPoints().AppendEmpty().SetTimestamp(at(0))
		}},
		"name of dots": {"invalid_metric_name", func(m pmetric.Metric) {
			m.SetName("._.")
			m.SetEmptyGauge().DataPoints().AppendEmpty().SetTimestamp(at(0))
		}},
		"no time":       {"no_time", func(m pmetric.Metric) { m.SetEmptyGauge().DataPoints().AppendEmpty() }},
		"an hour ahead": {"too_new", func(m pmetric.Metric) { m.SetEmptyGauge().DataPoints().AppendEmpty().SetTimestamp(at(time.Hour)) }},
		"summary ahead": {"too_new", func(m pmetric.Metric) { m.SetEmptySummary().DataPoints().AppendEmpty().SetTimestamp(at(time.Hour)) }},
		"histogram ahead": {"too_new", func(m pmetric.Metric) {
			m.SetEmptyHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
			m.Histogram().DataPoints().AppendEmpty().SetTimestamp(at(time.Hour))
		}},
		"delta sum": {"delta_temporality", func(m pmetric.Metric) {
			m.SetEmptySum().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
			m.Sum().DataPoints().AppendEmpty().SetTimestamp(at(0))
		}},
		"delta histogram": {"delta_temporality", func(m pmetric.Metric) {
			m.SetEmptyHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
			m.Histogram().DataPoints().AppendEmpty().SetTimestamp(at(0))
		}},
		"no temporality": {"no_temporality", func(m pmetric.Metric) { m.SetEmptySum().DataPoints().AppendEmpty().SetTimestamp(at(0)) }},
		"scale of -5":    {"scale_too_low", exponential(func(p pmetric.ExponentialHistogramDataPoint) { p.SetScale(-5) })},
		"scale of -11":   {"scale_too_low", exponential(func(p pmetric.ExponentialHistogramDataPoint) { p.SetScale(-11) })},
		"wrong count":    {"count_mismatch", exponential(func(p pmetric.ExponentialHistogramDataPoint) { p.SetCount(7) })},
		"NaN, count low": {"count_mismatch", exponential(func(p pmetric.ExponentialHistogramDataPoint) { p.SetCount(5); p.SetSum(math.NaN()) })},
	} {
		t.Run(name, func(t *testing.T) {
			md := gauges("good", at(0), at(9*time.Minute))
			bad := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().AppendEmpty()
			bad.SetName("bad")
			tt.make(bad)
			r := New(strict()).Metrics(md, 0)
			assert.Equal(t, map[string]int{tt.reason: 1}, counts(r))
			assert.Equal(t, 1, r.Refused())
			assert.Equal(t, 2, md.DataPointCount())
			assert.Equal(t, 1, md.MetricCount())
		})
	}
}

func TestPointsThatPrometheusTakesPass(t *testing.T) {
	md := gauges("good", at(0), 1)
	metrics := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
	for _, scale := range []int32{-4, 0, 8, 20} {
		m := metrics.AppendEmpty()
		m.SetName("e1")
		m.SetEmptyExponentialHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		p := m.ExponentialHistogram().DataPoints().AppendEmpty()
		p.SetTimestamp(at(0))
		p.SetScale(scale)
		p.Negative().BucketCounts().FromRaw([]uint64{0, 4})
		p.SetCount(4)
		stale := m.ExponentialHistogram().DataPoints().AppendEmpty()
		stale.SetTimestamp(at(0))
		stale.SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true))
		stale.SetCount(99)
		nan := m.ExponentialHistogram().DataPoints().AppendEmpty()
		nan.SetTimestamp(at(0))
		nan.SetSum(math.NaN())
		nan.SetCount(99)
	}
	h := metrics.AppendEmpty()
	h.SetName("buckets and bounds do not match")
	h.SetEmptyHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	p := h.Histogram().DataPoints().AppendEmpty()
	p.SetTimestamp(at(0))
	p.BucketCounts().FromRaw([]uint64{1})
	before := md.DataPointCount()
	assert.Zero(t, New(strict()).Metrics(md, 0))
	assert.Equal(t, before, md.DataPointCount())
}

func TestDeltaPassesWhereItIsConverted(t *testing.T) {
	md := gauges("good", at(0))
	m := first(md)
	m.SetEmptySum().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	m.Sum().DataPoints().AppendEmpty().SetTimestamp(at(0))
	o := strict()
	o.AcceptDelta = true
	assert.Zero(t, New(o).Metrics(md, 0))
	assert.Equal(t, 1, md.DataPointCount())
}

func TestAttributesWithoutALabelAreRenamed(t *testing.T) {
	md := gauges("good", at(0), at(0))
	md.ResourceMetrics().At(0).Resource().Attributes().PutStr("日本", "resource")
	for _, p := range first(md).Gauge().DataPoints().All() {
		p.Attributes().PutStr("__name__", "other")
		p.Attributes().PutStr("", "empty")
		p.Attributes().PutInt("_._", 1)
		p.Attributes().PutStr("日本x", "has a letter")
	}
	r := New(strict()).Metrics(md, 0)
	assert.Equal(t, map[string]int{"renamed_attribute": 7}, counts(r))
	assert.Zero(t, r.Refused())
	assert.Equal(t, map[string]any{"key_e697a5e69cac": "resource"}, md.ResourceMetrics().At(0).Resource().Attributes().AsRaw())
	for _, p := range first(md).Gauge().DataPoints().All() {
		assert.Equal(t, map[string]any{"route": "/", "exported_name": "other", "key_": "empty", "key_5f2e5f": int64(1), "日本x": "has a letter"}, p.Attributes().AsRaw())
	}
}

func TestAnExemplarWithoutAValueIsRemoved(t *testing.T) {
	md := gauges("good", at(0))
	metrics := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
	h := metrics.AppendEmpty()
	h.SetName("h")
	h.SetEmptyHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	e := metrics.AppendEmpty()
	e.SetName("e")
	e.SetEmptyExponentialHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	hp, ep := h.Histogram().DataPoints().AppendEmpty(), e.ExponentialHistogram().DataPoints().AppendEmpty()
	hp.SetTimestamp(at(0))
	ep.SetTimestamp(at(0))
	of := []pmetric.ExemplarSlice{first(md).Gauge().DataPoints().At(0).Exemplars(), hp.Exemplars(), ep.Exemplars()}
	for _, all := range of {
		all.AppendEmpty().SetDoubleValue(1)
		all.AppendEmpty()
	}
	r := New(strict()).Metrics(md, 0)
	assert.Equal(t, map[string]int{"empty_exemplar": 3}, counts(r))
	assert.Equal(t, 3, md.DataPointCount())
	for _, all := range of {
		assert.Equal(t, 1, all.Len())
	}
}

func TestAMetricWithoutPointsIsRemoved(t *testing.T) {
	md := gauges("good", at(0))
	metrics := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
	metrics.AppendEmpty().SetEmptySum()
	metrics.AppendEmpty()
	r := New(strict()).Metrics(md, 0)
	assert.Equal(t, map[string]int{"empty_metric": 2}, counts(r))
	assert.Equal(t, 1, md.MetricCount())
}

func TestTheReportedRefusalsAreThoseOfOneProcessor(t *testing.T) {
	ctx, ticket := NewContext(t.Context())
	require.Same(t, ticket, FromContext(ctx))
	r := New(strict()).Traces(spans("bad", "bad", "a"), 0)
	FromContext(ctx).Refuse(Traces, &r)
	fewer := New(strict()).Traces(spans("bad", "a"), 0)
	FromContext(ctx).Refuse(Traces, &fewer)
	n, signal, message := ticket.Refused()
	assert.Equal(t, Traces, signal)
	assert.Equal(t, 2, n)
	assert.Contains(t, message, "2 refused as empty_trace_id")
}

func TestWithoutATicketNothingIsReported(t *testing.T) {
	ticket := FromContext(t.Context())
	assert.Nil(t, ticket)
	assert.Equal(t, UnknownSize, ticket.Size())
	ticket.SetSize(5)
	ticket.RefuseWhole()
	ticket.Refuse(Logs, &Result{})
}

func TestEveryReasonHasANameAndAdvice(t *testing.T) {
	seen := map[string]bool{}
	for r := range reasons {
		assert.Regexp(t, "^[a-z_]+$", r.String())
		assert.False(t, seen[r.String()])
		seen[r.String()] = true
		if r < refusals {
			assert.NotEmpty(t, advice[r])
		}
	}
}

func FuzzCheck(f *testing.F) {
	body, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(spans("a", "bad"))
	require.NoError(f, err)
	f.Add(body)
	body, err = (&pmetric.ProtoMarshaler{}).MarshalMetrics(gauges("m", 1, 0))
	require.NoError(f, err)
	f.Add(body)
	c := New(strict())
	f.Fuzz(func(t *testing.T, body []byte) {
		if td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(body); err == nil {
			n := td.SpanCount()
			r := c.Traces(td, UnknownSize)
			require.Equal(t, n, td.SpanCount()+r.Refused())
			require.Zero(t, c.Traces(td, UnknownSize), "what passed once passes again")
		}
		if ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(body); err == nil {
			n := ld.LogRecordCount()
			r := c.Logs(ld, UnknownSize)
			require.Equal(t, n, ld.LogRecordCount()+r.Refused())
			require.Zero(t, c.Logs(ld, UnknownSize))
		}
		if md, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(body); err == nil {
			n := md.DataPointCount()
			r := c.Metrics(md, UnknownSize)
			require.Equal(t, n, md.DataPointCount()+r.Refused())
			again := c.Metrics(md, UnknownSize)
			require.Zero(t, again.Refused()+again.Count(EmptyMetric))
		}
	})
}
