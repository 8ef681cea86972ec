// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/xpdata/entity"
)

// The functions below return bounds: a message has at most so many bytes as OTLP in
// protobuf. To add up the lengths of texts takes a third of what exact sizes take, and
// nearly no request has an item near the limit.

// What the fields of a message that are no text, no list and no message take at most, with
// the tags and lengths of all its fields, in bytes.
const (
	headBytes   = 64  // of a resource, a scope or a metric
	recordBytes = 192 // of a span, a log record or a data point
	partBytes   = 96  // of an event, a link or an exemplar
	pairBytes   = 24  // of an attribute or an entry of a list
	numberBytes = 11  // of a number
)

func boundOfMap(m pcommon.Map) (n int) {
	for k, v := range m.All() {
		n += pairBytes + len(k)
		if v.Type() == pcommon.ValueTypeStr { // nearly all: nothing is called
			n += len(v.Str())
		} else {
			n += boundOf(v)
		}
	}
	return n
}

func boundOf(v pcommon.Value) (n int) {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return len(v.Str())
	case pcommon.ValueTypeBytes:
		return v.Bytes().Len()
	case pcommon.ValueTypeMap:
		return boundOfMap(v.Map())
	case pcommon.ValueTypeSlice:
		for _, e := range v.Slice().All() {
			n += pairBytes + boundOf(e)
		}
		return n
	}
	return numberBytes
}

func boundOfResource(r pcommon.Resource, schema string) int {
	n := headBytes + len(schema) + boundOfMap(r.Attributes())
	for _, ref := range entity.ResourceEntityRefs(r).All() {
		n += headBytes + len(ref.SchemaUrl()) + len(ref.Type()) + boundOfTexts(ref.IdKeys()) + boundOfTexts(ref.DescriptionKeys())
	}
	return n
}

func boundOfTexts(texts pcommon.StringSlice) (n int) {
	for _, text := range texts.All() {
		n += pairBytes + len(text)
	}
	return n
}

func boundOfScope(s pcommon.InstrumentationScope, schema string) int {
	return headBytes + len(schema) + len(s.Name()) + len(s.Version()) + boundOfMap(s.Attributes())
}

// heaviestSpan is a bound for the largest span with its resource and scope.
func heaviestSpan(td ptrace.Traces) (most int) {
	for _, rs := range td.ResourceSpans().All() {
		resource := boundOfResource(rs.Resource(), rs.SchemaUrl())
		for _, ss := range rs.ScopeSpans().All() {
			above := resource + boundOfScope(ss.Scope(), ss.SchemaUrl())
			for _, s := range ss.Spans().All() {
				most = max(most, above+boundOfSpan(s))
			}
		}
	}
	return most
}

func boundOfSpan(s ptrace.Span) int {
	n := recordBytes + len(s.TraceState().AsRaw()) + len(s.Name()) + len(s.Status().Message()) + boundOfMap(s.Attributes())
	for _, e := range s.Events().All() {
		n += partBytes + len(e.Name()) + boundOfMap(e.Attributes())
	}
	for _, l := range s.Links().All() {
		n += partBytes + len(l.TraceState().AsRaw()) + boundOfMap(l.Attributes())
	}
	return n
}

// heaviestRecord is a bound for the largest log record with its resource and scope.
func heaviestRecord(ld plog.Logs) (most int) {
	for _, rl := range ld.ResourceLogs().All() {
		resource := boundOfResource(rl.Resource(), rl.SchemaUrl())
		for _, sl := range rl.ScopeLogs().All() {
			above := resource + boundOfScope(sl.Scope(), sl.SchemaUrl())
			for _, r := range sl.LogRecords().All() {
				most = max(most, above+recordBytes+len(r.SeverityText())+len(r.EventName())+boundOf(r.Body())+boundOfMap(r.Attributes()))
			}
		}
	}
	return most
}

// heaviestPoint is a bound for the largest data point with its resource, scope and metric.
func heaviestPoint(md pmetric.Metrics) (most int) {
	for _, rm := range md.ResourceMetrics().All() {
		resource := boundOfResource(rm.Resource(), rm.SchemaUrl())
		for _, sm := range rm.ScopeMetrics().All() {
			above := resource + boundOfScope(sm.Scope(), sm.SchemaUrl())
			for _, m := range sm.Metrics().All() {
				head := headBytes + len(m.Name()) + len(m.Description()) + len(m.Unit()) + boundOfMap(m.Metadata())
				most = max(most, above+head+boundOfPoints(m))
			}
		}
	}
	return most
}

// boundOfPoints is a bound for the largest data point of a metric.
func boundOfPoints(m pmetric.Metric) (most int) {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		return boundOfNumbers(m.Gauge().DataPoints())
	case pmetric.MetricTypeSum:
		return boundOfNumbers(m.Sum().DataPoints())
	case pmetric.MetricTypeHistogram:
		for _, p := range m.Histogram().DataPoints().All() {
			lists := numberBytes * (p.BucketCounts().Len() + p.ExplicitBounds().Len())
			most = max(most, recordBytes+boundOfMap(p.Attributes())+boundOfExemplars(p.Exemplars())+lists)
		}
	case pmetric.MetricTypeExponentialHistogram:
		for _, p := range m.ExponentialHistogram().DataPoints().All() {
			lists := numberBytes * (p.Positive().BucketCounts().Len() + p.Negative().BucketCounts().Len())
			most = max(most, recordBytes+boundOfMap(p.Attributes())+boundOfExemplars(p.Exemplars())+lists)
		}
	case pmetric.MetricTypeSummary:
		for _, p := range m.Summary().DataPoints().All() {
			most = max(most, recordBytes+boundOfMap(p.Attributes())+pairBytes*p.QuantileValues().Len())
		}
	}
	return most
}

func boundOfNumbers(points pmetric.NumberDataPointSlice) (most int) {
	for _, p := range points.All() {
		most = max(most, recordBytes+boundOfMap(p.Attributes())+boundOfExemplars(p.Exemplars()))
	}
	return most
}

func boundOfExemplars(all pmetric.ExemplarSlice) (n int) {
	for _, e := range all.All() {
		n += partBytes + boundOfMap(e.FilteredAttributes())
	}
	return n
}
