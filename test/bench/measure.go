// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"syscall"
	"time"
)

// producer measures rows. Most measure one; rows that need the same servers come
// from one producer.
type producer interface {
	// names are those of its rows.
	names() []string
	// measure measures the rows that are wanted, a part of names.
	measure(ctx context.Context, o *options, wanted []string) ([]row, error)
}

// comparison is one row: the same job done by us and by a peer in this process.
type comparison struct {
	name string
	unit string // of the results, such as ns/resource
	peer string // who the others are

	// longer is how many times as long as usual a round has to be to be steady;
	// 0 means 1.
	longer int
	// cpu adds the processor time to the report, of all threads.
	cpu bool

	// open sets both sides up, and fails unless both do the job.
	open func(ctx context.Context) (ours, theirs *subject, err error)
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
	// close ends what open has begun, and fails if the job was not done after
	// all; nil when there is nothing to end.
	close func() error
}

func (c *comparison) names() []string { return []string{c.name} }

// measure runs both sides in turn. Which goes first changes with every round.
func (c *comparison) measure(ctx context.Context, o *options, _ []string) (rows []row, err error) {
	ours, theirs, err := c.open(ctx)
	sides := []*subject{ours, theirs}
	defer func() {
		for _, s := range sides {
			if s != nil && s.close != nil {
				err = errors.Join(err, s.close())
			}
		}
	}()
	if err != nil {
		return nil, err
	}
	each := o.each * time.Duration(max(1, c.longer))
	runs := make([]int, len(sides))
	for i, s := range sides {
		runs[i] = s.calibrate(each)
	}
	wall, cpu := make([][]float64, len(sides)), make([][]float64, len(sides))
	for round := range o.rounds {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		for i := range sides {
			i = (i + round) % len(sides)
			runtime.GC()
			w, p := sides[i].perItem(runs[i])
			wall[i], cpu[i] = append(wall[i], w), append(cpu[i], p)
		}
	}
	r := newRow(c.name, c.unit, c.peer, wall[0], wall[1])
	r.oursAllocs, r.theirsAllocs = ours.allocs(), theirs.allocs()
	if c.cpu {
		r.notes = append(r.notes, fmt.Sprintf("processor time: %.0f against %.0f %s, ratio %.3f", median(cpu[0]), median(cpu[1]), c.unit, median(cpu[0])/median(cpu[1])))
	}
	return []row{r}, nil
}

// calibrate returns how many runs take about as long as each. It also warms up.
func (s *subject) calibrate(each time.Duration) int {
	for n := 1; ; n *= 2 {
		took, _ := s.time(n)
		if took >= each/4 {
			return max(1, int(float64(n)*float64(each)/float64(took)))
		}
	}
}

// time returns how long n runs took, and how much processor time went by
// meanwhile. A run has to be long beside the clock's own 50 ns; that of a batch is.
func (s *subject) time(n int) (wall, cpu time.Duration) {
	for range n {
		if s.prepare != nil {
			s.prepare()
		}
		before := processTime()
		start := time.Now()
		s.run()
		wall += time.Since(start)
		cpu += processTime() - before
	}
	return wall, cpu
}

// perItem returns the nanoseconds that n runs took for each item.
func (s *subject) perItem(n int) (wall, cpu float64) {
	w, c := s.time(n)
	items := float64(n * s.items)
	return float64(w.Nanoseconds()) / items, float64(c.Nanoseconds()) / items
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

// processTime returns the processor time of this process so far, the system's
// work for it included.
func processTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}
