// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sealgate/sealgate/test/load"
)

// result is what was measured of one side under one load.
type result struct {
	Load string `json:"load"`
	Side string `json:"side"`
	Way  string `json:"way"` // compression on the way to the sink, and where the queue is

	Rate     float64 `json:"rate"`          // items a second that were sent
	CPU      float64 `json:"cpu_s_million"` // seconds for a million items
	Cores    float64 `json:"cores"`         // at this rate
	CPURatio float64 `json:"cpu_ratio"`     // to upstream, median of the rounds
	Idle     float64 `json:"idle_mib"`
	Peak     float64 `json:"peak_mib"`
	P50      float64 `json:"p50_ms"`
	P99      float64 `json:"p99_ms"`
	Dropped  float64 `json:"dropped"` // part of the items that the filter dropped and counted
	Lost     float64 `json:"lost"`    // items that nobody has an account of, in all rounds
}

// compare measures all sides under all loads and prints the tables.
func compare(ctx context.Context, o *options) error {
	sides := []side{theirs, ours}
	if o.parts {
		sides = append(sides, parts...)
	}
	var all []result
	for _, k := range kinds {
		if !o.only.MatchString(k.name) {
			continue
		}
		results, err := o.inTurn(ctx, k, sides)
		if err != nil {
			return fmt.Errorf("%s: %w", k.name, err)
		}
		all = append(all, results...)
	}
	if len(all) == 0 {
		return fmt.Errorf("-only: no load matches %q", o.only)
	}
	o.print(os.Stdout, all)
	if o.json == "" {
		return nil
	}
	return writeJSON(o.json, all)
}

// inTurn measures the sides in turn, as often as there are rounds, and returns the
// medians. Which side goes first changes with every round.
func (o *options) inTurn(ctx context.Context, k kind, sides []side) ([]result, error) {
	measured := make([][]result, len(sides))
	for round := range o.rounds {
		for i := range sides {
			i = (i + round) % len(sides)
			r, err := o.measure(ctx, k, sides[i])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", sides[i].name, err)
			}
			fmt.Fprintf(os.Stderr, "%s, round %d, %s: %.2f s of processor time a million, peak %.0f MiB\n", k.name, round+1, r.Side, r.CPU, r.Peak)
			measured[i] = append(measured[i], r)
		}
	}
	results := make([]result, len(sides))
	for i, of := range measured {
		results[i] = medians(of, measured[0])
	}
	return results, nil
}

// warmUp is how much is sent before it is measured, in the time of the load.
const warmUp = 2 * time.Second

// measure starts a side, puts it under a load and stops it.
func (o *options) measure(ctx context.Context, k kind, s side) (r result, err error) {
	w := o.way
	if k.way != (way{}) {
		w = k.way
	}
	r = result{Load: k.name, Side: s.name, Way: w.String(), Rate: k.rate * o.scale}
	g, err := o.start(ctx, s, w)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, g.stop()) }()
	idle, err := g.RSS()
	if err != nil {
		return r, err
	}
	if _, err := g.send(ctx, k, "warm-up", r.Rate, warmUp); err != nil {
		return r, err
	}
	before, err := g.CPU()
	if err != nil {
		return r, err
	}
	profiled := o.profile(ctx, g, k.name+"-"+strings.ReplaceAll(s.name, "`", ""))
	sent, err := g.send(ctx, k, "measured", r.Rate, o.each)
	if err := errors.Join(err, <-profiled); err != nil {
		return r, err
	}
	after, err := g.CPU()
	if err != nil {
		return r, err
	}
	peak, err := g.PeakRSS()
	if err != nil {
		return r, err
	}
	r.CPU = (after - before).Seconds() / float64(sent.Sent) * 1e6
	r.Cores = r.CPU * r.Rate / 1e6
	r.Idle, r.Peak = float64(idle)/(1<<20), float64(peak)/(1<<20)
	r.P50, r.P99 = sent.P50.Seconds()*1000, sent.P99.Seconds()*1000
	r.Dropped = float64(sent.dropped) / float64(sent.Sent)
	r.Lost = float64(sent.Sent - sent.Delivered - sent.Refused - sent.dropped)
	return r, nil
}

// sent is the account of a load.
type sent struct {
	load.Report
	dropped int
}

// send sends a load at a rate for so long and waits until all of it is settled.
func (g *running) send(ctx context.Context, k kind, run string, rate float64, length time.Duration) (s sent, err error) {
	ctx, cancel := context.WithTimeout(ctx, length+time.Minute)
	defer cancel()
	before, err := load.Dropped(ctx, g.Metrics, k.items)
	if err != nil {
		return s, err
	}
	l := g.sink.Ledger(run)
	o, err := k.make(l)
	if err != nil {
		return s, err
	}
	o.Addr, o.Rate, o.Items = g.GRPC, rate, int(rate*length.Seconds())
	generator, err := l.Start(ctx, o)
	if err != nil {
		return s, err
	}
	if err := generator.Wait(); err != nil {
		return s, err
	}
	s.Report, s.dropped, err = l.Settle(ctx, g.Metrics, k.items, before)
	return s, err
}

// profile fetches a profile of the processor time of the next seconds into a file. What
// went wrong comes over the channel.
func (o *options) profile(ctx context.Context, g *running, name string) <-chan error {
	done := make(chan error, 1)
	if o.profiles == "" {
		done <- nil
		return done
	}
	go func() {
		done <- fetch(ctx, fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", g.pprof, int(o.each.Seconds())), filepath.Join(o.profiles, name+".pprof"))
	}()
	return done
}

func fetch(ctx context.Context, url, path string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	return os.WriteFile(path, body, 0o600)
}

// medians joins the rounds of a side; upstream has the same rounds.
func medians(rounds, upstream []result) result {
	r := rounds[0]
	of := func(value func(int) float64) float64 {
		all := make([]float64, len(rounds))
		for i := range rounds {
			all[i] = value(i)
		}
		return median(all)
	}
	r.CPU = of(func(i int) float64 { return rounds[i].CPU })
	r.Cores = of(func(i int) float64 { return rounds[i].Cores })
	r.CPURatio = of(func(i int) float64 { return rounds[i].CPU / upstream[i].CPU })
	r.Idle = of(func(i int) float64 { return rounds[i].Idle })
	r.Peak = of(func(i int) float64 { return rounds[i].Peak })
	r.P50 = of(func(i int) float64 { return rounds[i].P50 })
	r.P99 = of(func(i int) float64 { return rounds[i].P99 })
	r.Dropped = of(func(i int) float64 { return rounds[i].Dropped })
	for _, more := range rounds[1:] {
		r.Lost += more.Lost
	}
	return r
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}
