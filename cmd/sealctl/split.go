// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// taker counts down how many items are still to be taken.
type taker struct{ left int }

// one tells whether one more item is taken.
func (t *taker) one() bool {
	if t.left == 0 {
		return false
	}
	t.left--
	return true
}

// takeTraces moves the first n spans to new traces.
func takeTraces(src ptrace.Traces, n int) ptrace.Traces {
	dst, t := ptrace.NewTraces(), taker{n}
	src.ResourceSpans().RemoveIf(func(rs ptrace.ResourceSpans) bool {
		if t.left == 0 {
			return false
		}
		to := dst.ResourceSpans().AppendEmpty()
		rs.Resource().CopyTo(to.Resource())
		to.SetSchemaUrl(rs.SchemaUrl())
		rs.ScopeSpans().RemoveIf(func(ss ptrace.ScopeSpans) bool {
			if t.left == 0 {
				return false
			}
			scope := to.ScopeSpans().AppendEmpty()
			ss.Scope().CopyTo(scope.Scope())
			scope.SetSchemaUrl(ss.SchemaUrl())
			ss.Spans().RemoveIf(func(s ptrace.Span) bool {
				if !t.one() {
					return false
				}
				s.MoveTo(scope.Spans().AppendEmpty())
				return true
			})
			return ss.Spans().Len() == 0
		})
		return rs.ScopeSpans().Len() == 0
	})
	return dst
}

// takeLogs moves the first n records to new logs.
func takeLogs(src plog.Logs, n int) plog.Logs {
	dst, t := plog.NewLogs(), taker{n}
	src.ResourceLogs().RemoveIf(func(rl plog.ResourceLogs) bool {
		if t.left == 0 {
			return false
		}
		to := dst.ResourceLogs().AppendEmpty()
		rl.Resource().CopyTo(to.Resource())
		to.SetSchemaUrl(rl.SchemaUrl())
		rl.ScopeLogs().RemoveIf(func(sl plog.ScopeLogs) bool {
			if t.left == 0 {
				return false
			}
			scope := to.ScopeLogs().AppendEmpty()
			sl.Scope().CopyTo(scope.Scope())
			scope.SetSchemaUrl(sl.SchemaUrl())
			sl.LogRecords().RemoveIf(func(l plog.LogRecord) bool {
				if !t.one() {
					return false
				}
				l.MoveTo(scope.LogRecords().AppendEmpty())
				return true
			})
			return sl.LogRecords().Len() == 0
		})
		return rl.ScopeLogs().Len() == 0
	})
	return dst
}

// takeMetrics moves the first n datapoints to new metrics.
func takeMetrics(src pmetric.Metrics, n int) pmetric.Metrics {
	dst, t := pmetric.NewMetrics(), taker{n}
	src.ResourceMetrics().RemoveIf(func(rm pmetric.ResourceMetrics) bool {
		if t.left == 0 {
			return false
		}
		to := dst.ResourceMetrics().AppendEmpty()
		rm.Resource().CopyTo(to.Resource())
		to.SetSchemaUrl(rm.SchemaUrl())
		rm.ScopeMetrics().RemoveIf(func(sm pmetric.ScopeMetrics) bool {
			if t.left == 0 {
				return false
			}
			scope := to.ScopeMetrics().AppendEmpty()
			sm.Scope().CopyTo(scope.Scope())
			scope.SetSchemaUrl(sm.SchemaUrl())
			sm.Metrics().RemoveIf(func(m pmetric.Metric) bool {
				return t.left > 0 && takePoints(m, scope.Metrics().AppendEmpty(), &t) == 0
			})
			return sm.Metrics().Len() == 0
		})
		return rm.ScopeMetrics().Len() == 0
	})
	return dst
}

// takePoints moves datapoints of a metric to another, which becomes its like, and
// returns how many are left.
func takePoints(src, dst pmetric.Metric, t *taker) (left int) {
	dst.SetName(src.Name())
	dst.SetDescription(src.Description())
	dst.SetUnit(src.Unit())
	src.Metadata().CopyTo(dst.Metadata())
	switch src.Type() {
	case pmetric.MetricTypeGauge:
		return movePoints(src.Gauge().DataPoints(), dst.SetEmptyGauge().DataPoints(), t)
	case pmetric.MetricTypeSum:
		to := dst.SetEmptySum()
		to.SetIsMonotonic(src.Sum().IsMonotonic())
		to.SetAggregationTemporality(src.Sum().AggregationTemporality())
		return movePoints(src.Sum().DataPoints(), to.DataPoints(), t)
	case pmetric.MetricTypeHistogram:
		to := dst.SetEmptyHistogram()
		to.SetAggregationTemporality(src.Histogram().AggregationTemporality())
		return movePoints(src.Histogram().DataPoints(), to.DataPoints(), t)
	case pmetric.MetricTypeExponentialHistogram:
		to := dst.SetEmptyExponentialHistogram()
		to.SetAggregationTemporality(src.ExponentialHistogram().AggregationTemporality())
		return movePoints(src.ExponentialHistogram().DataPoints(), to.DataPoints(), t)
	case pmetric.MetricTypeSummary:
		return movePoints(src.Summary().DataPoints(), dst.SetEmptySummary().DataPoints(), t)
	}
	return 0
}

// point and points are what the kinds of datapoints have in common.
type point[P any] interface{ MoveTo(P) }

type points[P any] interface {
	AppendEmpty() P
	RemoveIf(func(P) bool)
	Len() int
}

func movePoints[P point[P], S points[P]](src, dst S, t *taker) (left int) {
	src.RemoveIf(func(p P) bool {
		if !t.one() {
			return false
		}
		p.MoveTo(dst.AppendEmpty())
		return true
	})
	return src.Len()
}
