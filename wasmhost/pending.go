// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

// Pending is a batch that was judged and is not settled yet: Commit says that its verdicts took effect,
// Cancel that the batch did not get on and may come again. One of the two ends it, once. Until then no
// report counts its records.
type Pending struct {
	filter *Filter
	routes routes
	parts  []part // one for each slot
}

// part is what a batch has dropped in a slot to be reported. It belongs to the slot's lock.
type part struct {
	owed    []owed  // that the guest has not reported yet
	held    backlog // what it has reported of them
	open    bool    // the slot knows it
	patches []Patch // of the records of the batch, in their order; belongs to the one who judges
	used    bool    // it is to be settled; belongs to the one who judges
}

// owed names records whose guest owes a report of them.
type owed struct {
	key  uint64 // as the host knows it: of the identity, or else of the template; 0 where it knows neither
	rule RuleID
}

func (p *Pending) reset(slots int) {
	for len(p.parts) < slots {
		p.parts = append(p.parts, part{})
	}
}

// release gives p back, without the texts of its patches.
func (p *Pending) release() {
	for k := range p.parts {
		clear(p.parts[k].patches)
		p.parts[k].patches = p.parts[k].patches[:0]
	}
	p.filter.scratch.Put(p)
}

// Patches calls visit with the patches of each record that has any. They have no effect until the caller applies them,
// which it must do before it ends the batch.
func (p *Pending) Patches(visit func(record int, patches []Patch)) {
	for k := range p.parts {
		for left := p.parts[k].patches; len(left) > 0; {
			n := 1
			for n < len(left) && left[n].Record == left[0].Record {
				n++
			}
			visit(left[0].Record, left[:n])
			left = left[n:]
		}
	}
}

// Commit says that the verdicts took effect.
func (p *Pending) Commit() {
	for k, s := range p.filter.slots {
		if p.parts[k].used {
			s.commit(&p.parts[k])
		}
	}
	p.release()
}

// Cancel says that the batch did not get on. No report will count its records, and a guest that remembers
// them judges no more: a record of the batch may be what others were taken to repeat, itself among them
// where it is sent again. What the guest has to report of other batches is due at the next Flush.
func (p *Pending) Cancel() {
	for k, s := range p.filter.slots {
		if len(p.routes.records[k]) == 0 {
			continue
		}
		s.forgets.Store(true)
		if p.parts[k].used {
			s.cancel(&p.parts[k])
		}
	}
	p.release()
}

// void has the records that were cancelled and that a guest will report all the same.
type void struct {
	counts map[owed]uint64
	total  uint64
}

// maxVoid bounds the keys. Records of more are known by their rule alone.
const maxVoid = 1 << 14

func (v *void) add(o owed) {
	if v.counts == nil {
		v.counts = map[owed]uint64{}
	}
	if _, known := v.counts[o]; !known && len(v.counts) >= maxVoid {
		o.key = 0
	}
	v.counts[o]++
	v.total++
}

// commit lets out what was held back of a part.
func (s *slot) commit(p *part) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.release(p)
	p.used = false
}

func (s *slot) release(p *part) {
	s.forget(p)
	for _, r := range p.held.take() {
		s.count.reported += r.Count
		s.held -= r.Count
		s.pending.add(r)
	}
}

// cancel has no report count the records of a part.
func (s *slot) cancel(p *part) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range p.owed {
		s.void.add(o)
	}
	s.count.cancelled += uint64(len(p.owed))
	for _, r := range p.held.take() {
		s.count.cancelled += r.Count
		s.held -= r.Count
	}
	s.forget(p)
	p.used = false
}

// forget takes a part off the slot.
func (s *slot) forget(p *part) {
	for k, open := range s.open {
		if open == p {
			last := len(s.open) - 1
			s.open[k], s.open[last] = s.open[last], nil
			s.open = s.open[:last]
		}
	}
	p.owed, p.open = p.owed[:0], false
}

// owes keeps what a chunk has dropped to be reported, n verdicts of part.owed. Some of them the chunk's
// representatives have reported already; which ones, the host does not know.
func (s *slot) owes(p *part, n int, claimed uint64) {
	if n == 0 {
		return
	}
	p.owed = p.owed[:len(p.owed)-int(claimed)]
	if len(p.owed) > 0 && !p.open {
		p.open, p.used = true, true
		s.open = append(s.open, p)
	}
}

// let takes out of reports the records that do not count, and holds back those of batches that are not
// settled. If the guest will report no more, all of both is found in its reports, whatever their keys say.
func (s *slot) let(reports []Report, last bool) []Report {
	if s.void.total > 0 || len(s.open) > 0 {
		x := newSieve(reports, s.program.keys())
		s.letVoid(x, last)
		for _, p := range s.open {
			s.letPart(x, p, last)
		}
		reports = x.left()
	}
	for _, r := range reports {
		s.count.reported += r.Count
	}
	return reports
}

func (s *slot) letVoid(x *sieve, last bool) {
	for o, n := range s.void.counts {
		for n > 0 {
			r, ok := x.take(o, n, last)
			if !ok {
				break
			}
			n -= r.Count
			s.void.total -= r.Count
		}
		if s.void.counts[o] = n; n == 0 {
			delete(s.void.counts, o)
		}
	}
}

func (s *slot) letPart(x *sieve, p *part, last bool) {
	left := p.owed[:0]
	for _, o := range p.owed {
		r, ok := x.take(o, 1, last)
		if !ok {
			left = append(left, o)
			continue
		}
		s.held++
		p.held.add(r)
	}
	p.owed = left
}

// sieve finds records in reports by what they are known by.
type sieve struct {
	reports []Report
	first   map[owed]int // a report of that key or, without a key, of that rule
	next    []int        // another one, or -1
	rest    int          // no report before it has anything left
}

// newSieve takes reports whose keys of a kind are those of owed.
func newSieve(reports []Report, keys KeyKind) *sieve {
	x := &sieve{reports: reports, first: make(map[owed]int, len(reports)), next: make([]int, len(reports))}
	for k := range reports {
		o := owed{rule: reports[k].Rule}
		if reports[k].Kind == keys && keys != KeyNone {
			o.key = reports[k].Key
		}
		next, ok := x.first[o]
		if !ok {
			next = -1
		}
		x.first[o], x.next[k] = k, next
	}
	return x
}

// take takes up to n records out of a report that counts them, and returns them as one.
func (x *sieve) take(o owed, n uint64, any bool) (Report, bool) {
	k, ok := x.find(o)
	if !ok && o.key != 0 {
		k, ok = x.find(owed{rule: o.rule})
	}
	if !ok && any {
		k, ok = x.findAny()
	}
	if !ok {
		return Report{}, false
	}
	r := &x.reports[k]
	taken := *r
	taken.Count = min(n, r.Count)
	taken.Bytes = r.Bytes / r.Count * taken.Count
	r.Count -= taken.Count
	r.Bytes -= taken.Bytes
	return taken, true
}

func (x *sieve) find(o owed) (int, bool) {
	k, ok := x.first[o]
	if !ok {
		return 0, false
	}
	for k >= 0 && x.reports[k].Count == 0 {
		k = x.next[k]
	}
	x.first[o] = k
	return k, k >= 0
}

func (x *sieve) findAny() (int, bool) {
	for x.rest < len(x.reports) && x.reports[x.rest].Count == 0 {
		x.rest++
	}
	return x.rest, x.rest < len(x.reports)
}

// left are the reports that still count something.
func (x *sieve) left() []Report {
	left := x.reports[:0]
	for _, r := range x.reports {
		if r.Count > 0 {
			left = append(left, r)
		}
	}
	return left
}
