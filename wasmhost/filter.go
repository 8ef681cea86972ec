// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
)

// Filter is a bounded pool of instances of a module. Records of one resource are judged by the same
// instance. It is safe for any number of concurrent callers.
type Filter struct {
	opts    Options
	rules   *ruleBook
	slots   []*slot
	turn    atomic.Uint32
	trial   atomic.Pointer[trial]
	scratch sync.Pool // of *routes

	in, refused, swaps, swapsRefused atomic.Uint64

	swapping sync.Mutex    // one Swap at a time, and none after Close
	closing  chan struct{} // is closed by Close: ends a trial
	once     sync.Once
	closed   bool // under the lock of every slot
}

// NewFilter starts an instance of a module; the others are started when there is something for them to
// judge. From here on the module belongs to the filter, which closes it, also where it returns an error.
func NewFilter(ctx context.Context, m *Module, opts Options) (*Filter, error) {
	f := &Filter{opts: opts.withDefaults(), rules: newRuleBook(), closing: make(chan struct{})}
	f.scratch.New = func() any { return new(routes) }
	first, err := m.instance(f.opts)
	if err != nil {
		return nil, errorAnd(err, m.Close(ctx))
	}
	p := newProgram(m, first.manifest, f.rules)
	for range f.opts.Instances {
		f.slots = append(f.slots, f.newSlot(p))
	}
	f.slots[0].instance, f.slots[0].count.started = first, 1
	return f, nil
}

func (f *Filter) newSlot(p *program) *slot {
	s := &slot{filter: f, program: p, breaker: breaker{opts: f.opts.Breaker}}
	s.count.growRules(f.rules.size())
	return s
}

// Judge decides on each record of a batch. There is a verdict for each record in out, which is as
// long as the batch, unless it returns an error: ErrRefused where the guest failed and OnError says
// so, ErrClosed, or that of the context. Records that were judged before the error stay
// counted, the rest is counted as refused; a batch that is sent again is judged again as a whole.
func (f *Filter) Judge(ctx context.Context, recs Records, out []Verdict) error {
	if len(out) != recs.Len() {
		return fmt.Errorf("there is room for %d verdicts on %d records: make it the same", len(out), recs.Len())
	}
	f.in.Add(uint64(recs.Len()))
	r := f.scratch.Get().(*routes)
	defer f.scratch.Put(r)
	r.fill(recs, len(f.slots))
	left := recs.Len()
	first := int(f.turn.Add(1) % uint32(len(f.slots))) // an int of 32 bits does not hold each turn
	for k := range f.slots {
		at := (first + k) % len(f.slots) // senders do not queue up at the same slot
		judged, err := f.judgeRoute(ctx, f.slots[at], recs, r.records[at], out)
		if left -= judged; err != nil {
			f.refused.Add(uint64(left))
			f.Forget(recs)
			return err
		}
	}
	return nil
}

// Forget has what judged a batch that did not get on forget all that it knows before it judges again: a record
// of it may be what others were taken to repeat, itself among them where it is sent again. What the guests
// have to report is due at the next Flush. Judge does it itself where it returns an error.
func (f *Filter) Forget(recs Records) {
	r := f.scratch.Get().(*routes)
	defer f.scratch.Put(r)
	r.fill(recs, len(f.slots))
	for k, s := range f.slots {
		if len(r.records[k]) > 0 {
			s.forgets.Store(true)
		}
	}
}

func (f *Filter) judgeRoute(ctx context.Context, s *slot, recs Records, records []int32, out []Verdict) (int, error) {
	judged := 0
	for judged < len(records) {
		if err := ctx.Err(); err != nil {
			return judged, err
		}
		n, err := s.judge(recs, records[judged:], out)
		if err != nil {
			return judged, err
		}
		if t := f.trial.Load(); t != nil {
			t.replay(recs, records[judged:judged+n])
		}
		judged += n
	}
	return judged, nil
}

// routes has the records of a batch for each slot, in their order.
type routes struct {
	records [][]int32
	slots   []int32 // of each resource
}

func (r *routes) fill(recs Records, slots int) {
	for len(r.records) < slots {
		r.records = append(r.records, nil)
	}
	for k := range r.records {
		r.records[k] = r.records[k][:0]
	}
	if slots == 1 || recs.Resources() == 1 {
		r.fillOne(recs, slots)
		return
	}
	r.slots = r.slots[:0]
	for k := range recs.Resources() {
		r.slots = append(r.slots, route(recs.ResourceKey(k), slots))
	}
	for i := range recs.Len() {
		s := r.slots[recs.Resource(i)]
		r.records[s] = append(r.records[s], int32(i))
	}
}

func (r *routes) fillOne(recs Records, slots int) {
	s := int32(0)
	if slots > 1 {
		s = route(recs.ResourceKey(0), slots)
	}
	list := r.records[s]
	for i := range recs.Len() {
		list = append(list, int32(i))
	}
	r.records[s] = list
}

// route spreads keys that are no hashes too.
func route(key uint64, slots int) int32 {
	key *= 0x9E37_79B9_7F4A_7C15 // 2^64 over the golden ratio
	return int32((key >> 32) * uint64(slots) >> 32)
}

// Flush returns the reports that are due. They are returned once.
func (f *Filter) Flush(context.Context) []Report {
	var reports []Report
	for _, s := range f.slots {
		reports = append(reports, s.flush(false)...)
	}
	return reports
}

// Close has the guests report what is left, and frees them and the module. The reports are returned
// the first time.
func (f *Filter) Close(ctx context.Context) (reports []Report, err error) {
	f.once.Do(func() {
		close(f.closing)
		f.swapping.Lock() // a trial has ended, and none will begin
		defer f.swapping.Unlock()
		unlock := f.lockAll()
		defer unlock()
		f.closed = true
		for _, s := range f.slots {
			reports = append(reports, s.flushLocked(true)...)
		}
		err = f.slots[0].program.module.Close(ctx)
	})
	return reports, err
}

func (f *Filter) lockAll() (unlock func()) {
	for _, s := range f.slots {
		s.mu.Lock()
	}
	return func() {
		for _, s := range f.slots {
			s.mu.Unlock()
		}
	}
}

func (f *Filter) isClosing() bool {
	select {
	case <-f.closing:
		return true
	default:
		return false
	}
}

// RuleName is the name of a rule; empty for 0.
func (f *Filter) RuleName(id RuleID) string { return f.rules.name(id) }

// Manifest is that of the module in charge.
func (f *Filter) Manifest() Manifest {
	s := f.slots[0]
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.program.manifest
}
