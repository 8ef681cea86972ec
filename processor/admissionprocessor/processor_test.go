// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package admissionprocessor

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/sealgate/sealgate/admission"
	"github.com/sealgate/sealgate/processor/admissionprocessor/internal/metadata"
)

func TestConfigurationsAreUnderstood(t *testing.T) {
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	for name, want := range map[string]*Config{
		"admission": createDefaultConfig().(*Config),
		"admission/everything": {
			Profiles: []Profile{Loki}, MaxItemBytes: 1000, MaxRequestBytes: 5_000_000_000, Delta: DeltaAccept,
			Logs: LogsConfig{MaxAge: 168 * time.Hour, MaxAhead: time.Minute, MaxLineBytes: 3, MaxAttributes: 4, MaxResourceBytes: 5},
		},
	} {
		sub, err := conf.Sub(name)
		require.NoError(t, err)
		cfg := createDefaultConfig()
		require.NoError(t, sub.Unmarshal(cfg))
		require.NoError(t, confmap.Validate(cfg))
		assert.Equal(t, want, cfg)
	}
}

func TestWrongSettingsAreNamed(t *testing.T) {
	for setting, wants := range map[string][]string{
		"profiles: [mimir]":          {"`profiles`", `"mimir"`, "`tempo`", "`loki`", "`prometheus`"},
		"delta: convert":             {"`delta`", `"convert"`, "`refuse`", "`accept`"},
		"max_item_bytes: -1":         {"`max_item_bytes`"},
		"max_request_bytes: -1":      {"`max_request_bytes`"},
		"logs: {max_age: -1h}":       {"`logs::max_age`"},
		"logs: {max_attributes: -1}": {"`logs::max_attributes`"},
	} {
		cfg := configOf(t, setting)
		for _, want := range wants {
			assert.ErrorContains(t, confmap.Validate(cfg), want, setting)
		}
	}
}

func configOf(t *testing.T, settings string) *Config {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	retrieved, err := confmap.NewRetrievedFromYAML([]byte(settings))
	require.NoError(t, err)
	conf, err := retrieved.AsConf()
	require.NoError(t, err)
	require.NoError(t, conf.Unmarshal(cfg))
	return cfg
}

// harness is a processor of each signal in front of a sink that may fail.
type harness struct {
	tel     *componenttest.Telemetry
	traces  consumer.Traces
	logs    consumer.Logs
	metrics consumer.Metrics
	sink    *sink
}

// sink takes everything, or answers with an error.
type sink struct {
	consumertest.TracesSink
	consumertest.LogsSink
	consumertest.MetricsSink
	err error
}

func (*sink) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (s *sink) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	return errors.Join(s.err, s.TracesSink.ConsumeTraces(ctx, td))
}

func (s *sink) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	return errors.Join(s.err, s.LogsSink.ConsumeLogs(ctx, ld))
}

func (s *sink) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	return errors.Join(s.err, s.MetricsSink.ConsumeMetrics(ctx, md))
}

func newHarness(t *testing.T, settings string) *harness {
	t.Helper()
	h := &harness{tel: componenttest.NewTelemetry(), sink: &sink{}}
	t.Cleanup(func() { require.NoError(t, h.tel.Shutdown(context.WithoutCancel(t.Context()))) })
	set := processor.Settings{ID: component.NewID(metadata.Type), TelemetrySettings: h.tel.NewTelemetrySettings()}
	f, cfg := NewFactory(), configOf(t, settings)
	var err error
	h.traces, err = f.CreateTraces(t.Context(), set, cfg, h.sink)
	require.NoError(t, err)
	h.logs, err = f.CreateLogs(t.Context(), set, cfg, h.sink)
	require.NoError(t, err)
	h.metrics, err = f.CreateMetrics(t.Context(), set, cfg, h.sink)
	require.NoError(t, err)
	return h
}

// counted returns a counter by signal and reason.
func (h *harness) counted(t *testing.T, name string) map[string]int64 {
	t.Helper()
	found := map[string]int64{}
	m, err := h.tel.GetMetric("otelcol_processor_admission_" + name)
	if err != nil {
		return found
	}
	for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
		signal, _ := p.Attributes.Value("signal")
		reason, _ := p.Attributes.Value("reason")
		found[signal.AsString()+" "+reason.AsString()] = p.Value
	}
	return found
}

func spans(good, bad int) ptrace.Traces {
	td := ptrace.NewTraces()
	all := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for i := range good + bad {
		s := all.AppendEmpty()
		if i < good {
			s.SetTraceID([16]byte{1})
		}
	}
	return td
}

// oldRecords has records refused that are too old.
const oldRecords = "logs: {max_age: 168h}"

func records(good, old int) plog.Logs {
	ld := plog.NewLogs()
	all := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for i := range good + old {
		r := all.AppendEmpty()
		if i >= good {
			r.SetTimestamp(1)
		}
	}
	return ld
}

func points(good, delta int) pmetric.Metrics {
	md := pmetric.NewMetrics()
	metrics := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics()
	for i := range good + delta {
		m := metrics.AppendEmpty()
		m.SetName("m")
		m.SetEmptySum().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		if i >= good {
			m.Sum().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		}
		m.Sum().DataPoints().AppendEmpty().SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	}
	return md
}

