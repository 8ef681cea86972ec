// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package filterbench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/internal/logfile"
	"github.com/sealgate/sealgate/internal/logfilter"
	"github.com/sealgate/sealgate/wasmhost"
)

// Options of a Bench. The zero value guards no record, infers no severity and shows no example.
type Options struct {
	// Config is the configuration of the filter, JSON; empty is {}.
	Config []byte
	// View says which records are protected, and what is done for records without a severity.
	View logfilter.View
	// MemoryMiB is the most memory of the instance; 0 is the gateway's default.
	MemoryMiB int
	// Arrival has time be that of the clock, as if the records had just come in. Otherwise time
	// is that of the records, so that windows are as long as they were.
	Arrival bool
	// Examples is the most examples of each outcome.
	Examples int
	// Output keeps what the filter writes to standard output and error, which may quote records.
	Output bool
	// Top is the most templates that are listed.
	Top int
	// Each is called with each record and what became of it, in order; nil is allowed.
	Each func(plog.LogRecord, Fate)
	// Allow is what the filter may change of records.
	Allow []wasmhost.Change
	// CacheDir keeps compiled modules between runs; empty keeps none.
	CacheDir string
}

// Source is where records come from: a logfile.Reader.
type Source interface {
	// Read returns the next record, or io.EOF.
	Read() (logfile.Record, error)
}

// Receiver is where records come from that a receiver has made.
type Receiver interface {
	// Next returns the next records, or io.EOF.
	Next() (plog.Logs, error)
}

const (
	batchRecords  = 512
	batchTime     = uint64(time.Second) // in a batch, as records come in at a gateway
	flushInterval = 10 * time.Second    // the gateway's default
	defaultMemory = 64                  // MiB, the gateway's default
	maxOutputs    = 20                  // of what the filter writes
)

// Bench is a filter with one instance, and what it has done so far. It is for one
// goroutine.
type Bench struct {
	opts    Options
	runtime *wasmhost.Runtime
	filter  *wasmhost.Filter
	batch   batch
	sums    logfilter.Summaries
	at      time.Time // the time of the batch, of the clock of Options.Arrival
	began   time.Time // when it was that, by the system's
	flushed time.Time
	tally   tally
	changes changes
	result  Result
}

// New compiles and starts a filter. An error of the filter itself is a
// *wasmhost.Error.
func New(ctx context.Context, module []byte, o Options) (*Bench, error) {
	if o.MemoryMiB == 0 {
		o.MemoryMiB = defaultMemory
	}
	b := &Bench{opts: o, batch: newBatch(), tally: newTally(o), changes: changes{o.Examples, map[string]*Change{}, map[string]uint64{}}, at: time.Unix(0, 0), began: time.Now()}
	if err := b.start(ctx, module); err != nil {
		return nil, errors.Join(err, b.Close(ctx))
	}
	return b, nil
}

func (b *Bench) start(ctx context.Context, wasm []byte) (err error) {
	b.runtime, err = wasmhost.NewRuntime(ctx, wasmhost.RuntimeOptions{CacheDir: b.opts.CacheDir, MemoryPages: uint32(b.opts.MemoryMiB) << 4})
	if err != nil {
		return err
	}
	begin := time.Now()
	module, err := b.runtime.Load(ctx, wasm, "")
	if err != nil {
		return err
	}
	b.result.Cost.Compile = time.Since(begin)
	begin = time.Now()
	b.filter, err = wasmhost.NewFilter(ctx, module, wasmhost.Options{
		Config: b.opts.Config, Instances: 1, ChunkRecords: batchRecords, Now: b.now, KeepOutput: b.opts.Output, OnEvent: b.event, Allow: b.opts.Allow,
	})
	if err != nil {
		return err
	}
	b.result.Cost.Start = time.Since(begin)
	b.flush(ctx) // so that what the start took is counted, and not in the first chunk
	return nil
}

