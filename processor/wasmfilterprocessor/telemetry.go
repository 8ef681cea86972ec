// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmfilterprocessor

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/sealgate/sealgate/processor/wasmfilterprocessor/internal/metadata"
	"github.com/sealgate/sealgate/wasmhost"
)

// instruments are the processor's own metrics.
type instruments struct {
	*metadata.TelemetryBuilder
	own   attribute.KeyValue
	plain metric.MeasurementOption
}

func newInstruments(set processor.Settings) (*instruments, error) {
	builder, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	t := &instruments{TelemetryBuilder: builder, own: attribute.String("processor", set.ID.String())}
	t.plain = t.with()
	return t, nil
}

func (t *instruments) with(more ...attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(append(more, t.own)...))
}

func (t *instruments) count(ctx context.Context, c counts) {
	t.ProcessorWasmfilterIn.Add(ctx, int64(c.in), t.plain)
	t.ProcessorWasmfilterKept.Add(ctx, int64(c.kept), t.plain)
	t.ProcessorWasmfilterProtected.Add(ctx, int64(c.protected), t.plain)
	t.ProcessorWasmfilterPassed.Add(ctx, int64(c.passed), t.plain)
	t.byRule(ctx, t.ProcessorWasmfilterDropped, c.dropped)
	t.byRule(ctx, t.ProcessorWasmfilterRepresented, c.represented)
	t.byRule(ctx, t.ProcessorWasmfilterAudited, c.audited)
}

func (t *instruments) byRule(ctx context.Context, counter metric.Int64Counter, rules map[string]int) {
	for rule, n := range rules {
		counter.Add(ctx, int64(n), t.with(attribute.String("rule", rule)))
	}
}

func (t *instruments) refuse(ctx context.Context, n int) {
	t.ProcessorWasmfilterRefused.Add(ctx, int64(n), t.plain)
}

func (t *instruments) report(ctx context.Context, rule string, n uint64) {
	t.ProcessorWasmfilterReported.Add(ctx, int64(n), t.with(attribute.String("rule", rule)))
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