func TestRefusedItemsAreReportedAndCounted(t *testing.T) {
	h := newHarness(t, oldRecords)
	ctx, ticket := admission.NewContext(t.Context())
	require.NoError(t, h.traces.ConsumeTraces(ctx, spans(2, 1)))
	n, signal, message := ticket.Refused()
	assert.Equal(t, 1, n)
	assert.Equal(t, admission.Traces, signal)
	assert.Contains(t, message, "1 refused as empty_trace_id")
	require.NoError(t, h.logs.ConsumeLogs(t.Context(), records(2, 3)))
	ctx, ticket = admission.NewContext(t.Context())
	require.NoError(t, h.metrics.ConsumeMetrics(ctx, points(2, 1)))
	_, _, message = ticket.Refused()
	assert.Contains(t, message, "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=cumulative", "the sender is told what to do")

	assert.Equal(t, map[string]int64{"traces empty_trace_id": 1, "logs too_old": 3, "metrics delta_temporality": 1}, h.counted(t, "refused"))
	assert.Equal(t, 2, h.sink.SpanCount())
	assert.Equal(t, 2, h.sink.LogRecordCount())
	assert.Equal(t, 2, h.sink.DataPointCount())
}

func TestARequestWithoutAGoodItemGoesNoFurther(t *testing.T) {
	h := newHarness(t, oldRecords)
	h.sink.err = errors.New("nothing must come")
	require.NoError(t, h.traces.ConsumeTraces(t.Context(), spans(0, 2)))
	require.NoError(t, h.logs.ConsumeLogs(t.Context(), records(0, 2)))
	require.NoError(t, h.metrics.ConsumeMetrics(t.Context(), points(0, 2)))
	assert.Equal(t, map[string]int64{"traces empty_trace_id": 2, "logs too_old": 2, "metrics delta_temporality": 2}, h.counted(t, "refused"))
}

// The sender keeps the whole request and sends it again, so its bad items would be counted
// twice.
func TestARequestThatTheNextRefusesIsNotCounted(t *testing.T) {
	h := newHarness(t, oldRecords)
	h.sink.err = errors.New("try again")
	ctx, ticket := admission.NewContext(t.Context())
	assert.ErrorIs(t, h.traces.ConsumeTraces(ctx, spans(1, 1)), h.sink.err)
	assert.ErrorIs(t, h.logs.ConsumeLogs(ctx, records(1, 1)), h.sink.err)
	assert.ErrorIs(t, h.metrics.ConsumeMetrics(ctx, points(1, 1)), h.sink.err)
	assert.Empty(t, h.counted(t, "refused"))
	n, _, _ := ticket.Refused()
	assert.Zero(t, n)
	assert.False(t, ticket.TooLarge())
}

// Loki's limits are its operator's; what was written long ago, or is large, may be welcome.
func TestByDefaultLokiDecides(t *testing.T) {
	h := newHarness(t, "")
	ld := records(0, 1)
	r := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().AppendEmpty()
	r.SetTimestamp(pcommon.NewTimestampFromTime(time.Now().AddDate(1, 0, 0)))
	r.Body().SetStr(strings.Repeat("x", 1<<20))
	require.NoError(t, h.logs.ConsumeLogs(t.Context(), ld))
	assert.Equal(t, 2, h.sink.LogRecordCount())
	assert.Empty(t, h.counted(t, "refused"))
}

func TestRepairsAreCounted(t *testing.T) {
	h := newHarness(t, "")
	md := points(1, 0)
	md.ResourceMetrics().At(0).Resource().Attributes().PutStr("__name__", "x")
	md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().AppendEmpty()
	require.NoError(t, h.metrics.ConsumeMetrics(t.Context(), md))
	assert.Equal(t, map[string]int64{"metrics renamed_attribute": 1, "metrics empty_metric": 1}, h.counted(t, "repaired"))
	assert.Empty(t, h.counted(t, "refused"))
	assert.Equal(t, 1, h.sink.DataPointCount())
}

func TestARequestLargerThanTheQueueIsRefusedForGood(t *testing.T) {
	h := newHarness(t, "max_request_bytes: 1000")
	h.sink.err = fmt.Errorf("wrapped: %w", exporterhelper.ErrQueueIsFull)
	send := map[string]func(context.Context, int) error{
		"traces": func(ctx context.Context, n int) error {
			td := spans(1, 0)
			td.ResourceSpans().At(0).Resource().Attributes().PutStr("text", strings.Repeat("x", n))
			return h.traces.ConsumeTraces(ctx, td)
		},
		"logs": func(ctx context.Context, n int) error {
			ld := records(1, 0)
			ld.ResourceLogs().At(0).Resource().Attributes().PutStr("text", strings.Repeat("x", n))
			return h.logs.ConsumeLogs(ctx, ld)
		},
		"metrics": func(ctx context.Context, n int) error {
			md := points(1, 0)
			md.ResourceMetrics().At(0).Resource().Attributes().PutStr("text", strings.Repeat("x", n))
			return h.metrics.ConsumeMetrics(ctx, md)
		},
	}
	for signal, consume := range send {
		t.Run(signal, func(t *testing.T) {
			ctx, ticket := admission.NewContext(t.Context())
			err := consume(ctx, 1000)
			assert.Equal(t, codes.InvalidArgument, status.Code(err))
			assert.ErrorContains(t, err, "the queue holds 1000: it can never fit")
			assert.True(t, ticket.TooLarge())

			ctx, ticket = admission.NewContext(t.Context())
			assert.ErrorIs(t, consume(ctx, 100), exporterhelper.ErrQueueIsFull, "a smaller one fits when there is room")
			assert.False(t, ticket.TooLarge())
		})
	}
}

func TestWithoutALimitAFullQueueIsAnsweredAsEver(t *testing.T) {
	h := newHarness(t, "")
	h.sink.err = exporterhelper.ErrQueueIsFull
	assert.ErrorIs(t, h.logs.ConsumeLogs(t.Context(), records(1, 0)), exporterhelper.ErrQueueIsFull)
}
