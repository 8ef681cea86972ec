// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package tally

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
	"go.opentelemetry.io/collector/exporter/xexporter"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// newTraces returns an exporter of the Collector's helper that sends with push, and a
// function that reads its counters.
func newTraces(t *testing.T, push func(context.Context, ptrace.Traces) error) (exporter.Traces, func() map[string]int64) {
	t.Helper()
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.WithoutCancel(t.Context()))) })
	set := exportertest.NewNopSettings(component.MustNewType("some"))
	set.TelemetrySettings = tel.NewTelemetrySettings()
	e, err := exporterhelper.NewTraces(t.Context(), Settings(set), &struct{}{}, push)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, e.Shutdown(context.WithoutCancel(t.Context()))) })
	return e, func() map[string]int64 {
		counted := map[string]int64{}
		for _, name := range []string{"otelcol_exporter_sent_spans", "otelcol_exporter_send_failed_spans"} {
			m, err := tel.GetMetric(name)
			if err != nil {
				continue
			}
			for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
				reason, _ := p.Attributes.Value("error.type")
				counted[name+" "+reason.Emit()] += p.Value
			}
		}
		return counted
	}
}

func spans(n int) ptrace.Traces {
	td := ptrace.NewTraces()
	ss := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty()
	for range n {
		ss.Spans().AppendEmpty()
	}
	return td
}

func TestRefusedItemsAreCountedAsFailed(t *testing.T) {
	e, counted := newTraces(t, func(ctx context.Context, td ptrace.Traces) error {
		Refuse(ctx, "invalid", 2)
		Refuse(ctx, "too_old", 1)
		return nil
	})
	require.NoError(t, e.ConsumeTraces(t.Context(), spans(10)))
	require.NoError(t, e.ConsumeTraces(t.Context(), spans(5)))
	assert.Equal(t, map[string]int64{
		"otelcol_exporter_sent_spans ": 9, "otelcol_exporter_send_failed_spans invalid": 4, "otelcol_exporter_send_failed_spans too_old": 2,
	}, counted())
}

func TestAFailedRequestIsCountedOnce(t *testing.T) {
	e, counted := newTraces(t, func(ctx context.Context, td ptrace.Traces) error {
		Refuse(ctx, "invalid", 2)
		return consumererror.NewPermanent(errors.New("no"))
	})
	require.Error(t, e.ConsumeTraces(t.Context(), spans(10)))
	assert.Equal(t, map[string]int64{"otelcol_exporter_sent_spans ": 0, "otelcol_exporter_send_failed_spans _OTHER": 10}, counted())
}

func TestNoMoreIsRefusedThanWasSent(t *testing.T) {
	e, counted := newTraces(t, func(ctx context.Context, td ptrace.Traces) error {
		Refuse(ctx, "invalid", 7)
		return nil
	})
	require.NoError(t, e.ConsumeTraces(t.Context(), spans(3)))
	assert.Equal(t, map[string]int64{"otelcol_exporter_sent_spans ": 0, "otelcol_exporter_send_failed_spans invalid": 3}, counted())
}

func TestWithoutARefusalNothingChanges(t *testing.T) {
	e, counted := newTraces(t, func(context.Context, ptrace.Traces) error { return nil })
	require.NoError(t, e.ConsumeTraces(t.Context(), spans(3)))
	assert.Equal(t, map[string]int64{"otelcol_exporter_sent_spans ": 3}, counted())
	Refuse(t.Context(), "invalid", 1) // outside of an exporter
}

func TestTheFactoryIsTheSameInAllElse(t *testing.T) {
	for _, f := range []exporter.Factory{otlpexporter.NewFactory(), otlphttpexporter.NewFactory()} {
		w := Wrap(f)
		assert.Equal(t, f.Type(), w.Type())
		assert.Equal(t, f.CreateDefaultConfig(), w.CreateDefaultConfig())
		assert.Equal(t, f.TracesStability(), w.TracesStability())
		assert.Equal(t, f.LogsStability(), w.LogsStability())
		assert.Equal(t, f.MetricsStability(), w.MetricsStability())
		assert.Equal(t, f.(xexporter.Factory).ProfilesStability(), w.(xexporter.Factory).ProfilesStability())
		former := func(f exporter.Factory) component.Type {
			return f.(interface{ DeprecatedAlias() component.Type }).DeprecatedAlias()
		}
		assert.NotEmpty(t, former(f).String(), "the former name of the exporter still works")
		assert.Equal(t, former(f), former(w))
		cfg := w.CreateDefaultConfig()
		require.NoError(t, confmap.NewFromStringMap(map[string]any{"endpoint": "http://127.0.0.1:1"}).Unmarshal(cfg))
		for _, kind := range []component.Type{f.Type(), former(f)} {
			set := exportertest.NewNopSettings(kind)
			_, err := w.CreateTraces(t.Context(), set, cfg)
			require.NoError(t, err)
			_, err = w.CreateMetrics(t.Context(), set, cfg)
			require.NoError(t, err)
			_, err = w.CreateLogs(t.Context(), set, cfg)
			require.NoError(t, err)
		}
	}
}
