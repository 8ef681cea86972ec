// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/sealgate/sealgate/test/load"
)

const (
	// probe is how long it is tried what the highest rate is.
	probe = 10 * time.Second
	// flat is how much memory may differ between the third and the last quarter.
	flat = 0.05
)

// soak finds the highest rate at which the gateway takes all signals at once, with all
// of ours on, runs at half of it, and fails if its memory is not flat in the second half.
func soak(ctx context.Context, o *options) (err error) {
	g, err := o.start(ctx, ours, o.way)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.stop()) }()
	highest, err := g.highest(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("highest rate, all signals at once: %.0f spans, %.0f log records, %.0f datapoints a second\n", highest[0], highest[1], highest[2])
	samples, sent, err := g.soak(ctx, highest, o.soak)
	if err != nil {
		return err
	}
	return report(samples, sent)
}

// soaked are the loads of a soak.
var soaked = kinds[:3]

// highest returns at what rates all signals are taken at once, as fast as they are.
func (g *running) highest(ctx context.Context) (rates [3]float64, err error) {
	streams, err := g.sendAll(ctx, "highest", [3]float64{})
	if err != nil {
		return rates, err
	}
	select {
	case <-ctx.Done():
	case <-time.After(probe):
	}
	for i, s := range streams {
		rates[i] = float64(s.Report().Accepted) / probe.Seconds()
	}
	_, err = g.finish(ctx, streams)
	return rates, err
}

// soak sends at half the rates for so long, and returns the memory of each second.
func (g *running) soak(ctx context.Context, highest [3]float64, length time.Duration) (samples []float64, all []sent, err error) {
	half := highest
	for i := range half {
		half[i] /= 2
	}
	streams, err := g.sendAll(ctx, "soak", half)
	if err != nil {
		return nil, nil, err
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for end := time.Now().Add(length); time.Now().Before(end) && ctx.Err() == nil; <-tick.C {
		rss, err := g.RSS()
		if err != nil {
			return nil, nil, err
		}
		samples = append(samples, float64(rss)/(1<<20))
		if len(samples)%30 == 1 {
			fmt.Fprintf(os.Stderr, "%4d s  %.0f MiB\n", len(samples)-1, samples[len(samples)-1])
		}
	}
	all, err = g.finish(ctx, streams)
	return samples, all, err
}

// stream is a load that is being sent.
type stream struct {
	*load.Ledger
	*load.Generator
	items  string
	before int // dropped before it
}

func (g *running) sendAll(ctx context.Context, run string, rates [3]float64) (streams []stream, err error) {
	for i, k := range soaked {
		s := stream{Ledger: g.sink.Ledger(run + "/" + k.name), items: k.items}
		if s.before, err = load.Dropped(ctx, g.Metrics, k.items); err != nil {
			return nil, err
		}
		o, err := k.make(s.Ledger)
		if err != nil {
			return nil, err
		}
		o.Addr, o.Rate = g.GRPC, rates[i]
		if s.Generator, err = s.Ledger.Start(ctx, o); err != nil {
			return nil, err
		}
		streams = append(streams, s)
	}
	return streams, nil
}

func (g *running) finish(ctx context.Context, streams []stream) (all []sent, err error) {
	for _, s := range streams {
		err = errors.Join(err, s.Stop())
	}
	for _, s := range streams {
		r, dropped, settled := s.Settle(ctx, g.Metrics, s.items, s.before)
		all, err = append(all, sent{r, dropped}), errors.Join(err, settled)
	}
	return all, err
}

func report(samples []float64, all []sent) error {
	for i, s := range all {
		fmt.Printf("%s: %s, %d dropped and counted; p50 %v, p99 %v\n", soaked[i].name, s, s.dropped, s.P50.Round(time.Millisecond), s.P99.Round(time.Millisecond))
		if s.Sent != s.Delivered+s.Refused+s.dropped {
			return fmt.Errorf("%s: what was sent is not what was delivered, refused or counted", soaked[i].name)
		}
	}
	n := len(samples)
	if n < 8 {
		return errors.New("-soak: too short to tell whether memory is flat; give it a minute at least")
	}
	third, last := median(samples[n/2:3*n/4]), median(samples[3*n/4:])
	growth := last/third - 1
	fmt.Printf("memory, medians of the quarters: %.0f, %.0f, %.0f, %.0f MiB; the last is %+.1f%% of the third\n",
		median(samples[:n/4]), median(samples[n/4:n/2]), third, last, 100*growth)
	if growth > flat {
		return fmt.Errorf("memory grew by %.1f%% in the second half; at most %.0f%% is flat", 100*growth, 100*flat)
	}
	return nil
}
