// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sealgate/sealgate/test/fleet"
)

// tempoOptions are those of the rows with a real Tempo.
type tempoOptions struct {
	rounds      int
	each        time.Duration
	senders     int
	spans       int
	compression string
	search      string
	profile     string
}

func (o *tempoOptions) register(f *flag.FlagSet) {
	f.IntVar(&o.rounds, "tempo-rounds", 5, "rows with Tempo: measure each side this many times")
	f.DurationVar(&o.each, "tempo-time", 8*time.Second, "rows with Tempo: measure for this long in each round")
	f.IntVar(&o.senders, "tempo-senders", 4, "rows with Tempo: send over this many connections at once")
	f.IntVar(&o.spans, "tempo-spans", 100_000, "seal/tempo_bytes: store this many spans")
	f.StringVar(&o.compression, "tempo-compression", "gzip", "rows with Tempo: `compression` from the gateway to Tempo")
	f.StringVar(&o.search, "tempo-search", "", "rows with Tempo: leave search tokens of these `attributes`, separated by commas")
	f.StringVar(&o.profile, "tempo-profile", "", "rows with Tempo: write profiles of the gateways' processor time to `dir`")
}

func (o *tempoOptions) validate() error {
	if o.rounds < 1 || o.senders < 1 || o.spans < requestSpans {
		return fmt.Errorf("-tempo-rounds and -tempo-senders have to be at least 1, -tempo-spans at least %d", requestSpans)
	}
	return nil
}

func (o *tempoOptions) searched() []string {
	return slices.DeleteFunc(strings.Split(o.search, ","), func(name string) bool { return name == "" })
}

// tempoProducers measures sealing on the way into a real Tempo.
func tempoProducers() []producer {
	return []producer{
		&throughput{sealed: []sealedSide{
			{"seal/tempo_throughput", recordGateway, "the same gateway without sealing, real Tempo"},
			{"seal/naive_tempo_throughput", naiveGateway, "no sealing; ours is the naive way: each value by itself"},
		}},
		&blocks{name: "seal/tempo_bytes"},
	}
}

// sealedSide is a row: a gateway that seals, beside the plain one.
type sealedSide struct{ name, kind, peer string }

// throughput measures how fast spans go through a gateway into Tempo, in a closed
// loop. All rows share the plain side.
type throughput struct{ sealed []sealedSide }

func (t *throughput) names() (names []string) {
	for _, s := range t.sealed {
		names = append(names, s.name)
	}
	return names
}

// record is what was measured of a kind of side.
type record struct {
	times []float64 // nanoseconds a span, of each round
	spans int       // in all
	used  usage     // for them
}

// measure has a new Tempo for every round: one that has been filled builds blocks in
// the background, for longer than a round, whenever it likes. What that costs is
// measured by blocks.
func (t *throughput) measure(ctx context.Context, o *options, wanted []string) (rows []row, err error) {
	kinds := []string{plainGateway}
	for _, s := range t.sealed {
		if slices.Contains(wanted, s.name) {
			kinds = append(kinds, s.kind)
		}
	}
	stage, err := newStage(ctx, o, inTurn(kinds, o.tempo.rounds)...)
	defer func() { err = errors.Join(err, stage.close()) }()
	if err != nil {
		return nil, err
	}
	records := make(map[string]*record)
	for _, kind := range kinds {
		records[kind] = &record{}
	}
	for i, side := range stage.sides {
		if err := records[side.kind].round(ctx, o, side); err != nil {
			return nil, fmt.Errorf("%s, round %d: %w", side.kind, i/len(kinds)+1, err)
		}
	}
	for _, s := range t.sealed {
		if ours := records[s.kind]; ours != nil {
			rows = append(rows, s.row(ours, records[plainGateway]))
		}
	}
	return rows, nil
}

// inTurn repeats the kinds for so many rounds. Which goes first changes with every
// round.
func inTurn(kinds []string, rounds int) (all []string) {
	for round := range rounds {
		for i := range kinds {
			all = append(all, kinds[(i+round)%len(kinds)])
		}
	}
	return all
}

// round measures a side, and ends it.
func (r *record) round(ctx context.Context, o *options, s *side) (err error) {
	const warmUp = 2 * time.Second
	if s.senders, err = dial(s.listen, o.tempo.senders); err != nil {
		return err
	}
	if err := s.resume(ctx); err != nil {
		return err
	}
	if _, _, err := s.senders.run(ctx, warmUp); err != nil {
		return err
	}
	before, err := s.usage()
	if err != nil {
		return err
	}
	spans, took, err := s.senders.run(ctx, o.tempo.each)
	if err != nil {
		return err
	}
	after, err := s.usage()
	if err != nil {
		return err
	}
	used := after.minus(before)
	r.times = append(r.times, float64(took.Nanoseconds())/float64(spans))
	r.spans += spans
	r.used = r.used.plus(used)
	fmt.Fprintf(o.log, "%-7s %6.0f ns/span, %d spans; Tempo %.1f s, gateway %.1f s of processor time\n",
		s.kind, r.times[len(r.times)-1], spans, used.tempo.Seconds(), used.gateway.Seconds())
	return s.close()
}

func (s sealedSide) row(ours, plain *record) row {
	r := newRow(s.name, "ns/span", s.peer, ours.times, plain.times)
	r.notes = append(r.notes, fmt.Sprintf("write throughput lost: %.1f%%", 100*(1-1/r.Ratio)))
	r.notes = append(r.notes, usageNotes("taking", ours.used, ours.spans, plain.used, plain.spans)...)
	return r
}

