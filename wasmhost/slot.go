// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// slot is a place in the pool: the instance that is in charge of some of the resources, or room for
// it, and what one owes that died. The lock is held for a chunk at a time.
type slot struct {
	filter  *Filter
	forgets atomic.Bool // the instance may know records that did not get on: another has to judge

	mu        sync.Mutex
	program   *program
	instance  *instance // nil: none yet, or it died; the next chunk has one made
	breaker   breaker
	templates templates
	memory    memory
	count     counters
	debt      debt
	pending   backlog
}

// counters are added up over the slots.
type counters struct {
	kept, dropped, represented      uint64
	protected, protectedRepresented uint64
	passed, droppedOnError          uint64
	reported, mismatch              uint64
	chunks, fuel, started, spent    uint64
	errors                          [kinds]uint64
	byRule                          []uint64 // by RuleID
	lastError                       error
}

// debt is what the instance has dropped with the action Represent and has not reported.
type debt struct{ count, first, last uint64 }

// judge has as many of the records judged as make a chunk, and returns their number.
func (s *slot) judge(recs Records, records []int32, out []Verdict) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.filter.closed {
		return 0, ErrClosed
	}
	if s.breaker.isOpen(s.filter.opts.Now) {
		s.settleAll(records, out, Verdict{Reason: ByBreaker})
		return len(records), nil
	}
	err := s.ready()
	if err == nil {
		err = s.instance.judge(recs, records, 0)
	}
	if err != nil {
		return s.onError(records, out, err)
	}
	s.breaker.succeeded()
	n := s.settle(recs, records, out)
	s.instance.encoder.reset() // which holds strings of the caller
	return n, nil
}

// ready makes an instance if there is none, or none but one that must forget.
func (s *slot) ready() error {
	if s.forgets.Swap(false) && !s.program.manifest.Memoryless {
		s.dismiss()
	}
	if s.instance != nil {
		return nil
	}
	i, err := s.program.module.instance(s.filter.opts)
	if err != nil {
		return err
	}
	s.count.started++
	if err := i.mustHave(s.program.manifest); err != nil {
		i.close()
		return err
	}
	s.instance = i
	return nil
}

// onError settles the chunk that the guest failed to judge.
func (s *slot) onError(records []int32, out []Verdict, err error) (int, error) {
	n := min(len(records), s.filter.opts.ChunkRecords)
	if s.instance != nil && len(s.instance.verdicts) > 0 {
		n = min(n, len(s.instance.verdicts))
	}
	s.failed(err)
	switch s.filter.opts.OnError {
	case OnErrorDrop:
		s.settleAll(records[:n], out, Verdict{Action: Drop, Reason: ByError})
	case OnErrorRefuse:
		return 0, fmt.Errorf("%w: %w", ErrRefused, err)
	default:
		s.settleAll(records[:n], out, Verdict{Reason: ByError})
	}
	return n, nil
}

// failed counts the error and throws the instance away.
func (s *slot) failed(err error) {
	s.count.failed(err)
	s.breaker.failed(s.filter.opts.Now())
	s.bury()
}

// growRules makes room for the rules of a program.
func (c *counters) growRules(n int) {
	if more := n - len(c.byRule); more > 0 {
		c.byRule = append(c.byRule, make([]uint64, more)...)
	}
}

func (c *counters) failed(err error) {
	c.lastError = err
	var e *Error
	if errors.As(err, &e) {
		c.errors[e.Kind]++
	} else {
		c.errors[KindTrap]++
	}
}

// retire closes the instance.
func (s *slot) retire() {
	if s.instance != nil {
		s.meter()
		s.instance.close()
		s.instance = nil
	}
}

// bury closes the instance. What it owed is reported in its stead, so that counts stay exact.
func (s *slot) bury() {
	s.retire()
	if s.debt.count == 0 {
		return
	}
	s.count.reported += s.debt.count
	s.pending.add(Report{Count: s.debt.count, First: s.debt.first, Last: s.debt.last, ByHost: true})
	s.debt = debt{}
}

// meter takes over what the instance has counted of itself.
func (s *slot) meter() {
	s.count.fuel += s.instance.fuelUsed
	s.count.spent += uint64(s.instance.spent)
	s.instance.fuelUsed, s.instance.spent = 0, 0
}

