// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"fmt"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

const benched = 1000

// perItem reports the time of one item. A good item costs at most 15 ns and no allocation.
func perItem(b *testing.B, check func() Result) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		if r := check(); r != (Result{}) {
			b.Fatal(counts(r))
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benched, "ns/item")
}

func attributes(m pcommon.Map, n int) {
	for i := range n {
		m.PutStr(fmt.Sprintf("http.request.attribute.%d", i), "value")
	}
}

func benchOptions() Options {
	o := strict()
	o.MaxItemBytes = 2_900_000
	return o
}

func BenchmarkTraces(b *testing.B) {
	td := ptrace.NewTraces()
	all := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for i := range benched {
		s := all.AppendEmpty()
		s.SetTraceID([16]byte{byte(i), 1})
		attributes(s.Attributes(), 10)
	}
	c := New(benchOptions())
	b.Run("size known", func(b *testing.B) { perItem(b, func() Result { return c.Traces(td, 500_000) }) })
	b.Run("size unknown", func(b *testing.B) { perItem(b, func() Result { return c.Traces(td, UnknownSize) }) })
}

func BenchmarkLogs(b *testing.B) {
	ld := plog.NewLogs()
	all := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for range benched {
		r := all.AppendEmpty()
		r.SetTimestamp(at(0))
		r.Body().SetStr("a line of a log that says what happened")
		attributes(r.Attributes(), 6)
	}
	c := New(benchOptions())
	b.Run("size known", func(b *testing.B) { perItem(b, func() Result { return c.Logs(ld, 500_000) }) })
	b.Run("size unknown", func(b *testing.B) { perItem(b, func() Result { return c.Logs(ld, UnknownSize) }) })
}

func BenchmarkMetrics(b *testing.B) {
	c := New(benchOptions())
	for _, n := range []int{2, 5, 10} {
		md := pmetric.NewMetrics()
		m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
		m.SetName("http.server.requests")
		m.SetEmptySum().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		for range benched {
			p := m.Sum().DataPoints().AppendEmpty()
			p.SetTimestamp(at(0))
			attributes(p.Attributes(), n)
		}
		b.Run(fmt.Sprintf("sums with %d attributes", n), func(b *testing.B) { perItem(b, func() Result { return c.Metrics(md, 500_000) }) })
	}
	md := pmetric.NewMetrics()
	m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName("http.server.duration")
	m.SetEmptyHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	for range benched {
		p := m.Histogram().DataPoints().AppendEmpty()
		p.SetTimestamp(at(0))
		p.BucketCounts().FromRaw(make([]uint64, 15))
		attributes(p.Attributes(), 5)
	}
	b.Run("histograms", func(b *testing.B) { perItem(b, func() Result { return c.Metrics(md, 500_000) }) })
	md = pmetric.NewMetrics()
	m = md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName("http.server.duration")
	m.SetEmptyExponentialHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	for range benched {
		p := m.ExponentialHistogram().DataPoints().AppendEmpty()
		p.SetTimestamp(at(0))
		p.Positive().BucketCounts().FromRaw(make([]uint64, 40))
		attributes(p.Attributes(), 5)
	}
	b.Run("exponential histograms of 40 buckets", func(b *testing.B) { perItem(b, func() Result { return c.Metrics(md, 500_000) }) })
}
