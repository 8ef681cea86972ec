// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

// Action is what becomes of a record.
type Action uint8

// The actions; the values are the ABI's.
const (
	Keep      Action = 0
	Drop      Action = 1 // dropped and counted under its rule
	Represent Action = 2 // dropped, and counted in a report or by a representative
)

// owed is 1 for a record that has to be reported.
func (a Action) owed() uint64 {
	if a == Represent {
		return 1
	}
	return 0
}

// Reason says why a verdict is not simply the guest's.
type Reason uint8

// The reasons.
const (
	ByGuest     Reason = iota
	ByProtected        // the guest wanted to drop it: Records.Protected forbade it
	ByError            // the guest failed: Options.OnError decided
	ByBreaker          // the guest failed too often and is not asked for a while: Options.OnError decided
)

// RuleID names a rule in a Filter, whatever module is in charge: see Filter.RuleName. 0 is none.
type RuleID uint16

// Verdict is what was decided of one record.
type Verdict struct {
	// Represents is of how many records of the same batch, with the action Represent, a record
	// that is kept is the representative.
	Represents uint32
	Rule       RuleID
	Action     Action
	Reason     Reason
}
