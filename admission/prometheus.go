// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"encoding/hex"
	"math"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sealgate/sealgate/internal/datapoints"
)

const (
	// maxAhead is how far in the future a data point may be for Prometheus
	// (storage/remote/write_handler.go, maxAheadTime).
	maxAhead = 10 * time.Minute
	// minScale is the lowest schema of its native histograms; higher scales than its
	// highest it reduces itself.
	minScale = -4
	// nameLabel is the label that holds the name of a metric.
	nameLabel = "__name__"
	// nameAttribute replaces nameLabel.
	nameAttribute = "exported_name"
)

// prometheus does all checks of data points in one pass.
func (c *Checker) prometheus(md pmetric.Metrics, r *Result) {
	last := pcommon.NewTimestampFromTime(c.Now().Add(maxAhead))
	for i := range md.ResourceMetrics().Len() {
		rm := md.ResourceMetrics().At(i)
		repair(rm.Resource().Attributes(), r) // they are labels of target_info
		for j := range rm.ScopeMetrics().Len() {
			metrics := rm.ScopeMetrics().At(j).Metrics()
			for k := range metrics.Len() {
				c.metric(metrics.At(k), last, r)
			}
		}
	}
}

// metric removes the bad data points of a metric, or all of them.
func (c *Checker) metric(m pmetric.Metric, last pcommon.Timestamp, r *Result) {
	if datapoints.Count(m) == 0 {
		r.counts[EmptyMetric]++
		return
	}
	if reason, bad := c.metricRefused(m); bad {
		r.counts[reason] += removeAll(m)
		return
	}
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		numbers(m.Gauge().DataPoints(), last, r)
	case pmetric.MetricTypeSum:
		numbers(m.Sum().DataPoints(), last, r)
	case pmetric.MetricTypeHistogram:
		histograms(m.Histogram().DataPoints(), last, r)
	case pmetric.MetricTypeExponentialHistogram:
		exponentials(m.ExponentialHistogram().DataPoints(), last, r)
	case pmetric.MetricTypeSummary:
		summaries(m.Summary().DataPoints(), last, r)
	}
}

// metricRefused says whether all data points of a metric are refused, and why.
func (c *Checker) metricRefused(m pmetric.Metric) (Reason, bool) {
	if !nameable(m.Name()) {
		return InvalidMetricName, true
	}
	var temporality pmetric.AggregationTemporality
	switch m.Type() {
	case pmetric.MetricTypeSum:
		temporality = m.Sum().AggregationTemporality()
	case pmetric.MetricTypeHistogram:
		temporality = m.Histogram().AggregationTemporality()
	case pmetric.MetricTypeExponentialHistogram:
		temporality = m.ExponentialHistogram().AggregationTemporality()
	default:
		return 0, false
	}
	switch temporality {
	case pmetric.AggregationTemporalityCumulative:
		return 0, false
	case pmetric.AggregationTemporalityDelta:
		return DeltaTemporality, !c.AcceptDelta
	}
	return NoTemporality, true
}

// numbers checks the data points of gauges and sums. These and histograms are most of all
// points, so their loops are written out: nothing is called for a point that is plain.
func numbers(points pmetric.NumberDataPointSlice, last pcommon.Timestamp, r *Result) {
	odd, bad := false, false
	for i := range points.Len() {
		p := points.At(i)
		for k := range p.Attributes().All() {
			if !plainKey(k) {
				odd = true
			}
		}
		odd = odd || p.Exemplars().Len() > 0
		at := p.Timestamp()
		bad = bad || at == 0 || at > last
	}
	if odd {
		for _, p := range points.All() {
			repair(p.Attributes(), r)
			exemplars(p.Exemplars(), r)
		}
	}
	if bad {
		r.add(removePoints(points, last, never))
	}
}

func histograms(points pmetric.HistogramDataPointSlice, last pcommon.Timestamp, r *Result) {
	odd, bad := false, false
	for i := range points.Len() {
		p := points.At(i)
		for k := range p.Attributes().All() {
			if !plainKey(k) {
				odd = true
			}
		}
		odd = odd || p.Exemplars().Len() > 0
		at := p.Timestamp()
		bad = bad || at == 0 || at > last
	}
	if odd {
		for _, p := range points.All() {
			repair(p.Attributes(), r)
			exemplars(p.Exemplars(), r)
		}
	}
	if bad {
		r.add(removePoints(points, last, never))
	}
}

