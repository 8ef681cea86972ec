// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package cloudlabelsprocessor

import (
	"iter"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// datapoint is what the datapoints of every type of metric have in common.
type datapoint interface {
	Attributes() pcommon.Map
}

// forEachDatapoint calls f with every datapoint of m.
func forEachDatapoint(m pmetric.Metric, f func(pcommon.Map)) {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		each(m.Gauge().DataPoints().All(), f)
	case pmetric.MetricTypeSum:
		each(m.Sum().DataPoints().All(), f)
	case pmetric.MetricTypeHistogram:
		each(m.Histogram().DataPoints().All(), f)
	case pmetric.MetricTypeExponentialHistogram:
		each(m.ExponentialHistogram().DataPoints().All(), f)
	case pmetric.MetricTypeSummary:
		each(m.Summary().DataPoints().All(), f)
	case pmetric.MetricTypeEmpty:
	}
}

func each[D datapoint](all iter.Seq2[int, D], f func(pcommon.Map)) {
	for _, dp := range all {
		f(dp.Attributes())
	}
}
