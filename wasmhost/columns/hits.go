// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

import "math/bits"

// MaxNeedles is how many needles one set may have.
const MaxNeedles = 256

// Hits has one bit for each needle of a set: needle i is bit i%64 of word i/64.
type Hits [MaxNeedles / 64]uint64

// Has says whether needle i was found.
func (h *Hits) Has(i int) bool { return h[i>>6]>>(i&63)&1 != 0 }

func (h *Hits) set(i int) { h[i>>6] |= 1 << (i & 63) }

func (h *Hits) count() (n int) {
	for _, w := range h {
		n += bits.OnesCount64(w)
	}
	return n
}

func (h *Hits) add(other *Hits) {
	for i := range h {
		h[i] |= other[i]
	}
}