func exponentials(points pmetric.ExponentialHistogramDataPointSlice, last pcommon.Timestamp, r *Result) {
	odd, bad := false, false
	for i := range points.Len() {
		p := points.At(i)
		for k := range p.Attributes().All() {
			if !plainKey(k) {
				odd = true
			}
		}
		odd = odd || p.Exemplars().Len() > 0
		at := p.Timestamp()
		_, refused := exponentialRefused(p)
		bad = bad || refused || at == 0 || at > last
	}
	if odd {
		for _, p := range points.All() {
			repair(p.Attributes(), r)
			exemplars(p.Exemplars(), r)
		}
	}
	if bad {
		r.add(removePoints(points, last, exponentialRefused))
	}
}

func summaries(points pmetric.SummaryDataPointSlice, last pcommon.Timestamp, r *Result) {
	bad := false
	for _, p := range points.All() {
		repair(p.Attributes(), r)
		_, refused := timeRefused(p.Timestamp(), last)
		bad = bad || refused
	}
	if bad {
		r.add(removePoints(points, last, never))
	}
}

type point interface {
	Attributes() pcommon.Map
	Timestamp() pcommon.Timestamp
}

type pointSlice[P point] interface {
	Len() int
	At(int) P
	RemoveIf(func(P) bool)
}

// removePoints removes the refused data points. It has a result of its own, so that a
// request without one allocates none.
func removePoints[P point, S pointSlice[P]](all S, last pcommon.Timestamp, refused func(P) (Reason, bool)) (r Result) {
	all.RemoveIf(func(p P) bool {
		reason, bad := timeRefused(p.Timestamp(), last)
		if !bad {
			reason, bad = refused(p)
		}
		if bad {
			r.counts[reason]++
		}
		return bad
	})
	return r
}

func never[P point](P) (Reason, bool) { return 0, false }

func timeRefused(at, last pcommon.Timestamp) (Reason, bool) {
	switch {
	case at == 0:
		return NoTime, true
	case at > last:
		return TooNew, true
	}
	return 0, false
}

// exponentialRefused says whether Prometheus can make a native histogram of a data point
// (model/histogram, Histogram.Validate).
func exponentialRefused(p pmetric.ExponentialHistogramDataPoint) (Reason, bool) {
	if p.Scale() < minScale {
		return ScaleTooLow, true
	}
	if p.Flags().NoRecordedValue() {
		return 0, false
	}
	total := p.ZeroCount() + sum(p.Positive().BucketCounts()) + sum(p.Negative().BucketCounts())
	if math.IsNaN(p.Sum()) { // observations of NaN are in no bucket
		return CountMismatch, total > p.Count()
	}
	return CountMismatch, total != p.Count()
}

// sum adds four counts at once: each has to be fetched through two pointers.
func sum(counts pcommon.UInt64Slice) (total uint64) {
	i, n := 0, counts.Len()
	for ; i+4 <= n; i += 4 {
		total += counts.At(i) + counts.At(i+1) + counts.At(i+2) + counts.At(i+3)
	}
	for ; i < n; i++ {
		total += counts.At(i)
	}
	return total
}

// exemplars removes exemplars without a value, which make Prometheus refuse everything.
func exemplars(all pmetric.ExemplarSlice, r *Result) {
	for i := range all.Len() {
		if all.At(i).ValueType() == pmetric.ExemplarValueTypeEmpty {
			before := all.Len()
			all.RemoveIf(func(e pmetric.Exemplar) bool { return e.ValueType() == pmetric.ExemplarValueTypeEmpty })
			r.counts[EmptyExemplar] += before - all.Len()
			return
		}
	}
}

// add adds the counts of another result.
func (r *Result) add(other Result) {
	for reason, n := range other.counts {
		r.counts[reason] += n
	}
}

// nameable says whether Prometheus can make a name of a text. It replaces each byte that is neither a
// letter nor a digit of ASCII by an underscore, and refuses a name that has underscores alone.
func nameable(text string) bool {
	for i := range len(text) {
		if alphanumeric(text[i]) {
			return true
		}
	}
	return false
}

