// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package cloudlabelsprocessor

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/sealgate/sealgate/processor/cloudlabelsprocessor/internal/metadatatest"
)

// harness has a processor of each signal, as a pipeline would run them, and a
// sink behind each.
type harness struct {
	telemetry *componenttest.Telemetry

	tracesIn   processor.Traces
	logsIn     processor.Logs
	metricsIn  processor.Metrics
	tracesOut  consumertest.TracesSink
	logsOut    consumertest.LogsSink
	metricsOut consumertest.MetricsSink
}

// newHarness starts processors with the configuration that yaml describes, and
// stops them when the test ends.
func newHarness(t testing.TB, yaml string) *harness {
	t.Helper()
	h := &harness{telemetry: componenttest.NewTelemetry()}
	ctx, cfg, set, f := context.Background(), configured(t, yaml), metadatatest.NewSettings(h.telemetry), NewFactory()
	var err error
	h.tracesIn, err = f.CreateTraces(ctx, set, cfg, &h.tracesOut)
	require.NoError(t, err)
	h.logsIn, err = f.CreateLogs(ctx, set, cfg, &h.logsOut)
	require.NoError(t, err)
	h.metricsIn, err = f.CreateMetrics(ctx, set, cfg, &h.metricsOut)
	require.NoError(t, err)
	host := componenttest.NewNopHost()
	require.NoError(t, h.tracesIn.Start(ctx, host))
	require.NoError(t, h.logsIn.Start(ctx, host))
	require.NoError(t, h.metricsIn.Start(ctx, host))
	t.Cleanup(func() {
		require.NoError(t, h.tracesIn.Shutdown(ctx))
		require.NoError(t, h.logsIn.Shutdown(ctx))
		require.NoError(t, h.metricsIn.Shutdown(ctx))
		require.NoError(t, h.telemetry.Shutdown(ctx))
	})
	return h
}

// traces, logs and metrics pass one batch and return what comes out.
func (h *harness) traces(t testing.TB, td ptrace.Traces) ptrace.Traces {
	t.Helper()
	h.tracesOut.Reset()
	require.NoError(t, h.tracesIn.ConsumeTraces(context.Background(), td))
	require.Len(t, h.tracesOut.AllTraces(), 1)
	return h.tracesOut.AllTraces()[0]
}

func (h *harness) logs(t testing.TB, ld plog.Logs) plog.Logs {
	t.Helper()
	h.logsOut.Reset()
	require.NoError(t, h.logsIn.ConsumeLogs(context.Background(), ld))
	require.Len(t, h.logsOut.AllLogs(), 1)
	return h.logsOut.AllLogs()[0]
}

func (h *harness) metrics(t testing.TB, md pmetric.Metrics) pmetric.Metrics {
	t.Helper()
	h.metricsOut.Reset()
	require.NoError(t, h.metricsIn.ConsumeMetrics(context.Background(), md))
	require.Len(t, h.metricsOut.AllMetrics(), 1)
	return h.metricsOut.AllMetrics()[0]
}

// counts returns the processor's counter of the given name, by label. A counter
// that was never added to is empty.
func (h *harness) counts(t testing.TB, name string) map[string]int64 {
	t.Helper()
	counts := make(map[string]int64)
	m, err := h.telemetry.GetMetric("otelcol_processor_cloudlabels_" + name)
	if err != nil {
		return counts
	}
	for _, dp := range m.Data.(metricdata.Sum[int64]).DataPoints {
		key, _ := dp.Attributes.Value("key")
		counts[key.AsString()] = dp.Value
	}
	return counts
}
