// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sample

import "math"

const (
	randomBits   = maxThreshold - 1
	maxThreshold = 1 << 56 // nothing is kept
	hexDigits    = 14      // of the random bits

	// defaultPrecision is that of contrib's probabilistic_sampler.
	defaultPrecision = 4
)

// threshold is that of a ratio from 0 to 1, rounded to hex digits as in
// https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/#converting-floating-point-probability-to-threshold-value
// and in contrib's pkg/sampling: leading digits that are 0 or f do not count.
func threshold(ratio float64, precision int) uint64 {
	switch {
	case ratio <= 0:
		return maxThreshold
	case ratio >= 1:
		return 0
	}
	ratio = max(ratio, 1.0/maxThreshold)
	_, low := math.Frexp(ratio)
	_, high := math.Frexp(1 - ratio)
	precision = min(hexDigits, max(precision-low/4, precision-high/4))
	t := maxThreshold - uint64(math.Round(ratio*maxThreshold))
	if drop := 4 * (hexDigits - precision); drop > 0 {
		t = (t + 1<<(drop-1)) >> drop << drop
	}
	return t
}
