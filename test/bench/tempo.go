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

// record is what was measured of a side.
type record struct {
	times []float64 // nanoseconds a span, of each round
	spans int       // in all
	used  usage     // in all, what Tempo does afterwards included
	peak  int64     // bytes of Tempo's memory
}

func (t *throughput) measure(ctx context.Context, o *options, wanted []string) (rows []row, err error) {
	kinds := []string{plainGateway}
	for _, s := range t.sealed {
		if slices.Contains(wanted, s.name) {
			kinds = append(kinds, s.kind)
		}
	}
	stage, err := newStage(ctx, o, kinds...)
	defer func() { err = errors.Join(err, stage.close()) }()
	if err != nil {
		return nil, err
	}
	records := make(map[string]*record)
	for _, side := range stage.sides {
		records[side.kind] = &record{}
		if side.senders, err = dial(side.listen, o.tempo.senders); err != nil {
			return nil, err
		}
		if err = side.pause(); err != nil {
			return nil, err
		}
	}
	for round := range o.tempo.rounds {
		for i := range stage.sides {
			side := stage.sides[(i+round)%len(stage.sides)]
			if err := records[side.kind].round(ctx, o, side); err != nil {
				return nil, fmt.Errorf("%s, round %d: %w", side.kind, round+1, err)
			}
		}
	}
	for _, s := range t.sealed {
		if ours := records[s.kind]; ours != nil {
			rows = append(rows, s.row(ours, records[plainGateway]))
		}
	}
	return rows, nil
}

// round measures one side once. The others stand still.
func (r *record) round(ctx context.Context, o *options, s *side) error {
	const (
		warmUp = time.Second
		settle = 30 * time.Second
	)
	before, err := s.usage()
	if err != nil {
		return err
	}
	first, err := s.resume(ctx)
	if err != nil {
		return err
	}
	warm, _, err := s.senders.run(ctx, warmUp)
	if err != nil {
		return err
	}
	spans, took, err := s.senders.run(ctx, o.tempo.each)
	if err != nil {
		return err
	}
	if err := errors.Join(s.flush(ctx), s.quiet(ctx, settle)); err != nil {
		return err
	}
	after, err := s.usage()
	if err != nil {
		return err
	}
	used := after.minus(before)
	r.times = append(r.times, float64(took.Nanoseconds())/float64(spans))
	r.spans += first + warm + spans
	r.used = r.used.plus(used)
	fmt.Fprintf(o.log, "%-7s %6.0f ns/span, %d spans; Tempo %.1f s, gateway %.1f s of processor time\n",
		s.kind, r.times[len(r.times)-1], first+warm+spans, used.tempo.Seconds(), used.gateway.Seconds())
	if r.peak, err = peakOf(s.tempo.PID()); err != nil {
		return err
	}
	return s.pause()
}

func (s sealedSide) row(ours, plain *record) row {
	r := newRow(s.name, "ns/span", s.peer, ours.times, plain.times)
	r.notes = append(r.notes, fmt.Sprintf("write throughput lost: %.1f%%", 100*(1-1/r.Ratio)))
	for _, p := range []struct {
		of          string
		ours, plain time.Duration
	}{
		{"Tempo's", ours.used.tempo, plain.used.tempo},
		{"the gateway's", ours.used.gateway, plain.used.gateway},
		{"both's", ours.used.tempo + ours.used.gateway, plain.used.tempo + plain.used.gateway},
	} {
		a, b := perMillion(p.ours, ours.spans), perMillion(p.plain, plain.spans)
		r.notes = append(r.notes, fmt.Sprintf("%s processor time, of a million spans: %.1f against %.1f s, ratio %.3f", p.of, a, b, a/b))
	}
	r.notes = append(r.notes, peakNote(ours.peak, plain.peak))
	return r
}

func perMillion(t time.Duration, spans int) float64 { return t.Seconds() * 1e6 / float64(spans) }

func peakNote(ours, plain int64) string {
	return fmt.Sprintf("Tempo's peak memory: %d against %d MiB", ours>>20, plain>>20)
}

// blocks is a row: what spans take in Tempo's blocks, sealed and plain.
type blocks struct{ name string }

func (b *blocks) names() []string { return []string{b.name} }

func (b *blocks) measure(ctx context.Context, o *options, _ []string) (rows []row, err error) {
	stage, err := newStage(ctx, o, plainGateway, recordGateway)
	defer func() { err = errors.Join(err, stage.close()) }()
	if err != nil {
		return nil, err
	}
	sizes, peaks := make(map[string]float64), make(map[string]int64)
	for _, side := range stage.sides {
		bytes, err := b.store(ctx, o, side)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", side.kind, err)
		}
		sizes[side.kind] = bytes
		if peaks[side.kind], err = peakOf(side.tempo.PID()); err != nil {
			return nil, err
		}
	}
	r := newRow(b.name, "bytes/span", "plain spans in blocks of a real Tempo", []float64{sizes[recordGateway]}, []float64{sizes[plainGateway]})
	r.notes = append(r.notes, peakNote(peaks[recordGateway], peaks[plainGateway])+" for the same spans")
	return []row{r}, nil
}

// store sends spans, all different, and returns what one takes in Tempo's blocks.
func (b *blocks) store(ctx context.Context, o *options, s *side) (float64, error) {
	conn, err := fleet.Dial(s.listen)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	spans, traces := 0, 0
	for seed := 0; spans < o.tempo.spans; seed++ {
		td := fleet.Spans(uint64(1000+seed), requestSpans)
		r, err := newRequest(td)
		if err != nil {
			return 0, err
		}
		r.renew(time.Now())
		if err := r.send(ctx, conn); err != nil {
			return 0, err
		}
		spans += r.items
		traces += r.distinctTraces()
	}
	if err := s.flush(ctx); err != nil {
		return 0, err
	}
	stored, err := s.awaitBlocks(ctx, traces)
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(o.log, "%-7s %d spans, %d traces in %d blocks of %d bytes\n", s.kind, spans, traces, stored.blocks, stored.bytes)
	return float64(stored.bytes) / float64(spans), nil
}

// stored is what there is in Tempo's blocks.
type stored struct {
	blocks, traces int
	bytes          int64
}

// awaitBlocks waits until all traces are in blocks that have been written.
func (s *side) awaitBlocks(ctx context.Context, traces int) (found stored, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	err = s.tempo.Await(ctx, fmt.Sprintf("%d traces in blocks", traces), func(context.Context) (bool, error) {
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
