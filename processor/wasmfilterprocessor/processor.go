// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmfilterprocessor

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.uber.org/zap"

	"github.com/sealgate/sealgate/internal/logfilter"
	"github.com/sealgate/sealgate/wasmfilters/builtin"
	"github.com/sealgate/sealgate/wasmhost"
)

// wasmFilter is the processor. It is safe for concurrent use.
type wasmFilter struct {
	cfg  *Config
	next consumer.Logs
	log  *zap.Logger
	tel  *instruments
	view *logfilter.View

	summaries logfilter.Summaries
	unsent    []logfilter.Summary // that what comes next has refused so far

	runtime *wasmhost.Runtime
	filter  *wasmhost.Filter
	journal *journal
	digest  string        // of the module that was loaded
	loaded  fileState     // of its file
	drops   atomic.Uint64 // records that rules dropped, for the audit

	stop       context.CancelFunc
	background sync.WaitGroup
}

func newProcessor(set processor.Settings, cfg *Config, next consumer.Logs) (*wasmFilter, error) {
	tel, err := newInstruments(set)
	if err != nil {
		return nil, err
	}
	view := &logfilter.View{Guard: cfg.NeverDrop.guard(), Infer: inferModes[cfg.InferSeverity], MetadataKeys: cfg.MetadataKeys}
	return &wasmFilter{cfg: cfg, next: next, log: set.Logger, tel: tel, view: view, journal: newJournal(set.Logger, cfg.OnError)}, nil
}

// Capabilities says that records are removed and changed in place.
func (*wasmFilter) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: true}
}

// Start loads the module, unless that is done, and fails where that does not work; after that a bad
// module leaves the old one in charge.
func (p *wasmFilter) Start(ctx context.Context, _ component.Host) error {
	if p.filter == nil {
		if err := p.open(ctx); err != nil {
			return err
		}
	}
	if err := p.tel.watch(p.filter); err != nil {
		return err
	}
	s := p.filter.Stats()
	p.log.Info("a filter is in charge", zap.String("name", s.Name), zap.String("version", s.Version),
		zap.String("sha256", s.SHA256), zap.String("engine", string(s.Engine)))
	p.begin(p.digest, p.loaded)
	return nil
}

// open loads the module and starts the filter.
func (p *wasmFilter) open(ctx context.Context) error {
	config, err := p.cfg.guestConfig()
	if err != nil {
		return err
	}
	opts := p.cfg.runtimeOptions()
	opts.OnCacheError = func(err error) {
		p.log.Warn("`cache_directory` cannot be used; filters are compiled at each start", zap.Error(err))
	}
	p.runtime, err = wasmhost.NewRuntime(ctx, opts)
	if err != nil {
		return err
	}
	p.loaded = stateOf(p.cfg.Module) // before it is read, so that no change is missed
	module, err := p.cfg.load(ctx, p.runtime)
	if err != nil {
		return fmt.Errorf("`module` %s: %w", p.cfg.Module, err)
	}
	p.digest = module.SHA256()
	p.filter, err = wasmhost.NewFilter(ctx, module, wasmhost.Options{
		Config:        config,
		Instances:     p.cfg.Instances,
		FuelPerRecord: p.cfg.FuelPerRecord,
		OnError:       onErrors[p.cfg.OnError],
		Allow:         p.cfg.Allow,
		TrialRecords:  p.cfg.TrialRecords,
		KeepOutput:    p.cfg.LogOutput,
		OnEvent:       p.journal.event,
	})
	if err != nil {
		return fmt.Errorf("`module` %s does not take its `config`: %w", p.cfg.Module, err)
	}
	return nil
}

// shipped is the prefix of the names of filters that are compiled in.
const shipped = "builtin:"

func (cfg *Config) load(ctx context.Context, r *wasmhost.Runtime) (*wasmhost.Module, error) {
	name, ok := strings.CutPrefix(cfg.Module, shipped)
	if !ok {
		return r.LoadFile(ctx, cfg.Module, cfg.Digest)
	}
	m, err := builtin.Find(name)
	if err != nil {
		return nil, err
	}
	return r.LoadSource(ctx, wasmhost.Source(m), cfg.Digest)
}

func (cfg *Config) runtimeOptions() wasmhost.RuntimeOptions {
	return wasmhost.RuntimeOptions{
		CacheDir:    cfg.CacheDirectory,
		MemoryPages: uint32(cfg.MemoryMiB << 10 / pageKiB),
		Interpreter: cfg.interpreter,
	}
}

// begin starts what goes on in the background.
func (p *wasmFilter) begin(digest string, loaded fileState) {
	ctx, cancel := context.WithCancel(context.Background())
	p.stop = cancel
	p.background.Go(debug.FreeOSMemory) // what loading took is several times what a filter keeps
	p.background.Go(func() { p.flushAll(ctx) })
	if p.cfg.ReloadInterval > 0 && !strings.HasPrefix(p.cfg.Module, shipped) {
		w := &watcher{wasmFilter: p, digest: digest, loaded: loaded, seen: loaded}
		p.background.Go(func() { w.run(ctx) })
	}
}

// Shutdown hands on the last reports. It may be called before Start and again.
func (p *wasmFilter) Shutdown(ctx context.Context) error {
	if p.stop != nil {
		p.stop()
		p.background.Wait()
		p.stop = nil
	}
	var err error
	if p.filter != nil {
		var reports []wasmhost.Report
		reports, err = p.filter.Close(ctx)
		p.emit(ctx, reports, true)
		p.filter = nil
	}
	if p.runtime != nil {
		err = errors.Join(err, p.runtime.Close(ctx))
		p.runtime = nil
	}
	p.tel.Shutdown()
	return err
}

// ConsumeLogs judges a batch and hands on what is kept. What the next component refuses counts when it
// comes again.
func (p *wasmFilter) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	b := p.view.Batch(ctx, ld)
	defer b.Release()
	if b.Len() == 0 {
		return p.next.ConsumeLogs(ctx, ld)
	}
	judged, err := p.filter.Begin(ctx, b, b.Verdicts)
	if err != nil {
		p.tel.refuse(ctx, b.Len())
		return err // it may be sent again
	}
	if p.cfg.Reports == ReportLog {
		p.summaries.Remember(b)
	}
	counts := b.Settle(p.audit(), p.filter.RuleName)
	if len(p.cfg.Allow) > 0 { // otherwise no filter has patches
		b.Apply(judged)
	}
	over := false // stays so where what comes next panics
	defer func() {
		if !over {
			judged.Cancel()
			return
		}
		judged.Commit()
		p.tel.count(ctx, counts, p.filter.RuleName)
		p.journal.refused(counts)
	}()
	switch counts.Kept {
	case 0:
		over = true
		return nil
	case b.Len():
	default:
		b.Remove(ld)
	}
	err = p.next.ConsumeLogs(ctx, ld)
	over = err == nil || consumererror.IsPermanent(err)
	return whole(err)
}

// audit returns what tells whether the record that a rule drops now is kept as a sample, or nil where none is.
func (p *wasmFilter) audit() func() bool {
	n := uint64(p.cfg.AuditOneIn)
	if n == 0 {
		return nil
	}
	return func() bool { return p.drops.Add(1)%n == 0 }
}

// whole has the sender send the whole batch again where a part of it got on: of a part, the dropped records
// would be in no report.
func whole(err error) error {
	var part consumererror.Logs
	if !errors.As(err, &part) || consumererror.IsPermanent(err) {
		return err
	}
	return fmt.Errorf("a part of the batch was refused, all of it is to be sent again: %w", part.Unwrap())
}
