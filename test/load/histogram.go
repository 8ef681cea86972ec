// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"math"
	"math/bits"
	"time"
)

// Histogram counts durations in buckets that are at most 1/32 wide of their value, as
// HDR histograms do. The zero value is empty.
type Histogram struct {
	counts [64 * steps]int
	total  int
}

// steps are the buckets of each power of two.
const steps = 32

// Add counts d; less than nothing counts as nothing.
func (h *Histogram) Add(d time.Duration) {
	h.counts[bucket(uint64(max(0, d)))]++
	h.total++
}

// Quantile returns the duration which a part q of all does not exceed, to within the
// width of its bucket; 0 of none.
func (h *Histogram) Quantile(q float64) time.Duration {
	rank := int(math.Ceil(q * float64(h.total)))
	for i, n := range h.counts {
		if rank -= n; rank <= 0 && n > 0 {
			return time.Duration(upper(i))
		}
	}
	return 0
}

// bucket returns the index of the bucket of v. The first 2*steps have one value each.
func bucket(v uint64) int {
	shift := max(0, bits.Len64(v/(2*steps)))
	return shift*steps + int(v>>shift)
}

// upper returns the greatest value in a bucket.
func upper(i int) uint64 {
	shift := max(0, i/steps-1)
	return uint64(i-shift*steps+1)<<shift - 1
}