// usageNotes says what taking, or storing, spans costs in processor time.
func usageNotes(what string, ours usage, ourSpans int, plain usage, plainSpans int) (notes []string) {
	for _, p := range []struct {
		of          string
		ours, plain time.Duration
	}{
		{"Tempo's", ours.tempo, plain.tempo},
		{"the gateway's", ours.gateway, plain.gateway},
		{"both's", ours.tempo + ours.gateway, plain.tempo + plain.gateway},
	} {
		a, b := perMillion(p.ours, ourSpans), perMillion(p.plain, plainSpans)
		notes = append(notes, fmt.Sprintf("%s processor time for %s a million spans: %.1f against %.1f s, ratio %.3f", p.of, what, a, b, a/b))
	}
	return notes
}

func perMillion(t time.Duration, spans int) float64 { return t.Seconds() * 1e6 / float64(spans) }

// blocks is a row: what spans take in Tempo's blocks, sealed and plain.
type blocks struct{ name string }

func (b *blocks) names() []string { return []string{b.name} }

// result is what storing the spans took.
type result struct {
	bytes float64 // of a span
	spans int
	used  usage
	peak  int64 // bytes of Tempo's memory
}

func (b *blocks) measure(ctx context.Context, o *options, _ []string) (rows []row, err error) {
	stage, err := newStage(ctx, o, recordGateway, plainGateway)
	defer func() { err = errors.Join(err, stage.close()) }()
	if err != nil {
		return nil, err
	}
	results := make([]result, len(stage.sides))
	for i, side := range stage.sides {
		if results[i], err = b.store(ctx, o, side); err != nil {
			return nil, fmt.Errorf("%s: %w", side.kind, err)
		}
	}
	ours, plain := results[0], results[1]
	r := newRow(b.name, "bytes/span", "plain spans in blocks of a real Tempo", []float64{ours.bytes}, []float64{plain.bytes})
	r.notes = append(usageNotes("taking and storing", ours.used, ours.spans, plain.used, plain.spans),
		fmt.Sprintf("Tempo's peak memory, for %d spans in both: %d against %d MiB", ours.spans, ours.peak>>20, plain.peak>>20))
	return []row{r}, nil
}

// store sends spans, all different, and waits until they are in blocks.
func (b *blocks) store(ctx context.Context, o *options, s *side) (r result, err error) {
	if s.senders, err = dial(s.listen, 1); err != nil {
		return r, err
	}
	before, err := s.usage()
	if err != nil {
		return r, err
	}
	if err := s.resume(ctx); err != nil {
		return r, err
	}
	traces := s.senders[0].requests[0].distinctTraces() // those of resume
	for r.spans = requestSpans; r.spans < o.tempo.spans; {
		req, err := newRequest(fleet.Spans(uint64(1000+r.spans), requestSpans))
		if err != nil {
			return r, err
		}
		req.renew(time.Now())
		if err := req.send(ctx, s.senders[0].conn); err != nil {
			return r, err
		}
		r.spans += req.items
		traces += req.distinctTraces()
	}
	stored, err := s.awaitBlocks(ctx, traces)
	if err != nil {
		return r, err
	}
	fmt.Fprintf(o.log, "%-7s %d spans, %d traces in %d blocks of %d bytes\n", s.kind, r.spans, traces, stored.blocks, stored.bytes)
	after, err := s.usage()
	if err != nil {
		return r, err
	}
	r.bytes, r.used = float64(stored.bytes)/float64(r.spans), after.minus(before)
	if r.peak, err = s.tempo.PeakRSS(); err != nil {
		return r, err
	}
	return r, s.close()
}

// stored is what there is in Tempo's blocks.
type stored struct {
	blocks, traces int
	bytes          int64
}

// awaitBlocks has Tempo write blocks, and waits until all traces are in them. Tempo
// may miss traces that it is just putting into its WAL, so it gets time for that
// before, and is asked again.
func (s *side) awaitBlocks(ctx context.Context, traces int) (found stored, err error) {
	const (
		idle  = 3 * time.Second // more than Tempo's trace_idle_period and flush_check_period
		again = 15 * time.Second
	)
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	next := time.Now().Add(idle)
	err = s.tempo.Await(ctx, fmt.Sprintf("%d traces in blocks", traces), func(ctx context.Context) (bool, error) {
		if time.Now().After(next) {
			next = time.Now().Add(again)
			if err := s.flush(ctx); err != nil {
				return false, err
			}
		}
		found, err = blocksIn(filepath.Join(s.tempo.Data, "blocks"))
		if err == nil && found.traces > traces {
			err = fmt.Errorf("there are %d traces in blocks, and %d were sent", found.traces, traces)
		}
		return found.traces == traces, err
	})
	return found, err
}

// blocksIn adds up the blocks that have not been replaced by compaction. A block
// is complete once it has a meta.json.
func blocksIn(dir string) (all stored, err error) {
	metas, err := filepath.Glob(filepath.Join(dir, "*", "*", "meta.json"))
	for _, path := range metas {
		b, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			continue // compacted just now
		}
		if err != nil {
			return all, err
		}
		var meta struct {
			TotalObjects int `json:"totalObjects"`
		}
		if err := json.Unmarshal(b, &meta); err != nil {
			return all, fmt.Errorf("%s: %w", path, err)
		}
		size, err := sizeOf(filepath.Dir(path))
		if err != nil {
			return all, err
		}
		all.blocks++
		all.traces += meta.TotalObjects
		all.bytes += size
	}
	return all, err
}
