// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"fmt"
	"strings"
)

// Reason says why items are refused, or what is repaired.
type Reason int

// The reasons for which items are refused.
const (
	EmptyTraceID Reason = iota
	TooLarge
	TooOld
	TooNew
	NoTime
	LineTooLong
	TooManyAttributes
	MetadataTooLarge
	InvalidMetricName
	DeltaTemporality
	NoTemporality
	ScaleTooLow
	CountMismatch

	refusals // how many there are

	// RenamedAttribute is a repair: Prometheus has no label of this name.
	RenamedAttribute = refusals
	// EmptyMetric is a repair: a metric without a data point is removed.
	EmptyMetric = refusals + 1
	// EmptyExemplar is a repair: an exemplar without a value is removed.
	EmptyExemplar = refusals + 2

	reasons = refusals + 3
)

var names = [reasons]string{
	EmptyTraceID:      "empty_trace_id",
	TooLarge:          "too_large",
	TooOld:            "too_old",
	TooNew:            "too_new",
	NoTime:            "no_time",
	LineTooLong:       "line_too_long",
	TooManyAttributes: "too_many_attributes",
	MetadataTooLarge:  "metadata_too_large",
	InvalidMetricName: "invalid_metric_name",
	DeltaTemporality:  "delta_temporality",
	NoTemporality:     "no_temporality",
	ScaleTooLow:       "scale_too_low",
	CountMismatch:     "count_mismatch",
	RenamedAttribute:  "renamed_attribute",
	EmptyMetric:       "empty_metric",
	EmptyExemplar:     "empty_exemplar",
}

// advice tells a sender what a reason means and what to do.
var advice = [refusals]string{
	EmptyTraceID:      "a span needs a trace id of 16 bytes that are not all zero",
	TooLarge:          "the item with its resource is larger than one request to a backend may be; cut its attributes or its body",
	TooOld:            "the time of the record is before what the backend accepts",
	TooNew:            "the time of the item is too far in the future; check the sender's clock",
	NoTime:            "a data point needs a time",
	LineTooLong:       "the body of the record is longer than the backend accepts",
	TooManyAttributes: "the record has more attributes than the backend accepts",
	MetadataTooLarge:  "the attributes of the resource are larger than the backend accepts",
	InvalidMetricName: "the name of a metric needs a letter or a digit",
	DeltaTemporality:  "the backend takes cumulative temporality only; set OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=cumulative at the sender, or convert with the deltatocumulative processor",
	NoTemporality:     "a sum or histogram needs a temporality",
	ScaleTooLow:       "the scale of an exponential histogram must be -4 or more",
	CountMismatch:     "the count of an exponential histogram differs from the sum of its buckets",
}

func (r Reason) String() string { return names[r] }

// Result says what a check removed and repaired, by reason.
type Result struct{ counts [reasons]int }

// Count returns how often a reason occurred.
func (r *Result) Count(reason Reason) int { return r.counts[reason] }

// Refused returns the number of items that were removed.
func (r *Result) Refused() (n int) {
	for _, c := range r.counts[:refusals] {
		n += c
	}
	return n
}

// Each calls do for each reason that occurred, first those of refused items.
func (r *Result) Each(do func(reason Reason, refused bool, n int)) {
	for reason, n := range r.counts {
		if n > 0 {
			do(Reason(reason), Reason(reason) < refusals, n)
		}
	}
}

// Message tells a sender which of its items were refused and what to do about them.
func (r *Result) Message() string {
	var b strings.Builder
	r.Each(func(reason Reason, refused bool, n int) {
		if !refused {
			return
		}
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%d refused as %s: %s", n, reason, advice[reason])
	})
	return b.String()
}