func alphanumeric(c byte) bool { return c|0x20-'a' <= 'z'-'a' || c-'0' <= 9 }

// plainKey says whether a key is like nearly all: Prometheus has a label for it.
func plainKey(k string) bool { return k != "" && alphanumeric(k[0]) }

// repair renames the attributes that Prometheus has no label for: the name of the metric,
// and names without a letter or digit.
func repair(attributes pcommon.Map, r *Result) {
	for k := range attributes.All() {
		if !plainKey(k) && (k == nameLabel || !nameable(k)) {
			rename(attributes, r)
			return
		}
	}
}

func rename(attributes pcommon.Map, r *Result) {
	renamed := pcommon.NewMap()
	renamed.EnsureCapacity(attributes.Len())
	for k, v := range attributes.All() {
		if k == nameLabel || !nameable(k) {
			r.counts[RenamedAttribute]++
			k = newName(k)
		}
		v.MoveTo(renamed.PutEmpty(k))
	}
	renamed.MoveTo(attributes)
}

// newName returns a name that Prometheus has a label for, and that nobody else has chosen.
func newName(key string) string {
	if key == nameLabel {
		return nameAttribute
	}
	return "key_" + hex.EncodeToString([]byte(key))
}

// removeIf removes the data points that weigh too much, and returns how many.
func removeIf(m pmetric.Metric, tooHeavy func(size int) bool) (n int) {
	weigh := pmetric.ProtoMarshaler{}
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		n = dropHeavy(m.Gauge().DataPoints(), weigh.NumberDataPointSize, tooHeavy)
	case pmetric.MetricTypeSum:
		n = dropHeavy(m.Sum().DataPoints(), weigh.NumberDataPointSize, tooHeavy)
	case pmetric.MetricTypeHistogram:
		n = dropHeavy(m.Histogram().DataPoints(), weigh.HistogramDataPointSize, tooHeavy)
	case pmetric.MetricTypeExponentialHistogram:
		n = dropHeavy(m.ExponentialHistogram().DataPoints(), weigh.ExponentialHistogramDataPointSize, tooHeavy)
	case pmetric.MetricTypeSummary:
		n = dropHeavy(m.Summary().DataPoints(), weigh.SummaryDataPointSize, tooHeavy)
	}
	return n
}

func dropHeavy[P point, S pointSlice[P]](all S, weigh func(P) int, tooHeavy func(int) bool) (n int) {
	all.RemoveIf(func(p P) bool {
		bad := tooHeavy(weigh(p))
		if bad {
			n++
		}
		return bad
	})
	return n
}

func removeAll(m pmetric.Metric) int { return removeIf(m, func(int) bool { return true }) }

// pointsSize returns the size of all data points of a metric.
func pointsSize(m pmetric.Metric) (total int) {
	removeIf(m, func(size int) bool { total += size; return false })
	return total
}

func (c *Checker) weighPoints(md pmetric.Metrics, r *Result) {
	m := pmetric.ProtoMarshaler{}
	for _, rm := range md.ResourceMetrics().All() {
		above := m.ResourceMetricsSize(rm)
		for _, sm := range rm.ScopeMetrics().All() {
			above -= m.ScopeMetricsSize(sm)
		}
		for _, sm := range rm.ScopeMetrics().All() {
			scope := above + m.ScopeMetricsSize(sm)
			for _, of := range sm.Metrics().All() {
				scope -= m.MetricSize(of)
			}
			for _, of := range sm.Metrics().All() {
				head := scope + m.MetricSize(of) - pointsSize(of)
				r.counts[TooLarge] += removeIf(of, func(size int) bool { return head+size+framing > c.MaxItemBytes })
			}
		}
	}
	pruneMetrics(md)
}

// pruneMetrics removes metrics without a data point, and what holds nothing else.
func pruneMetrics(md pmetric.Metrics) {
	md.ResourceMetrics().RemoveIf(func(rm pmetric.ResourceMetrics) bool {
		rm.ScopeMetrics().RemoveIf(func(sm pmetric.ScopeMetrics) bool {
			sm.Metrics().RemoveIf(func(m pmetric.Metric) bool { return datapoints.Count(m) == 0 })
			return sm.Metrics().Len() == 0
		})
		return rm.ScopeMetrics().Len() == 0
	})
}
