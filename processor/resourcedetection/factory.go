// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package resourcedetection is contrib's processor `resource_detection`, which detects while the
// collector starts instead of before.
//
// Contrib's processor asks the metadata services of clouds once for each signal, one after the
// other, and the collector is not ready before. Where the addresses of those services lead nowhere,
// as on premises, that takes its `timeout` three times. This one asks once for all signals. The
// first data waits for the answer, so none leaves without its labels.
//
// It is a module of its own: the software kits of a dozen clouds are no dependency of the rest.
package resourcedetection

import (
	"context"
	"sync"

	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/resourcedetectionprocessor"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/xprocessor"
)

// NewFactory returns the factory of the `resource_detection` processor.
func NewFactory() processor.Factory {
	contrib := resourcedetectionprocessor.NewFactory()
	running := &detections{byID: map[component.ID]*detection{}}
	options := []xprocessor.FactoryOption{
		xprocessor.WithTraces(func(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Traces) (processor.Traces, error) {
			inner, err := contrib.CreateTraces(ctx, set, cfg, next)
			return traces{inner, running.of(set.ID)}, err
		}, contrib.TracesStability()),
		xprocessor.WithMetrics(func(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Metrics) (processor.Metrics, error) {
			inner, err := contrib.CreateMetrics(ctx, set, cfg, next)
			return metrics{inner, running.of(set.ID)}, err
		}, contrib.MetricsStability()),
		xprocessor.WithLogs(func(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Logs) (processor.Logs, error) {
			inner, err := contrib.CreateLogs(ctx, set, cfg, next)
			return logs{inner, running.of(set.ID)}, err
		}, contrib.LogsStability()),
	}
	if former, ok := contrib.(interface{ DeprecatedAlias() component.Type }); ok {
		options = append(options, xprocessor.WithDeprecatedTypeAlias(former.DeprecatedAlias()))
	}
	return xprocessor.NewFactory(contrib.Type(), contrib.CreateDefaultConfig, options...)
}

type (
	traces struct {
		processor.Traces
		*detection
	}
	metrics struct {
		processor.Metrics
		*detection
	}
	logs struct {
		processor.Logs
		*detection
	}
)

func (p traces) Start(_ context.Context, host component.Host) error  { return p.start(p.Traces, host) }
func (p metrics) Start(_ context.Context, host component.Host) error { return p.start(p.Metrics, host) }
func (p logs) Start(_ context.Context, host component.Host) error    { return p.start(p.Logs, host) }

func (p traces) Shutdown(ctx context.Context) error  { return p.shutdown(ctx, p.Traces) }
func (p metrics) Shutdown(ctx context.Context) error { return p.shutdown(ctx, p.Metrics) }
func (p logs) Shutdown(ctx context.Context) error    { return p.shutdown(ctx, p.Logs) }

func (p traces) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	if err := p.await(ctx); err != nil {
		return err
	}
	return p.Traces.ConsumeTraces(ctx, td)
}

func (p metrics) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	if err := p.await(ctx); err != nil {
		return err
	}
	return p.Metrics.ConsumeMetrics(ctx, md)
}

func (p logs) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	if err := p.await(ctx); err != nil {
		return err
	}
	return p.Logs.ConsumeLogs(ctx, ld)
}

// detections are those of the running processors. The signals of a processor share one, as they
// share what contrib's factory detected.
type detections struct {
	mu   sync.Mutex
	byID map[component.ID]*detection
}

func (d *detections) of(id component.ID) *detection {
	d.mu.Lock()
	defer d.mu.Unlock()
	if found, ok := d.byID[id]; ok {
		return found
	}
	made := &detection{done: make(chan struct{}), cancel: func() {}}
	made.forget = func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.byID[id] == made {
			delete(d.byID, id)
		}
	}
	d.byID[id] = made
	return made
}

type detection struct {
	begin  sync.Once
	cancel context.CancelFunc
	done   chan struct{} // closed when the detection has ended
	err    error         // of the detection; read after done
	forget func()
}

// start begins to detect, unless another signal has. An error ends the collector, as an error at
// its start does.
func (d *detection) start(inner component.Component, host component.Host) error {
	d.begin.Do(func() {
		ctx, cancel := context.WithCancel(context.Background())
		d.cancel = cancel
		go func() {
			defer close(d.done)
			if d.err = inner.Start(ctx, host); d.err != nil && ctx.Err() == nil {
				componentstatus.ReportStatus(host, componentstatus.NewFatalErrorEvent(d.err))
			}
		}()
	})
	return nil
}

func (d *detection) await(ctx context.Context) error {
	select {
	case <-d.done:
		return d.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (d *detection) shutdown(ctx context.Context, inner component.Component) error {
	d.begin.Do(func() { close(d.done) }) // it was never started
	d.cancel()
	if err := d.await(ctx); err != nil && ctx.Err() != nil {
		return err
	}
	d.forget()
	return inner.Shutdown(ctx)
}
