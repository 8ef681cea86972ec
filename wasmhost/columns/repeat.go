// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

// repeat is the last mask that was written, for folding a list into one: "1, 2, 3" is "<*>", and "part_1, part_2" is
// "part_<*>", however many members the list has.
type repeat struct {
	lit, mask int // the text before the mask, and where the mask begins
	any       bool
}

// stemLimit bounds what is compared for each member.
const stemLimit = 64

func (r *repeat) start(lit, mask int) { *r = repeat{lit: lit, mask: mask, any: true} }

// folds says whether the text from lit to end, which stands between two masks, only continues a list: separators, then
// the stem that the first member had. A member without a stem may be padded, so its stem is looked for up to from.
func (r *repeat) folds(b []byte, lit, end, from int) bool {
	if !r.any {
		return false
	}
	for lit < from {
		if is(b[lit], separator) {
			lit++
			continue
		}
		n := 0
		if is(b[lit], wide) {
			n = wideComma(b, lit)
		}
		if n == 0 {
			break
		}
		lit += n
	}
	if lit >= end {
		return true
	}
	stem := b[lit:end]
	first := r.mask - len(stem)
	if len(stem) > stemLimit || first < r.lit || b[end-1] != b[r.mask-1] || string(stem) != string(b[first:r.mask]) {
		return false
	}
	return first == 0 || !is(b[first-1], word|wide)
}
