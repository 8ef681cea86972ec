// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package edgenode

// agenda has the events to come: a heap by time, then by the order in which they were added.
type agenda struct {
	events []event
	seq    int
}

func (a *agenda) less(i, j int) bool {
	x, y := &a.events[i], &a.events[j]
	return x.at < y.at || x.at == y.at && x.seq < y.seq
}

func (a *agenda) swap(i, j int) { a.events[i], a.events[j] = a.events[j], a.events[i] }

func (a *agenda) add(e event) {
	e.seq = a.seq
	a.seq++
	a.events = append(a.events, e)
	for i := len(a.events) - 1; i > 0 && a.less(i, (i-1)/2); i = (i - 1) / 2 {
		a.swap(i, (i-1)/2)
	}
}

// take removes the first event. There must be one.
func (a *agenda) take() event {
	first, last := a.events[0], len(a.events)-1
	a.events[0] = a.events[last]
	a.events[last] = event{}
	a.events = a.events[:last]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if a.less(child, least) {
				least = child
			}
		}
		if least == i {
			return first
		}
		a.swap(i, least)
		i = least
	}
}
