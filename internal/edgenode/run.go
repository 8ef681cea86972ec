// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package edgenode

import (
	"encoding/binary"
	"math/rand/v2"
	"time"
)

// run makes the records of a node once.
type run struct {
	*Node
	rng       *rand.Rand
	agenda    agenda
	incidents []Incident

	node string
	pods []*pod            // of the node, without those of jobs
	of   map[string][]*pod // by program

	// What is being written.
	now    time.Duration // since Start
	line   *line
	by     *pod // who writes
	about  *pod // the pod that a line of another program is about
	req    *request
	buf    []byte
	record Record
}

// event is something that will happen: a statement is made, or a flow begins.
type event struct {
	at       time.Duration // since Start
	seq      int           // the order of events at the same time
	line     *line
	flow     *flow         // where line is nil
	about    *pod          // nil: any pod. It writes what is its own program's
	req      *request      // nil: none
	every    time.Duration // it happens again after this time, on average; 0: it does not
	until    time.Duration // but not at this time or later
	incident int           // number of the incident that it belongs to, or 0
	first    bool          // of the incident
}

func (n *Node) start() *run {
	r := &run{Node: n, rng: rand.New(rand.NewPCG(n.options.Seed, 0x5ea19a7e)), of: make(map[string][]*pod)}
	r.record.Number = -1
	r.node = "edge-hz-" + r.alphanumeric(6)
	for _, p := range programs {
		if p.namespace == "" {
			r.addProgram(p)
		}
		for i := range p.replicas {
			r.addPod(p, i)
		}
	}
	for _, l := range n.book.order {
		r.repeat(event{line: l}, l.perHour)
	}
	for i := range flows {
		r.repeat(event{flow: &flows[i]}, flows[i].perHour)
	}
	for i := range incidents {
		r.plan(i+1, &incidents[i])
	}
	return r
}

// repeat has e happen so often an hour, from a random time on.
func (r *run) repeat(e event, perHour int) {
	if perHour == 0 {
		return
	}
	e.every, e.until = r.pace.interval(perHour), r.options.Duration
	e.at = r.upTo(e.every)
	r.agenda.add(e)
}

// upTo is a random time before d.
func (r *run) upTo(d time.Duration) time.Duration {
	return time.Duration(r.rng.Int64N(int64(max(d, 1))))
}

// next makes the next record, and says whether there is one.
func (r *run) next() bool {
	for len(r.agenda.events) > 0 {
		e := r.agenda.take()
		if e.at >= r.options.Duration {
			continue // a flow that is cut off
		}
		if again := e; e.every > 0 {
			again.first = false
			again.at += e.every/2 + r.upTo(e.every)
			if again.at < e.until {
				r.agenda.add(again)
			}
		}
		switch {
		case r.down(&e):
		case e.line != nil:
			r.say(&e)
			return true
		default:
			r.begin(&e)
		}
	}
	return false
}

// say makes the record of an event.
func (r *run) say(e *event) {
	l := e.line
	r.now, r.line, r.about, r.req = e.at, l, e.about, e.req
	if r.about == nil {
		r.about = pick(r, r.pods)
	}
	r.by = r.writer()
	r.record = Record{
		Number: r.record.Number + 1, Time: r.options.Start.Add(e.at), Resource: &r.by.resource, Attributes: r.by.attributes,
		Severity: l.recorded,
	}
	if l.recorded != none {
		r.record.SeverityText = l.severity
	}
	if l.traced {
		r.record.TraceID = e.req.trace
		r.fill(r.record.SpanID[:])
	}
	r.buf = r.buf[:0]
	r.write(l.parts)
	r.record.Body = string(r.buf)
	isRare := 0 < l.perHour && l.perHour <= rare
	r.record.Truth = Truth{
		Template: l.template, Event: l.event, Severity: l.level, Severe: l.severe,
		Incident: e.incident, First: e.first, Rare: isRare, Matters: l.severe || e.first || isRare,
	}
}

// writer is which replica of the program of a line writes it.
func (r *run) writer() *pod {
	of := r.of[r.line.by.name]
	switch {
	case r.line.by.kind == job:
		return r.about
	case r.req != nil:
		return of[r.req.replica%len(of)]
	}
	return pick(r, of)
}

func pick[T any](r *run, of []T) T { return of[r.rng.IntN(len(of))] }

// fill makes an id. Its length is a multiple of 8.
func (r *run) fill(id []byte) {
	for ; len(id) > 0; id = id[8:] {
		binary.LittleEndian.PutUint64(id, r.rng.Uint64())
	}
}
