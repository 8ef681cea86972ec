// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package divide

import (
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"

	"github.com/sealgate/sealgate/internal/datapoints"
)

type metricBatch struct{ pmetric.Metrics }

func (b *metricBatch) Items() int { return b.DataPointCount() }

func (b *metricBatch) units() (n int) {
	for _, rm := range b.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				n += max(1, datapoints.Count(m))
			}
		}
	}
	return n
}

func (b *metricBatch) Marshal(json bool) ([]byte, error) {
	return encode(pmetricotlp.NewExportRequestFromMetrics(b.Metrics), json)
}

func (b *metricBatch) Retry(cause error) error { return consumererror.NewMetrics(cause, b.Metrics) }

func (b *metricBatch) times() (all []pcommon.Timestamp) {
	for _, rm := range b.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				all = append(all, pointTimes(m)...)
			}
		}
	}
	return all
}

// pointTimes returns the times of a metric's units: one of 0 for a metric without a point.
func pointTimes(m pmetric.Metric) []pcommon.Timestamp {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		return timesOf(m.Gauge().DataPoints())
	case pmetric.MetricTypeSum:
		return timesOf(m.Sum().DataPoints())
	case pmetric.MetricTypeHistogram:
		return timesOf(m.Histogram().DataPoints())
	case pmetric.MetricTypeExponentialHistogram:
		return timesOf(m.ExponentialHistogram().DataPoints())
	case pmetric.MetricTypeSummary:
		return timesOf(m.Summary().DataPoints())
	}
	return []pcommon.Timestamp{0}
}

func timesOf[P interface{ Timestamp() pcommon.Timestamp }](points interface {
	Len() int
	At(int) P
}) []pcommon.Timestamp {
	all := make([]pcommon.Timestamp, max(1, points.Len()))
	for i := range points.Len() {
		all[i] = points.At(i).Timestamp()
	}
	return all
}

func (b *metricBatch) append(other Batch) {
	other.(*metricBatch).ResourceMetrics().MoveAndAppendTo(b.ResourceMetrics())
}

func (b *metricBatch) split(left int) Batch {
	first := pmetric.NewMetrics()
	b.ResourceMetrics().RemoveIf(func(from pmetric.ResourceMetrics) bool {
		if left == 0 {
			return false
		}
		to := first.ResourceMetrics().AppendEmpty()
		from.Resource().CopyTo(to.Resource())
		to.SetSchemaUrl(from.SchemaUrl())
		from.ScopeMetrics().RemoveIf(func(from pmetric.ScopeMetrics) bool {
			if left == 0 {
				return false
			}
			scope := to.ScopeMetrics().AppendEmpty()
			from.Scope().CopyTo(scope.Scope())
			scope.SetSchemaUrl(from.SchemaUrl())
			from.Metrics().RemoveIf(func(m pmetric.Metric) bool {
				if left == 0 {
					return false
				}
				n := max(1, datapoints.Count(m))
				if n <= left {
					left -= n
					m.MoveTo(scope.Metrics().AppendEmpty())
					return true
				}
				movePoints(m, scope.Metrics().AppendEmpty(), left)
				left = 0
				return false
			})
			return from.Metrics().Len() == 0
		})
		return from.ScopeMetrics().Len() == 0
	})
	return &metricBatch{first}
}

// movePoints moves the first n data points of a metric to another metric, which becomes
// one of the same kind.
func movePoints(from, to pmetric.Metric, n int) {
	to.SetName(from.Name())
	to.SetDescription(from.Description())
	to.SetUnit(from.Unit())
	from.Metadata().CopyTo(to.Metadata())
	switch from.Type() {
	case pmetric.MetricTypeGauge:
		moveFirst(n, from.Gauge().DataPoints().RemoveIf, to.SetEmptyGauge().DataPoints().AppendEmpty)
	case pmetric.MetricTypeSum:
		s := to.SetEmptySum()
		s.SetIsMonotonic(from.Sum().IsMonotonic())
		s.SetAggregationTemporality(from.Sum().AggregationTemporality())
		moveFirst(n, from.Sum().DataPoints().RemoveIf, s.DataPoints().AppendEmpty)
	case pmetric.MetricTypeHistogram:
		h := to.SetEmptyHistogram()
		h.SetAggregationTemporality(from.Histogram().AggregationTemporality())
		moveFirst(n, from.Histogram().DataPoints().RemoveIf, h.DataPoints().AppendEmpty)
	case pmetric.MetricTypeExponentialHistogram:
		h := to.SetEmptyExponentialHistogram()
		h.SetAggregationTemporality(from.ExponentialHistogram().AggregationTemporality())
		moveFirst(n, from.ExponentialHistogram().DataPoints().RemoveIf, h.DataPoints().AppendEmpty)
	case pmetric.MetricTypeSummary:
		moveFirst(n, from.Summary().DataPoints().RemoveIf, to.SetEmptySummary().DataPoints().AppendEmpty)
	}
}

func moveFirst[P interface{ MoveTo(P) }](n int, removeIf func(func(P) bool), appendEmpty func() P) {
	removeIf(func(p P) bool {
		if n == 0 {
			return false
		}
		n--
		p.MoveTo(appendEmpty())
		return true
	})
}
