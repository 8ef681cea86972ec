// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"fmt"
	"math/rand/v2"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sealgate/sealgate/test/fleet"
)

// resources are how many resources PlainSpans and Points spread their items over. They
// spell their cloud labels in three ways, as the clusters of the fleet do.
const resources = 10

func describe(r pcommon.Resource, i int, signal fleet.Signal) {
	_ = r.Attributes().FromRaw(fleet.Clusters[i%len(fleet.Clusters)].Spelling[signal])
	r.Attributes().PutStr("service.name", fmt.Sprintf("service-%d", i))
	r.Attributes().PutStr("k8s.pod.name", fmt.Sprintf("service-%d-7d9f", i))
}

// PlainSpans makes n spans with ten attributes of 50 bytes each, name and value
// together: a name in common, a value of few words and a number of its own.
func PlainSpans(n int) ptrace.Traces {
	const attributes, size = 10, 50
	td := ptrace.NewTraces()
	random := rand.New(rand.NewPCG(1, 2))
	for i := range resources {
		rs := td.ResourceSpans().AppendEmpty()
		describe(rs.Resource(), i, fleet.Traces)
		spans := rs.ScopeSpans().AppendEmpty().Spans()
		for k := i; k < n; k += resources {
			span := spans.AppendEmpty()
			span.SetTraceID(pcommon.TraceID{1: byte(k), 2: byte(k >> 8), 15: 1})
			span.SetSpanID(pcommon.SpanID{1: byte(k), 2: byte(k >> 8), 7: 1})
			span.SetName("GET /api/orders/{orderId}")
			span.SetKind(ptrace.SpanKindServer)
			span.SetStartTimestamp(1_790_000_000_000_000_000)
			span.SetEndTimestamp(span.StartTimestamp() + 90_000_000)
			for a := range attributes {
				key := fmt.Sprintf("attribute.%d", a)
				span.Attributes().PutStr(key, fmt.Sprintf("order of customer, %0*x", size-len(key)-19, random.Uint64()))
			}
		}
	}
	return td
}

// Points makes n datapoints: gauges, counters and histograms in turn.
func Points(n int) pmetric.Metrics {
	md := pmetric.NewMetrics()
	for i := range resources {
		rm := md.ResourceMetrics().AppendEmpty()
		describe(rm.Resource(), i, fleet.Metrics)
		kinds := newKinds(rm.ScopeMetrics().AppendEmpty().Metrics())
		for k := i; k < n; k += resources {
			kinds[k/resources%len(kinds)](k)
		}
	}
	return md
}

// newKinds adds one metric of each kind, and returns what adds the k-th datapoint.
func newKinds(metrics pmetric.MetricSlice) [3]func(k int) {
	const now = 1_790_000_000_000_000_000
	route := func(a pcommon.Map, k int) {
		a.PutStr("http.request.method", "GET")
		a.PutStr("http.route", fmt.Sprintf("/api/orders/%d", k))
		a.PutInt("http.response.status_code", 200)
	}
	gauge := metrics.AppendEmpty()
	gauge.SetName("http.server.active_requests")
	gauges := gauge.SetEmptyGauge().DataPoints()

	counter := metrics.AppendEmpty()
	counter.SetName("http.server.requests")
	sum := counter.SetEmptySum()
	sum.SetIsMonotonic(true)
	sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)

	duration := metrics.AppendEmpty()
	duration.SetName("http.server.request.duration")
	duration.SetUnit("s")
	histogram := duration.SetEmptyHistogram()
	histogram.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	return [...]func(int){
		func(k int) {
			p := gauges.AppendEmpty()
			p.SetTimestamp(now)
			p.SetIntValue(int64(k))
			route(p.Attributes(), k)
		},
		func(k int) {
			p := sum.DataPoints().AppendEmpty()
			p.SetTimestamp(now)
			p.SetIntValue(int64(k))
			route(p.Attributes(), k)
		},
		func(k int) {
			p := histogram.DataPoints().AppendEmpty()
			p.SetTimestamp(now)
			p.ExplicitBounds().FromRaw([]float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5})
			p.BucketCounts().FromRaw([]uint64{1, 2, 3, 5, 8, 5, 3, 2, 1, 0, uint64(k)})
			p.SetCount(uint64(30 + k))
			p.SetSum(float64(k))
			route(p.Attributes(), k)
		},
	}
}