func (s *slot) settleAll(records []int32, out []Verdict, v Verdict) {
	for _, i := range records {
		out[i] = v
	}
	n := uint64(len(records))
	if v.Action == Drop {
		s.count.dropped += n
		s.count.droppedOnError += n
		return
	}
	s.count.kept += n
	s.count.passed += n
}

// settle makes the guest's verdicts those of the host, and counts them.
func (s *slot) settle(recs Records, records []int32, out []Verdict) int {
	var seen [3]uint64
	var claimed, owed uint64
	verdicts := s.instance.verdicts
	for k, v := range verdicts {
		i := records[k]
		if v.Action != Keep {
			owed += v.Action.owed()
			v = s.drop(recs, int(i), k, v)
		} else {
			claimed += uint64(v.Represents)
			v.Rule = s.program.rules[v.Rule]
		}
		seen[v.Action]++
		out[i] = v
	}
	s.count.kept += seen[Keep]
	s.count.dropped += seen[Drop]
	s.count.represented += seen[Represent]
	s.count.reported += claimed
	s.count.chunks++
	s.owe(owed, claimed)
	s.meter()
	return len(verdicts)
}

// drop is the verdict on a record that the guest wants to drop. The host has the last word.
func (s *slot) drop(recs Records, i, k int, v Verdict) Verdict {
	if v.Action == Represent {
		s.remember(recs, k)
	}
	v.Rule = s.program.rules[v.Rule]
	if s.instance.encoder.isProtected(recs, i, k) {
		s.count.protected++
		s.count.protectedRepresented += v.Action.owed()
		v.Action, v.Reason = Keep, ByProtected
		return v
	}
	s.count.byRule[v.Rule]++
	return v
}

// remember keeps what a report of record k of the chunk will need.
func (s *slot) remember(recs Records, k int) {
	e := s.instance.encoder
	var template uint64
	switch {
	case e.plan.templates:
		template = e.templates[k]
	case e.identifier != nil && e.identifier.body:
		template = e.identities[k] // the text of one of the records stands for all
	}
	if template != 0 {
		s.templates.remember(template, e.bodies[k])
	}
	if e.identifier == nil {
		return
	}
	known := kind{template: template, bytes: uint64(e.sizes[k])}
	if e.identifier.resource {
		known.resource = recs.ResourceKey(int(e.resources[e.resource[k]]))
	}
	s.memory.add(e.identities[k], known)
}

// owe keeps the account of what the guest has still to report. It does count a record that was
// protected from it, since it does not know.
func (s *slot) owe(more, claimed uint64) {
	if more == 0 {
		return
	}
	if s.debt.count == 0 {
		s.debt.first = s.instance.lastNow
	}
	s.debt.last = s.instance.lastNow
	s.debt.count += more - claimed
}

// flush returns the reports that are due.
func (s *slot) flush(last bool) []Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.flushLocked(last)
}

func (s *slot) flushLocked(last bool) []Report {
	return append(s.collect(last), s.pending.take()...)
}

// dismiss closes the instance. What it has to report is due at the next flush.
func (s *slot) dismiss() {
	for _, r := range s.collect(true) {
		s.pending.add(r)
	}
}

// collect returns the reports of the instance, and closes it if they are the last.
func (s *slot) collect(last bool) []Report {
	var reports []Report
	if s.instance != nil {
		var err error
		if reports, err = s.instance.flush(last); err != nil {
			s.failed(err)
		} else {
			s.meter()
			reports = s.accept(reports)
		}
	}
	if last {
		s.count.mismatch += s.debt.count
		s.bury()
	}
	return reports
}

// accept checks reports against the debt, and names what is in them. The account is the host's: a
// guest cannot report more than it has dropped.
func (s *slot) accept(reports []Report) []Report {
	accepted := reports[:0]
	for _, r := range reports {
		if r.Count > s.debt.count {
			s.count.mismatch += r.Count - s.debt.count
			r.Count = s.debt.count
		}
		if r.Count == 0 {
			continue
		}
		s.debt.count -= r.Count
		s.count.reported += r.Count
		r.Rule = s.program.rules[r.Rule]
		switch r.Kind {
		case KeyTemplate:
			r.Template = s.templates.text(r.Key)
		case KeyIdentity:
			if k, ok := s.memory.take(r.Key); ok {
				r.Resource, r.Bytes, r.Template = k.resource, k.bytes, s.templates.text(k.template)
			}
		}
		accepted = append(accepted, r)
	}
	return accepted
}
