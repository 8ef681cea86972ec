// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmfilterprocessor

import (
	"context"
	"errors"
	"sync"

	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/sealgate/sealgate/internal/logfilter"
	"github.com/sealgate/sealgate/processor/wasmfilterprocessor/internal/metadata"
	"github.com/sealgate/sealgate/wasmhost"
)

// instruments are the processor's own metrics.
type instruments struct {
	*metadata.TelemetryBuilder
	own   attribute.KeyValue
	plain metric.MeasurementOption

	// Options made once: a set of attributes costs more than to judge a dozen records.
	always []metric.AddOption
	mu     sync.RWMutex
	byRule map[string][]metric.AddOption
}

func newInstruments(set processor.Settings) (*instruments, error) {
	builder, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	t := &instruments{TelemetryBuilder: builder, own: attribute.String("processor", set.ID.String())}
	t.plain = t.with()
	t.always = []metric.AddOption{t.plain}
	t.byRule = map[string][]metric.AddOption{}
	return t, nil
}

func (t *instruments) with(more ...attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(append(more, t.own)...))
}

func (t *instruments) count(ctx context.Context, c *logfilter.Counts, name func(wasmhost.RuleID) string) {
	t.ProcessorWasmfilterIn.Add(ctx, int64(c.In), t.always...)
	t.ProcessorWasmfilterKept.Add(ctx, int64(c.Kept), t.always...)
	t.ProcessorWasmfilterProtected.Add(ctx, int64(c.Protected), t.always...)
	t.ProcessorWasmfilterPassed.Add(ctx, int64(c.Passed), t.always...)
	t.tally(ctx, t.ProcessorWasmfilterDropped, &c.Dropped, name)
	t.tally(ctx, t.ProcessorWasmfilterRepresented, &c.Represented, name)
	t.tally(ctx, t.ProcessorWasmfilterAudited, &c.Audited, name)
	t.tally(ctx, t.ProcessorWasmfilterPatches, &c.Patches, name)
	for why, n := range c.PatchesRefused {
		if n > 0 {
			t.ProcessorWasmfilterPatchesRefused.Add(ctx, int64(n), t.with(attribute.String("reason", logfilter.Refusal(why).String())))
		}
	}
}

func (t *instruments) tally(ctx context.Context, counter metric.Int64Counter, all *logfilter.Tally, name func(wasmhost.RuleID) string) {
	all.Each(func(r logfilter.Rule, n int) { counter.Add(ctx, int64(n), t.ofRule(r.Name(name))...) })
}

func (t *instruments) refuse(ctx context.Context, n int) {
	t.ProcessorWasmfilterRefused.Add(ctx, int64(n), t.always...)
}

func (t *instruments) report(ctx context.Context, rule string, n uint64) {
	t.ProcessorWasmfilterReported.Add(ctx, int64(n), t.ofRule(rule)...)
}

func (t *instruments) lose(ctx context.Context, rule string, n uint64) {
	t.ProcessorWasmfilterUnreported.Add(ctx, int64(n), t.ofRule(rule)...)
}

// ofRule remembers the options of a rule. A filter bounds the names of its rules, so they are bounded too.
func (t *instruments) ofRule(name string) []metric.AddOption {
	t.mu.RLock()
	options, ok := t.byRule[name]
	t.mu.RUnlock()
	if ok {
		return options
	}
	options = []metric.AddOption{t.with(attribute.String("rule", name))}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.byRule[name] = options
	return options
}

// watch reports what the filter counts itself.
func (t *instruments) watch(f *wasmhost.Filter) error {
	return errors.Join(
		t.RegisterProcessorWasmfilterErrorsCallback(func(_ context.Context, o metric.Int64Observer) error {
			s := f.Stats()
			for _, kind := range wasmhost.Kinds() {
				o.Observe(int64(s.Errors[kind]), t.with(attribute.String("kind", kind.String())))
			}
			return nil
		}),
		t.RegisterProcessorWasmfilterFuelCallback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(int64(f.Stats().FuelUsed), t.plain)
			return nil
		}),
		t.RegisterProcessorWasmfilterTimeCallback(func(_ context.Context, o metric.Float64Observer) error {
			o.Observe(f.Stats().GuestTime.Seconds(), t.plain)
			return nil
		}),
		t.RegisterProcessorWasmfilterInstancesCallback(func(_ context.Context, o metric.Int64Observer) error {
			s := f.Stats()
			o.Observe(int64(s.Instances), t.with(attribute.String("engine", string(s.Engine))))
			return nil
		}),
		t.RegisterProcessorWasmfilterSwapsCallback(func(_ context.Context, o metric.Int64Observer) error {
			s := f.Stats()
			o.Observe(int64(s.Swaps), t.with(attribute.String("outcome", "done")))
			o.Observe(int64(s.SwapsRefused), t.with(attribute.String("outcome", "refused")))
			return nil
		}),
	)
}
