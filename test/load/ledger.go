// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"fmt"
	"math/bits"
	"sync"
	"time"
)

// Ledger is the account of one run: of what was sent what became.
type Ledger struct {
	run string

	mu         sync.Mutex
	sent       int
	refused    int
	unknown    int
	rejected   int // of accepted requests
	duplicates int
	accepted   bitmap
	delivered  bitmap
	latency    Histogram
}

// Report is a ledger at one time, in items.
type Report struct {
	Sent       int // numbered and offered
	Accepted   int // acknowledged to the generator
	Refused    int // refused, after what tries there were, or by a partial success
	Unknown    int // given up with no answer: they may have arrived or not
	Delivered  int // at the sink, each counted once
	Duplicates int // at the sink once more
	Missing    int // acknowledged, and not at the sink

	P50, P99 time.Duration // from when an item was due to its arrival
}

func (r Report) String() string {
	return fmt.Sprintf("%d sent, %d accepted, %d refused, %d unknown; %d delivered, %d of them again, %d missing",
		r.Sent, r.Accepted, r.Refused, r.Unknown, r.Delivered, r.Duplicates, r.Missing)
}

// Report returns the account so far.
func (l *Ledger) Report() Report {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Report{
		Sent:       l.sent,
		Accepted:   l.accepted.count() - l.rejected,
		Refused:    l.refused + l.rejected,
		Unknown:    l.unknown,
		Delivered:  l.delivered.count(),
		Duplicates: l.duplicates,
		// Which of a request's items were rejected is not said.
		Missing: max(0, l.accepted.without(l.delivered)-l.rejected),
		P50:     l.latency.Quantile(0.50),
		P99:     l.latency.Quantile(0.99),
	}
}

// number gives out n numbers, the first of which it returns.
func (l *Ledger) number(n int) (first int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	first = l.sent
	l.sent += n
	return first
}

// settle notes what became of the request with the n items from first on.
func (l *Ledger) settle(first, n int, o outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch o.verdict {
	case accepted:
		for i := range n {
			l.accepted.set(first + i)
		}
		l.rejected += o.rejected
	case refused:
		l.refused += n
	case unknown:
		l.unknown += n
	}
}

// arrival is an item at the sink.
type arrival struct {
	number int
	due    int64 // ns since 1970
}

// arrive notes what has come to the sink.
func (l *Ledger) arrive(items []arrival, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, i := range items {
		if !l.delivered.set(i.number) {
			l.duplicates++
			continue
		}
		l.latency.Add(time.Duration(now.UnixNano() - i.due))
	}
}

// bitmap is a set of small numbers.
type bitmap []uint64

// set adds i and tells whether it is new.
func (b *bitmap) set(i int) bool {
	for i/64 >= len(*b) {
		*b = append(*b, 0)
	}
	word, bit := &(*b)[i/64], uint64(1)<<(i%64)
	isNew := *word&bit == 0
	*word |= bit
	return isNew
}

func (b bitmap) count() (n int) {
	for _, word := range b {
		n += bits.OnesCount64(word)
	}
	return n
}

// without returns how many of b are not in other.
func (b bitmap) without(other bitmap) (n int) {
	for i, word := range b {
		if i < len(other) {
			word &^= other[i]
		}
		n += bits.OnesCount64(word)
	}
	return n
}
