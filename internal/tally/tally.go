// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package tally makes an exporter of the Collector count exactly. The exporter counts a
// request as sent or as failed, whole. Where a middleware delivers a request except for a
// few items, those are counted as failed and only the others as sent.
//
// The exporter's helper starts a span before it sends a request, and adds to its counters
// under the span's context afterwards. So a tracer puts a note into that context, the
// middleware writes on the note, and a counter reads it.
package tally

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/xexporter"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

// helper is the scope under which the helper of exporters measures and traces.
const helper = "go.opentelemetry.io/collector/exporter/exporterhelper"

// The counters of the helper, without the name of the items at their end.
const (
	sentPrefix   = "otelcol_exporter_sent_"
	failedPrefix = "otelcol_exporter_send_failed_"
)

// note has the items of one request that the backend refused, by reason.
type note struct {
	mu      sync.Mutex
	refused map[string]int64
}

type noteKey struct{}

// Refuse notes that a backend refused n items of the request that is sent under ctx.
func Refuse(ctx context.Context, reason string, n int) {
	if note, ok := ctx.Value(noteKey{}).(*note); ok {
		note.mu.Lock()
		defer note.mu.Unlock()
		note.refused[reason] += int64(n)
	}
}

// take returns what was noted, at most limit in all, and forgets it.
func (n *note) take(limit int64) map[string]int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	taken := map[string]int64{}
	for _, reason := range slices.Sorted(maps.Keys(n.refused)) {
		taken[reason] = min(n.refused[reason], limit)
		limit -= taken[reason]
	}
	clear(n.refused)
	return taken
}

// Settings returns the settings of an exporter that counts exactly.
func Settings(set exporter.Settings) exporter.Settings {
	set.TracerProvider = tracerProvider{set.TracerProvider}
	set.MeterProvider = meterProvider{set.MeterProvider}
	return set
}

// Wrap returns a factory whose exporters count exactly, and that is the same in all else.
func Wrap(f exporter.Factory) exporter.Factory {
	options := []xexporter.FactoryOption{
		xexporter.WithTraces(func(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Traces, error) {
			return f.CreateTraces(ctx, Settings(set), cfg)
		}, f.TracesStability()),
		xexporter.WithMetrics(func(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Metrics, error) {
			return f.CreateMetrics(ctx, Settings(set), cfg)
		}, f.MetricsStability()),
		xexporter.WithLogs(func(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Logs, error) {
			return f.CreateLogs(ctx, Settings(set), cfg)
		}, f.LogsStability()),
	}
	if x, ok := f.(xexporter.Factory); ok {
		options = append(options, xexporter.WithProfiles(x.CreateProfiles, x.ProfilesStability()))
	}
	if former, ok := f.(interface{ DeprecatedAlias() component.Type }); ok {
		options = append(options, xexporter.WithDeprecatedTypeAlias(former.DeprecatedAlias()))
	}
	return xexporter.NewFactory(f.Type(), f.CreateDefaultConfig, options...)
}

type tracerProvider struct{ trace.TracerProvider }

func (p tracerProvider) Tracer(name string, options ...trace.TracerOption) trace.Tracer {
	t := p.TracerProvider.Tracer(name, options...)
	if name != helper {
		return t
	}
	return tracer{t}
}

type tracer struct{ trace.Tracer }

func (t tracer) Start(ctx context.Context, name string, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	return t.Tracer.Start(context.WithValue(ctx, noteKey{}, &note{refused: map[string]int64{}}), name, options...)
}

type meterProvider struct{ metric.MeterProvider }

func (p meterProvider) Meter(name string, options ...metric.MeterOption) metric.Meter {
	m := p.MeterProvider.Meter(name, options...)
	if name != helper {
		return m
	}
	return &meter{Meter: m, failed: map[string]metric.Int64Counter{}}
}

// meter makes the counters of sent items subtract what a note has.
type meter struct {
	metric.Meter
	mu     sync.Mutex
	failed map[string]metric.Int64Counter // by the name of the items
}

func (m *meter) Int64Counter(name string, options ...metric.Int64CounterOption) (metric.Int64Counter, error) {
	c, err := m.Meter.Int64Counter(name, options...)
	if err != nil {
		return c, err
	}
	if items, ok := strings.CutPrefix(name, failedPrefix); ok {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.failed[items] = c
	}
	if items, ok := strings.CutPrefix(name, sentPrefix); ok {
		return &sent{c, m, items}, nil
	}
	return c, nil
}

type sent struct {
	metric.Int64Counter
	meter *meter
	items string
}

// Add counts the items of a request. It is called with 0 for a request that failed whole.
func (s *sent) Add(ctx context.Context, n int64, options ...metric.AddOption) {
	note, ok := ctx.Value(noteKey{}).(*note)
	if !ok || n == 0 {
		s.Int64Counter.Add(ctx, n, options...)
		return
	}
	s.meter.mu.Lock()
	failed := s.meter.failed[s.items]
	s.meter.mu.Unlock()
	if failed == nil {
		s.Int64Counter.Add(ctx, n, options...)
		return
	}
	for reason, k := range note.take(n) {
		n -= k
		failed.Add(ctx, k, append(slices.Clip(options), metric.WithAttributeSet(attribute.NewSet(
			attribute.String("error.type", reason), attribute.Bool("error.permanent", true))))...)
	}
	s.Int64Counter.Add(ctx, n, options...)
}
