// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package timespan finds the range of time of telemetry. The index of an archive has these
// ranges.
package timespan

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// timeRange grows with each time. Zero times, which mean unknown, do not count.
type timeRange struct{ from, to uint64 }

func emptyRange() timeRange { return timeRange{from: 1, to: 0} }

func (r *timeRange) add(from, to pcommon.Timestamp) {
	if from == 0 {
		from = to
	}
	if to < from {
		to = from
	}
	if from == 0 {
		return
	}
	if r.from > r.to {
		r.from, r.to = uint64(from), uint64(to)
		return
	}
	r.from, r.to = min(r.from, uint64(from)), max(r.to, uint64(to))
}

// Traces returns the time that the spans cover, in nanoseconds since 1970. from > to means that
// none has a time.
func Traces(td ptrace.Traces) (from, to uint64) {
	r := emptyRange()
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			spans := ss.Spans()
			for i := range spans.Len() {
				span := spans.At(i)
				r.add(span.StartTimestamp(), span.EndTimestamp())
			}
		}
	}
	return r.from, r.to
}

// Logs returns the time of the records, or of their observation where they have no time.
func Logs(ld plog.Logs) (from, to uint64) {
	r := emptyRange()
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			records := sl.LogRecords()
			for i := range records.Len() {
				t := records.At(i).Timestamp()
				if t == 0 {
					t = records.At(i).ObservedTimestamp()
				}
				r.add(t, t)
			}
		}
	}
	return r.from, r.to
}

// Metrics returns the time of the datapoints.
func Metrics(md pmetric.Metrics) (from, to uint64) {
	r := emptyRange()
	for _, rm := range md.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				addPoints(&r, m)
			}
		}
	}
	return r.from, r.to
}

func addPoints(r *timeRange, m pmetric.Metric) {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		addAll(r, m.Gauge().DataPoints())
	case pmetric.MetricTypeSum:
		addAll(r, m.Sum().DataPoints())
	case pmetric.MetricTypeHistogram:
		addAll(r, m.Histogram().DataPoints())
	case pmetric.MetricTypeExponentialHistogram:
		addAll(r, m.ExponentialHistogram().DataPoints())
	case pmetric.MetricTypeSummary:
		addAll(r, m.Summary().DataPoints())
	}
}

// addAll adds the time of every point of a slice, of whichever type it is.
func addAll[P interface{ Timestamp() pcommon.Timestamp }](r *timeRange, points interface {
	Len() int
	At(int) P
}) {
	for i := range points.Len() {
		t := points.At(i).Timestamp()
		r.add(t, t)
	}
}