// event keeps what the filter writes first.
func (b *Bench) event(e wasmhost.Event) {
	if e.Kind == wasmhost.EventOutput && len(b.result.Output) < maxOutputs {
		b.result.Output = append(b.result.Output, e.Output)
	}
}

// now goes on while the filter works: the host measures by the same clock.
func (b *Bench) now() time.Time { return b.at.Add(time.Since(b.began)) }

// Run has the filter judge all records of a source. After an error, which is the
// source's or the context's, the result is that of the records before it.
func (b *Bench) Run(ctx context.Context, s Source) error {
	for {
		r, err := s.Read()
		if err != nil {
			return b.end(ctx, err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if b.batch.isFull(r.Time) {
			b.judge(ctx)
		}
		b.batch.add(&r)
	}
}

// Receive has the filter judge all records of a receiver, in the same way.
func (b *Bench) Receive(ctx context.Context, from Receiver) error {
	for {
		ld, err := from.Next()
		if err != nil {
			return b.end(ctx, err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, rl := range ld.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, l := range sl.LogRecords().All() {
					if b.batch.isFull(timeOf(l)) {
						b.judge(ctx)
					}
					b.batch.take(rl, sl, l)
				}
			}
		}
	}
}

// end has the filter judge what is left, and returns the error of a source unless it is its end.
func (b *Bench) end(ctx context.Context, err error) error {
	b.judge(ctx)
	if err == io.EOF {
		return nil
	}
	return err
}

// judge settles the batch. The filter's errors are in its Stats: its records pass.
func (b *Bench) judge(ctx context.Context) {
	if b.batch.n == 0 {
		return
	}
	view := b.opts.View.Batch(ctx, b.batch.logs)
	defer view.Release()
	before := b.filter.Stats()
	b.began = time.Now()
	if last := time.Unix(0, int64(b.batch.last)); b.opts.Arrival {
		b.at = b.began
	} else if last.After(b.at) {
		b.at = last
	}
	judged, err := b.filter.Begin(ctx, view, view.Verdicts)
	b.result.Cost.took(time.Since(b.began), before, b.filter.Stats(), view.Len())
	if err == nil {
		b.sums.Remember(view)
		b.tally.add(view, b.filter.RuleName) // as they came
		b.changes.apply(view, judged, b.filter.RuleName)
		judged.Commit()
	}
	b.batch = newBatch()
	b.tick(ctx)
}

// tick flushes where that is due.
func (b *Bench) tick(ctx context.Context) {
	if b.flushed.IsZero() {
		b.flushed = b.at
	}
	if b.at.Sub(b.flushed) >= flushInterval {
		b.flush(ctx)
		b.flushed = b.at
	}
}

func (b *Bench) flush(ctx context.Context) { b.report(b.filter.Flush(ctx), false) }

func (b *Bench) report(reports []wasmhost.Report, last bool) {
	b.tally.report(reports, b.filter.RuleName)
	b.tally.summaries(b.sums.Of(reports, b.filter.RuleName, b.at, last))
}

// Records is how many have been judged.
func (b *Bench) Records() uint64 { return b.result.Cost.records }

// Result has the filter report what is left, and returns what it has done. After
// it the bench is of no use but to be closed.
func (b *Bench) Result(ctx context.Context) (*Result, error) {
	before := b.filter.Stats()
	b.result.Allow = b.filter.Manifest().Patches
	reports, err := b.filter.Close(ctx)
	if err != nil {
		return nil, fmt.Errorf("end the filter: %w", err)
	}
	b.report(reports, true)
	r := &b.result
	r.fill(before, b.filter.Stats())
	b.tally.fill(r)
	b.changes.fill(r)
	return r, nil
}

// Close frees everything. It may be called again.
func (b *Bench) Close(ctx context.Context) error {
	var err error
	if b.filter != nil {
		_, err = b.filter.Close(ctx)
	}
	if b.runtime != nil {
		err = errors.Join(err, b.runtime.Close(ctx))
	}
	b.filter, b.runtime = nil, nil
	return err
}
