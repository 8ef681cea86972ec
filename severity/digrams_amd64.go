// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package severity

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// vector is the number of pairs that are looked at at once.
const vector = 32

var hasVectors = cpu.X86.HasAVX2

// in returns the sets of which there is a pair in a text.
func (d *digrams) in(s string) uint8 {
	if len(s) <= vector || !hasVectors {
		return d.inBytes(s)
	}
	return digramsAVX2(d, unsafe.StringData(s), len(s))
}

// digramsAVX2 is inBytes for n bytes at p, which are more than vector.
//
//go:noescape
func digramsAVX2(d *digrams, p *byte, n int) uint8
