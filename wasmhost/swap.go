// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
)

// Swap puts another module in charge, with the same configuration. The new one is started and, where
// Options.TrialRecords says so, tried on live traffic beside the old one, with verdicts that have no
// effect. Then its instances take over all at once, with the state of the old ones where both
// can hand it over; where they cannot, the old ones report what they owe at the next Flush.
//
// Swap returns when the new module is in charge, or with the reason why it is not: then nothing has
// changed. It waits for traffic for as long as the context allows. The module belongs to the filter
// in either case.
func (f *Filter) Swap(ctx context.Context, m *Module) error {
	f.swapping.Lock()
	defer f.swapping.Unlock()
	err := f.swap(ctx, m)
	if err != nil {
		if ctx.Err() == nil { // else it was given up, and nothing is wrong with it
			f.swapsRefused.Add(1)
		}
		return errorAnd(fmt.Errorf("the old module stays in charge: %w", err), m.Close(context.WithoutCancel(ctx)))
	}
	f.swaps.Add(1)
	return nil
}

// Trial is how many records a new module has judged of those of its trial; false where none is on trial.
func (f *Filter) Trial() (seen, want int, ok bool) {
	t := f.trial.Load()
	if t == nil {
		return 0, 0, false
	}
	return int(t.seen.Load()), t.want, true
}

// RefuseSwap counts a module that did not load with those that Swap refuses.
func (f *Filter) RefuseSwap() { f.swapsRefused.Add(1) }

func (f *Filter) swap(ctx context.Context, m *Module) error {
	if f.isClosing() {
		return ErrClosed
	}
	i, err := m.instance(f.opts)
	if err != nil {
		return err
	}
	t := &trial{module: m, instance: i, pace: newPace(f.opts), want: f.opts.TrialRecords, done: make(chan struct{})}
	// What the trial has put into it is not the state to begin with: it is thrown away.
	defer func() { t.instance.close() }()
	if err := f.try(ctx, t); err != nil {
		return err
	}
	p := newProgram(m, i.manifest, f.rules)
	successors, err := f.successors(p)
	if err != nil {
		return err
	}
	return f.takeOver(p, successors)
}

// try runs the trial, if there is to be one.
func (f *Filter) try(ctx context.Context, t *trial) error {
	if f.opts.TrialRecords <= 0 {
		return nil
	}
	f.trial.Store(t)
	defer f.trial.Store(nil)
	select {
	case <-t.done:
		return t.stop(nil)
	case <-ctx.Done():
		return t.stop(ctx.Err())
	case <-f.closing:
		return t.stop(ErrClosed)
	}
}

// trial is an instance that judges what others have judged already.
type trial struct {
	mu       sync.Mutex
	module   *Module
	instance *instance
	pace     pace
	want     int
	seen     atomic.Int64
	over     bool
	err      error
	done     chan struct{}
}

// replay has records judged without effect. Where the trial is busy with those of another sender, it
// does without these.
func (t *trial) replay(recs Records, records []int32) {
	if !t.mu.TryLock() {
		return
	}
	defer t.mu.Unlock()
	for len(records) > 0 && !t.over {
		err := t.instance.judge(recs, records, &t.pace, flagTrial)
		if err != nil && t.pace.splits(t.instance.encoder.taken(), err) {
			if err = t.again(); err == nil {
				continue
			}
		}
		if err != nil {
			t.end(fmt.Errorf("it failed its trial after %d records: %w", t.seen.Load(), err))
			return
		}
		n := len(t.instance.verdicts)
		records = records[n:]
		if t.seen.Add(int64(n)) >= int64(t.want) {
			t.end(nil)
		}
	}
}

// again starts another instance, as a slot does.
func (t *trial) again() error {
	i, err := t.module.instance(t.instance.opts)
	if err != nil {
		return err
	}
	t.instance.close()
	t.instance = i
	return nil
}

func (t *trial) end(err error) {
	t.over, t.err = true, err
	t.instance.encoder.reset()
	close(t.done)
}

// stop returns the result, or why there is none. Nothing is replayed after it.
func (t *trial) stop(why error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over {
		return t.err
	}
	t.over = true
	return fmt.Errorf("its trial ended after %d of %d records: %w", t.seen.Load(), t.want, why)
}

// successors starts an instance for each slot.
func (f *Filter) successors(p *program) ([]*instance, error) {
	var all []*instance
	for range f.slots {
		i, err := p.module.instance(f.opts)
		if err == nil {
			all = append(all, i)
			err = i.mustHave(p.manifest)
		}
		if err != nil {
			closeAll(all)
			return nil, err
		}
	}
	return all, nil
}

func closeAll(instances []*instance) {
	for _, i := range instances {
		i.close()
	}
}

// takeOver switches all slots at once; senders wait for a few calls of guests meanwhile. First every state is handed over: a successor that fails there
// ends the swap, and saving has changed nothing in the old ones.
func (f *Filter) takeOver(p *program, successors []*instance) error {
	unlock := f.lockAll()
	defer unlock()
	inherited := make([]bool, len(f.slots))
	for k, s := range f.slots {
		var err error
		if inherited[k], err = s.handOver(successors[k]); err != nil {
			closeAll(successors)
			return fmt.Errorf("it failed to take over the state: %w", err)
		}
	}
	old := f.slots[0].program.module
	for k, s := range f.slots {
		s.succeed(p, successors[k], inherited[k])
	}
	_ = old.Close(context.Background()) // the new one is in charge all the same
	return nil
}

// handOver gives the state of the old instance to the new one, and reports whether it took it. An old
// instance that cannot save is thrown away, and has nothing to hand over.
func (s *slot) handOver(successor *instance) (bool, error) {
	if s.instance == nil || s.instance.seldom(exportSave) == nil || successor.seldom(exportRestore) == nil {
		return false, nil
	}
	state, err := s.instance.save()
	if err != nil {
		s.failed(err)
		return false, nil
	}
	if len(state) == 0 {
		return false, nil
	}
	return successor.restore(state)
}

// succeed puts the new instance in charge. The old one reports what it owes, unless the new one has
// inherited that.
func (s *slot) succeed(p *program, successor *instance, inherited bool) {
	if inherited {
		s.retire()
	} else {
		s.dismiss()
	}
	s.program, s.instance = p, successor
	s.count.started++
	s.count.growRules(s.filter.rules.size())
	s.breaker.succeeded()
}
