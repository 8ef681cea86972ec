// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"runtime"
	"slices"
	"time"
)

// comparison is one row: the same job done by us and by a peer.
type comparison struct {
	name string
	unit string // of the results, such as ns/resource
	peer string // who the others are

	// open sets both sides up, and fails unless both do the job.
	open func() (ours, theirs *subject, err error)
}

// subject is one side of a comparison.
type subject struct {
	// prepare makes what one run takes apart anew. It is not measured; nil
	// when a run leaves its input as it was.
	prepare func()
	// run does the job once.
	run func()
	// items is how many of the unit's items one run handles.
	items int
}

// measure runs both sides in turn. Which goes first changes with every round.
func (c *comparison) measure(rounds int, each time.Duration) (row, error) {
	ours, theirs, err := c.open()
	if err != nil {
		return row{}, err
	}
	sides := []*subject{ours, theirs}
	runs := make([]int, len(sides))
	for i, s := range sides {
		runs[i] = s.calibrate(each)
	}
	times := make([][]float64, len(sides))
	for round := range rounds {
		for i := range sides {
			i = (i + round) % len(sides)
			runtime.GC()
			times[i] = append(times[i], sides[i].perItem(runs[i]))
		}
	}
	return row{
		Name: c.name, Unit: c.unit, Peer: c.peer,
		Ours: median(times[0]), Theirs: median(times[1]), Ratio: median(times[0]) / median(times[1]),
		oursAllocs: ours.allocs(), theirsAllocs: theirs.allocs(),
	}, nil
}

// calibrate returns how many runs take about as long as each. It also warms up.
func (s *subject) calibrate(each time.Duration) int {
	for n := 1; ; n *= 2 {
		took := s.time(n)
		if took >= each/4 {
			return max(1, int(float64(n)*float64(each)/float64(took)))
		}
	}
}

// time returns how long n runs took. A run has to be long beside the clock's
// own 50 ns; that of a batch is.
func (s *subject) time(n int) (total time.Duration) {
	for range n {
		if s.prepare != nil {
			s.prepare()
		}
		start := time.Now()
		s.run()
		total += time.Since(start)
	}
	return total
}

// perItem returns the nanoseconds that n runs took for each item.
func (s *subject) perItem(n int) float64 {
	return float64(s.time(n).Nanoseconds()) / float64(n*s.items)
}

// allocs returns the allocations of a run for each item. On one processor, as
// testing.AllocsPerRun does it: on several, reading the statistics may move the
// run away from the pools that it has filled.
func (s *subject) allocs() float64 {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	s.time(1)
	const runs = 20
	var before, after runtime.MemStats
	var total uint64
	for range runs {
		if s.prepare != nil {
			s.prepare()
		}
		runtime.ReadMemStats(&before)
		s.run()
		runtime.ReadMemStats(&after)
		total += after.Mallocs - before.Mallocs
	}
	return float64(total) / float64(runs*s.items)
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}
