// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package divide

import (
	"context"
	"errors"
	"slices"
)

// Send sends a part of a request and returns what the backend says about it.
type Send func(context.Context, Batch) Verdict

// Outcome is what became of the items of a request.
type Outcome struct {
	// Refused counts the items that the backend will never take, by reason.
	Refused map[string]int
	// Requests is the number of further requests that it took to find out.
	Requests int
	// Rest has the items of which the fate is open; it is nil if there are none. They
	// have to be tried again.
	Rest Batch
	// Err says why there is a rest.
	Err error
}

// ErrLimit says that a division took as many requests as it may.
var ErrLimit = errors.New("the limit of requests is reached; the rest is tried again")

// Deliver delivers a request that a backend has answered with Refused or Suspect. It
// divides the request until the bad items are alone, in the order of the items, with at
// most limit requests. The batch is consumed.
//
// A refused item is dropped and counted. An item that is alone and makes the backend fail
// is dropped only if the backend took another item of the same request and then failed
// once more with this one; else the backend may be at fault, and the item is left over.
// If none is taken within patience requests, all is left over.
func Deliver(ctx context.Context, batch Batch, answer Verdict, send Send, limit, patience int) Outcome {
	d := &division{send: send, limit: limit, patience: patience, out: Outcome{Refused: map[string]int{}}}
	d.run(ctx, part{batch, &answer})
	return d.out
}

// part is a batch and what the backend answered to it, if it was sent.
type part struct {
	Batch
	answer *Verdict
}

type division struct {
	send     Send
	limit    int
	patience int
	alive    bool   // the backend has taken something
	tooOld   int    // items that are alone and too old; see flood
	suspects []part // items that are alone and made the backend fail
	out      Outcome
}

func (d *division) run(ctx context.Context, whole part) {
	open := []part{whole} // the last one is the first of the request
	for len(open) > 0 {
		p := open[len(open)-1]
		open = open[:len(open)-1]
		if p.answer == nil {
			if err := d.mayAsk(ctx); err != nil {
				d.leave(err, append(open, p))
				return
			}
			p.answer = d.ask(ctx, p)
		}
		switch {
		case p.answer.Kind == Taken:
			d.taken(p.answer)
		case p.answer.Kind == Retry:
			d.leave(p.answer.Err, append(open, p))
			return
		case p.answer.Reason == ReasonTooOld && d.tooOld >= flood && p.units() > 1 && p.times() != nil:
			rest, done := d.probe(ctx, p, open)
			if done {
				return
			}
			open = append(open, rest...)
		case p.units() > 1:
			first := p.split(p.units() / 2)
			open = append(open, part{Batch: p.Batch}, part{Batch: first})
		case p.answer.Kind == Refused:
			d.out.Refused[p.answer.Reason] += p.Items()
			if p.answer.Reason == ReasonTooOld {
				d.tooOld++
			}
		default:
			d.suspects = append(d.suspects, p)
		}
		if p.answer.Kind == Suspect && !d.alive && d.out.Requests >= d.patience {
			d.leave(p.answer.Err, open)
			return
		}
	}
	d.judge(ctx)
}

// flood is how many items have to be found too old one by one, before the newest item of a
// part speaks for the others.
const flood = 8

// probe asks for the newest item of a part that was refused as too old. If that is too old,
// all are: a backend goes by the time alone. After an outage of hours nearly all items are
// too old, and asking for each would take hours again. It returns what is still open of the
// part, and whether the division has ended.
func (d *division) probe(ctx context.Context, p part, open []part) (rest []part, done bool) {
	if err := d.mayAsk(ctx); err != nil {
		d.leave(err, append(open, p))
		return nil, true
	}
	all := p.times()
	newest := slices.Index(all, slices.Max(all))
	before := p.split(newest)
	one := part{Batch: p.split(1)}
	before.append(p.Batch)
	others := part{Batch: before}
	one.answer = d.ask(ctx, one)
	if one.answer.Kind == Refused && one.answer.Reason == ReasonTooOld {
		d.out.Refused[ReasonTooOld] += one.Items() + others.Items()
		return nil, false
	}
	rest = []part{one, others}
	if others.units() > 1 { // both kinds are in it
		rest = append(rest, part{Batch: others.split(others.units() / 2)})
	}
	return rest, false
}

// judge decides about the suspects, when all else is decided.
func (d *division) judge(ctx context.Context) {
	suspects := d.suspects
	d.suspects = nil
	for i, p := range suspects {
		if !d.alive {
			d.leave(p.answer.Err, reversed(suspects[i:]))
			return
		}
		if err := d.mayAsk(ctx); err != nil {
			d.leave(err, reversed(suspects[i:]))
			return
		}
		switch again := d.ask(ctx, p); again.Kind {
		case Taken:
			d.taken(again)
		case Retry:
			d.leave(again.Err, reversed(suspects[i:]))
			return
		default:
			d.out.Refused[again.Reason] += p.Items()
		}
	}
}

func (d *division) mayAsk(ctx context.Context) error {
	if d.out.Requests >= d.limit {
		return ErrLimit
	}
	return ctx.Err()
}

func (d *division) ask(ctx context.Context, p part) *Verdict {
	d.out.Requests++
	v := d.send(ctx, p.Batch)
	return &v
}

func (d *division) taken(v *Verdict) {
	d.alive = true
	if v.Rejected > 0 {
		d.out.Refused[v.Reason] += v.Rejected
	}
}

// leave leaves over the suspects and the open parts, of which the last one is the first.
func (d *division) leave(err error, open []part) {
	d.out.Err = err
	for _, p := range append(d.suspects, reversed(open)...) {
		if d.out.Rest == nil {
			d.out.Rest = p.Batch
			continue
		}
		d.out.Rest.append(p.Batch)
	}
}

func reversed(parts []part) []part {
	parts = slices.Clone(parts)
	slices.Reverse(parts)
	return parts
}
