// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package edgenode

import (
	"fmt"
	"iter"
	"time"
)

// DefaultRate is how many records a second the node writes if nothing else is said: 216,000 an hour.
const DefaultRate = 60

// Within these, no time overflows and no interval is zero.
const (
	maxDuration = 30 * 24 * time.Hour
	maxRate     = 1_000_000
)

// Options say what is made. The zero value is an hour of the node with seed 0.
type Options struct {
	Seed     uint64
	Start    time.Time     // default: 2026-11-24 12:00 UTC
	Duration time.Duration // default: an hour. The incidents are spread over it, whatever it is
	Rate     int           // records a second, about, without those of the incidents; default: DefaultRate
}

// Incident is one of the things that go wrong. Its first record is the one at Start.
type Incident struct {
	Number int       `json:"number"` // from 1
	Name   string    `json:"name"`
	Start  time.Time `json:"start"`
	End    time.Time `json:"end"`
}

// Node is one edge node. It holds no record: each is made as it is asked for.
type Node struct {
	options Options
	book    book
	pace    pace
}

// New returns a node that writes what the options say.
func New(o Options) (*Node, error) {
	if o.Duration < 0 || o.Duration > maxDuration {
		return nil, fmt.Errorf("edge node: a duration of %v; it must be at most %v, and not negative", o.Duration, maxDuration)
	}
	if o.Rate < 0 || o.Rate > maxRate {
		return nil, fmt.Errorf("edge node: %d records a second; there must be at most %d, and not fewer than none", o.Rate, maxRate)
	}
	if o.Start.IsZero() {
		o.Start = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	}
	if o.Duration == 0 {
		o.Duration = time.Hour
	}
	if o.Rate == 0 {
		o.Rate = DefaultRate
	}
	o.Start = o.Start.UTC()
	b := newBook()
	return &Node{options: o, book: b, pace: pace{of: b.perHour(), to: 3600 * o.Rate}}, nil
}

// All makes the records, in the order of their time. It begins anew each time that it is called.
func (n *Node) All() iter.Seq[Record] {
	return func(yield func(Record) bool) {
		for r := n.start(); r.next(); {
			if !yield(r.record) {
				return
			}
		}
	}
}

// Incidents lists the incidents in the order in which they happen.
func (n *Node) Incidents() []Incident {
	return n.start().incidents
}

// pace turns how often the tables have something happen into how often it does at the rate that was asked for.
type pace struct{ of, to int }

// interval is the mean time between two events of which the tables have perHour in an hour. What is rare is so at any
// rate.
func (p pace) interval(perHour int) time.Duration {
	if perHour <= rare {
		return time.Hour / time.Duration(perHour)
	}
	return time.Duration(int64(time.Hour) / int64(perHour) * int64(p.of) / int64(p.to))
}
