// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdk

// Verdict is what becomes of a record, in the form that the ABI gives it: eight
// bytes, little endian.
type Verdict uint64

// Keep is the verdict of a record that goes on its way.
const Keep Verdict = 0

// The least significant byte of a verdict.
const (
	ActionKeep  = 0
	ActionDrop  = 1
	ActionCount = 2
)

// KeepBy keeps a record and names the rule that says so, from 1.
func KeepBy(rule uint16) Verdict { return ActionKeep | Verdict(rule)<<16 }

// Drop drops a record by a rule of the manifest, from 1; 0 names none.
func Drop(rule uint16) Verdict { return ActionDrop | Verdict(rule)<<16 }

// Count drops a record that is told of later: by a record of the same chunk
// that represents it, or by a report of Flush. Each is told of once.
func Count(rule uint16) Verdict { return ActionCount | Verdict(rule)<<16 }

// Represent keeps a record for n records of this chunk that have the verdict
// Count.
func Represent(n uint32) Verdict { return ActionKeep | Verdict(n)<<32 }

// Action is one of ActionKeep, ActionDrop and ActionCount.
func (v Verdict) Action() uint8 { return uint8(v) }

// Rule is the number of the rule, from 1; 0 where none is named.
func (v Verdict) Rule() uint16 { return uint16(v >> 16) }

// Represents is how many records of the chunk a kept record stands for.
func (v Verdict) Represents() uint32 { return uint32(v >> 32) }

// Valid says whether the verdict is one of version 1 of the ABI, by a filter
// with so many rules.
func (v Verdict) Valid(rules int) bool {
	if v.Action() > ActionCount || uint8(v>>8) != 0 || int(v.Rule()) > rules {
		return false
	}
	return v.Action() == ActionKeep || v.Represents() == 0
}
