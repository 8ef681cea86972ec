// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"crypto/sha256"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// services run in every cluster; a request passes through them in this order.
var services = []string{"storefront", "checkout", "payment"}

// Batch is telemetry of one cluster, with what is needed to account for it.
type Batch struct {
	Cluster Cluster
	Run     string // is on every item, as the attribute run.id

	Traces   ptrace.Traces
	TraceIDs []string // 32 hexadecimal digits each

	Logs  plog.Logs
	Lines []string // every body, each unique

	Metrics pmetric.Metrics
}

// Generate makes n requests, each a trace through every service, as many log
// lines of each service, and three metrics of each service.
func (c Cluster) Generate(run string, n int, at time.Time) Batch {
	b := Batch{
		Cluster: c, Run: run,
		Traces: ptrace.NewTraces(), Logs: plog.NewLogs(), Metrics: pmetric.NewMetrics(),
	}
	spans := make([]ptrace.SpanSlice, len(services))
	for i, service := range services {
		rs := b.Traces.ResourceSpans().AppendEmpty()
		b.resource(rs.Resource(), Traces, service)
		spans[i] = rs.ScopeSpans().AppendEmpty().Spans()

		rl := b.Logs.ResourceLogs().AppendEmpty()
		b.resource(rl.Resource(), Logs, service)
		b.addLines(rl.ScopeLogs().AppendEmpty().LogRecords(), service, n, at)

		rm := b.Metrics.ResourceMetrics().AppendEmpty()
		b.resource(rm.Resource(), Metrics, service)
		b.addMetrics(rm.ScopeMetrics().AppendEmpty().Metrics(), n, at)
	}
	for i := range n {
		b.addTrace(spans, i, at)
	}
	return b
}

func (b *Batch) resource(r pcommon.Resource, signal Signal, service string) {
	a := r.Attributes()
	a.PutStr("service.name", service)
	a.PutStr("k8s.cluster.name", b.Cluster.Name)
	a.PutStr("k8s.namespace.name", "shop")
	a.PutStr("k8s.pod.name", service+"-7d9f")
	for key, value := range b.Cluster.Spelling[signal] {
		_ = a.PutEmpty(key).FromRaw(value)
	}
}

// addTrace adds one request: a span in each service, each the parent of the
// next; in every fifth request the last one fails.
func (b *Batch) addTrace(spans []ptrace.SpanSlice, i int, at time.Time) {
	id := b.digest("trace", i)
	traceID := pcommon.TraceID(id[:16])
	b.TraceIDs = append(b.TraceIDs, traceID.String())
	start := at.Add(time.Duration(i) * time.Millisecond)
	var parent pcommon.SpanID
	for depth, in := range spans {
		s := in.AppendEmpty()
		spanID := b.digest("span", i*len(services)+depth)
		s.SetTraceID(traceID)
		s.SetSpanID(pcommon.SpanID(spanID[:8]))
		s.SetParentSpanID(parent)
		s.SetName([]string{"GET /cart", "POST /orders", "POST /charges"}[depth])
		s.SetKind(ptrace.SpanKindServer)
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(start.Add(time.Duration(90-20*depth) * time.Millisecond)))
		s.Attributes().PutStr("run.id", b.Run)
		s.Attributes().PutInt("http.response.status_code", 200)
		if i%5 == 0 && depth == len(spans)-1 {
			s.Attributes().PutInt("http.response.status_code", 502)
			s.Status().SetCode(ptrace.StatusCodeError)
			s.Status().SetMessage("card processor did not answer")
		}
		parent = s.SpanID()
		start = start.Add(5 * time.Millisecond)
	}
}

func (b *Batch) addLines(records plog.LogRecordSlice, service string, n int, at time.Time) {
	for i := range n {
		r := records.AppendEmpty()
		r.SetTimestamp(pcommon.NewTimestampFromTime(at.Add(time.Duration(i) * time.Millisecond)))
		r.SetSeverityNumber(plog.SeverityNumberInfo)
		r.SetSeverityText("INFO")
		line := fmt.Sprintf("%s %s: request %d served run=%s", b.Cluster.Name, service, i, b.Run)
		r.Body().SetStr(line)
		r.Attributes().PutStr("run.id", b.Run)
		b.Lines = append(b.Lines, line)
	}
}

// Names of the metrics, as sent.
const (
	Gauge     = "queue.depth"
	Counter   = "requests"
	Histogram = "request.duration"
)

func (b *Batch) addMetrics(metrics pmetric.MetricSlice, n int, at time.Time) {
	begin, now := pcommon.NewTimestampFromTime(at.Add(-time.Minute)), pcommon.NewTimestampFromTime(at)

	gauge := metrics.AppendEmpty()
	gauge.SetName(Gauge)
	depth := gauge.SetEmptyGauge().DataPoints().AppendEmpty()
	depth.SetTimestamp(now)
	depth.SetIntValue(int64(n))
	depth.Attributes().PutStr("run.id", b.Run)

	counter := metrics.AppendEmpty()
	counter.SetName(Counter)
	sum := counter.SetEmptySum()
	sum.SetIsMonotonic(true)
	sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	count := sum.DataPoints().AppendEmpty()
	count.SetStartTimestamp(begin)
	count.SetTimestamp(now)
	count.SetIntValue(int64(n))
	count.Attributes().PutStr("run.id", b.Run)

	duration := metrics.AppendEmpty()
	duration.SetName(Histogram)
	duration.SetUnit("s")
	h := duration.SetEmptyHistogram()
	h.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	dp := h.DataPoints().AppendEmpty()
	dp.SetStartTimestamp(begin)
	dp.SetTimestamp(now)
	dp.ExplicitBounds().FromRaw([]float64{0.1, 1})
	dp.BucketCounts().FromRaw([]uint64{uint64(n), 0, 0})
	dp.SetCount(uint64(n))
	dp.SetSum(0.05 * float64(n))
	dp.Attributes().PutStr("run.id", b.Run)
}

// digest makes ids that depend on nothing but the run and the cluster.
func (b *Batch) digest(kind string, i int) [sha256.Size]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%s/%s/%s/%d", b.Run, b.Cluster.Name, kind, i))
}
