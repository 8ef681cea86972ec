// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

import (
	"cmp"
	"slices"
)

// Costs in nanoseconds of a body of 200 bytes, as measured; only their ratios matter.
const (
	costRare      = 10.0  // one search by a byte that is rare
	costAlone     = 25.0  // one search by a byte that is not
	costAloneFold = 200.0 // one search by indexFold
	costProbe     = 0.75  // one look into the table of the scanner
	costScan      = 10.0  // what a scan costs beside its looks
)

// plan decides which needles are looked for one by one and which by the scanner. The shortest needle of the scanner
// sets its stride, so taking out a few short ones may pay, and for a handful the scanner does not pay at all.
func (n *Needles) plan() {
	var rest []int
	for i := range n.patterns {
		if n.patterns[i].anchored() {
			n.judged = append(n.judged, i)
		} else {
			rest = append(rest, i)
		}
	}
	length := func(i int) int { return len(n.patterns[i].key()) }
	slices.SortStableFunc(rest, func(a, b int) int { return cmp.Compare(length(a), length(b)) })
	best, at, sum := -1.0, 0, 0.0
	for k := 0; k <= len(rest); k++ {
		cost := sum
		if k < len(rest) {
			cost += costScan + costProbe*200/float64(strideOf(length(rest[k])))
		}
		if usable := k == len(rest) || length(rest[k]) > 1; usable && (best < 0 || cost < best) {
			best, at = cost, k
		}
		if k < len(rest) {
			sum += n.costAlone(rest[k])
		}
	}
	for _, i := range rest[:at] {
		if p := &n.patterns[i]; p.fold {
			n.judged = append(n.judged, i)
		} else {
			n.alone = append(n.alone, newSingle(p, i))
		}
	}
	if at < len(rest) {
		n.scan = newScanner(n.patterns, rest[at:])
	}
}

func (n *Needles) costAlone(i int) float64 {
	switch p := &n.patterns[i]; {
	case p.fold:
		return costAloneFold
	case isRare(newSingle(p, i).rare):
		return costRare
	}
	return costAlone
}
