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
	pace      pace
	templates templates
	memory    memory
	count     counters
	debt      debt    // what the instance has to report, void included
	pending   backlog // what is due at the next flush
	open      []*part // of batches that are not settled
	held      uint64  // records in reports that are held back for them
	void      void
}

// counters are added up over the slots.
type counters struct {
	kept, dropped, represented      uint64
	protected, protectedRepresented uint64
	passed, droppedOnError          uint64
	reported, mismatch, cancelled   uint64
	chunks, fuel, started, spent    uint64
	errors                          [kinds]uint64
	byRule                          []uint64 // by RuleID
	lastError                       error
}

// debt is what the instance has dropped with the action Represent and has not reported.
type debt struct{ count, first, last uint64 }

// judge has as many of the records judged as make a chunk, and returns their number: none where they are
// to come again in smaller chunks.
func (s *slot) judge(recs Records, records []int32, out []Verdict, p *part) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.filter.closed {
		return 0, ErrClosed
	}
	if s.breaker.isOpen(s.filter.opts.Now) {
		return s.unjudged(records, out, ByBreaker, s.count.lastError)
	}
	if err := s.ready(); err != nil {
		s.failed(err)
		return s.unjudged(records[:min(len(records), s.pace.limit.records)], out, ByError, err)
	}
	if err := s.instance.judge(recs, records, &s.pace, 0); err != nil {
		if s.pace.splits(s.instance.encoder.taken(), err) {
			s.lose(err)
			return 0, nil
		}
		n := len(s.instance.verdicts)
		s.failed(err)
		return s.unjudged(records[:n], out, ByError, err)
	}
	if s.breaker.succeeded() {
		s.filter.opts.OnEvent(Event{Kind: EventBreakerClosed})
	}
	n := s.settle(recs, records, out, p)
	s.instance.encoder.reset() // which holds strings of the caller
	return n, nil
}

// ready makes an instance if there is none, or none but one that must forget.
func (s *slot) ready() error {
	if s.forgets.Swap(false) && s.program.manifest.forgets() {
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

// unjudged settles records that the guest did not judge as the options say.
func (s *slot) unjudged(records []int32, out []Verdict, why Reason, err error) (int, error) {
	switch s.filter.opts.OnError {
	case OnErrorDrop:
		s.settleAll(records, out, Verdict{Action: Drop, Reason: why})
	case OnErrorRefuse:
		return 0, fmt.Errorf("%w: %w", ErrRefused, err)
	default:
		s.settleAll(records, out, Verdict{Reason: why})
	}
	return len(records), nil
}

// failed has the breaker know of the error too.
func (s *slot) failed(err error) {
	s.lose(err)
	if s.breaker.failed(s.filter.opts.Now()) {
		s.filter.opts.OnEvent(Event{Kind: EventBreakerOpened, Err: err})
	}
}

// lose counts the error and throws the instance away.
func (s *slot) lose(err error) {
	s.count.failed(err)
	s.filter.opts.OnEvent(Event{Kind: EventFailed, Err: err})
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
	for _, r := range s.let(s.ownDebt(nil), true) {
		s.pending.add(r)
	}
}

// ownDebt appends what the instance owes, as a report of the host's.
func (s *slot) ownDebt(reports []Report) []Report {
	if s.debt.count > 0 {
		reports = append(reports, Report{Count: s.debt.count, First: s.debt.first, Last: s.debt.last, ByHost: true})
		s.debt = debt{}
	}
	return reports
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
func (s *slot) settle(recs Records, records []int32, out []Verdict, p *part) int {
	var seen [3]uint64
	var claimed, owing uint64
	verdicts := s.instance.verdicts
	for k, v := range verdicts {
		i := records[k]
		if v.Action != Keep {
			if v.Action == Represent {
				owing++
				p.owed = append(p.owed, owed{s.instance.encoder.key(k), s.program.rules[v.Rule]})
			}
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
	s.owe(owing, claimed)
	s.owes(p, int(owing), claimed)
	s.takePatches(records, p)
	s.meter()
	return len(verdicts)
}

// takePatches makes the guest's patches those of the batch.
func (s *slot) takePatches(records []int32, p *part) {
	for _, patch := range s.instance.patches {
		patch.Record, patch.Rule = int(records[patch.Record]), s.program.rules[patch.Rule]
		p.patches = append(p.patches, patch)
	}
	clear(s.instance.patches) // which hold texts
	s.instance.patches = s.instance.patches[:0]
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
		s.retire()
		reports = s.ownDebt(reports)
	}
	return s.let(reports, last)
}

// commitOpen settles what is open when the filter ends: nobody will say what became of it.
func (s *slot) commitOpen() {
	for len(s.open) > 0 {
		s.release(s.open[0])
	}
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
