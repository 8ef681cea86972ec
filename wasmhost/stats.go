// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import "time"

// Stats are a Filter's counters since it was made. In = Kept + Dropped + Represented + Refused, up to what
// concurrent calls of Judge are in the middle of.
type Stats struct {
	In          uint64
	Kept        uint64 // Protected and Passed included
	Dropped     uint64 // with the action Drop, DroppedOnError included
	Represented uint64 // with the action Represent
	Refused     uint64 // in a chunk for which Judge returned ErrRefused, or after it

	Protected uint64 // kept by the host although the guest wanted to drop them
	// ProtectedRepresented are those of them that a guest wanted to drop with the action Represent. It
	// does not know better, and reports them too: Represented + ProtectedRepresented = Reported +
	// Outstanding + Cancelled.
	ProtectedRepresented uint64
	// Cancelled are records with the action Represent, protected ones included, of batches that were
	// cancelled. No report counts them; where they come again, they count again.
	Cancelled uint64

	Passed         uint64 // kept because the guest failed or the breaker is open
	DroppedOnError uint64 // dropped for the same reasons

	// ByRule has the records dropped, with either action, for each rule that has any.
	ByRule []RuleCount

	// Reported is of how many represented records verdicts and reports have told so far.
	Reported uint64
	// Outstanding is how many the guests have still to report, or the host holds back until their batches
	// are settled.
	Outstanding uint64
	// Mismatch is by how many records guests have reported too much, or at their end too little.
	Mismatch uint64

	Errors [kinds]uint64 // by Kind, of the guest in charge
	// LastError is one of them, the latest of an instance; nil if there was none.
	LastError error

	Chunks    uint64
	FuelUsed  uint64
	GuestTime time.Duration

	Instances    int // alive
	OpenBreakers int
	Started      uint64 // instances made in all
	MemoryBytes  uint64 // linear memory of the instances alive

	Swaps        uint64
	SwapsRefused uint64

	Engine Engine
	// Name, Version and SHA256 are of the module in charge.
	Name, Version, SHA256 string
}

// RuleCount is how many records a rule has dropped.
type RuleCount struct {
	ID    RuleID
	Name  string
	Count uint64
}

// Stats are the counters of now.
func (f *Filter) Stats() Stats {
	st := Stats{
		In: f.in.Load(), Refused: f.refused.Load(), Swaps: f.swaps.Load(), SwapsRefused: f.swapsRefused.Load(),
	}
	var byRule []uint64
	for _, s := range f.slots {
		byRule = s.addTo(&st, byRule)
	}
	for id, n := range byRule {
		if n > 0 {
			st.ByRule = append(st.ByRule, RuleCount{RuleID(id), f.RuleName(RuleID(id)), n})
		}
	}
	return st
}

func (s *slot) addTo(st *Stats, byRule []uint64) []uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count.addTo(st)
	st.Outstanding += s.debt.count - s.void.total + s.held
	if s.breaker.isOpen(s.filter.opts.Now) {
		st.OpenBreakers++
	}
	if s.instance != nil {
		st.Instances++
		st.MemoryBytes += uint64(s.instance.mem.Size())
	}
	m := s.program.module
	st.Engine, st.SHA256 = m.runtime.engine, m.sha256
	st.Name, st.Version = s.program.manifest.Name, s.program.manifest.Version
	for id, n := range s.count.byRule {
		if id == len(byRule) {
			byRule = append(byRule, 0)
		}
		byRule[id] += n
	}
	return byRule
}

func (c *counters) addTo(st *Stats) {
	st.Kept += c.kept
	st.Dropped += c.dropped
	st.Represented += c.represented
	st.Protected += c.protected
	st.ProtectedRepresented += c.protectedRepresented
	st.Passed += c.passed
	st.DroppedOnError += c.droppedOnError
	st.Reported += c.reported
	st.Cancelled += c.cancelled
	st.Mismatch += c.mismatch
	st.Chunks += c.chunks
	st.FuelUsed += c.fuel
	st.Started += c.started
	st.GuestTime += time.Duration(c.spent)
	for k, n := range c.errors {
		st.Errors[k] += n
	}
	if c.lastError != nil {
		st.LastError = c.lastError
	}
}
