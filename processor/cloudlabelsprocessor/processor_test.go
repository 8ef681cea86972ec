// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package cloudlabelsprocessor

import (
	"context"
	"maps"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/sealgate/sealgate/processor/cloudlabelsprocessor/internal/metadata"
)

func TestEachSignalHasItsOwnKeyStyle(t *testing.T) {
	h := newHarness(t, `{key_style: dotted, metrics: {key_style: underscore}, logs: {key_style: dotted}}`)
	in := map[string]any{"cloudProvider": "aliyun"}
	td, ld, md := h.traces(t, tracesOf(in)), h.logs(t, logsOf(in)), h.metrics(t, metricsOf(in))

	rm := md.ResourceMetrics().At(0)
	dotted, underscore := map[string]any{"cloud.provider": "alibaba"}, map[string]any{"cloud_provider": "alibaba"}
	assert.Equal(t, dotted, td.ResourceSpans().At(0).Resource().Attributes().AsRaw())
	assert.Equal(t, dotted, ld.ResourceLogs().At(0).Resource().Attributes().AsRaw())
	assert.Equal(t, underscore, rm.Resource().Attributes().AsRaw())
	assert.Equal(t, underscore, rm.ScopeMetrics().At(0).Metrics().At(0).Gauge().DataPoints().At(0).Attributes().AsRaw())
}

// datapointsOf returns one metric of every type, each with a datapoint whose
// attributes are own.
func datapointsOf(own map[string]any) pmetric.Metrics {
	md := pmetric.NewMetrics()
	metrics := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics()
	for _, attrs := range []pcommon.Map{
		metrics.AppendEmpty().SetEmptyGauge().DataPoints().AppendEmpty().Attributes(),
		metrics.AppendEmpty().SetEmptySum().DataPoints().AppendEmpty().Attributes(),
		metrics.AppendEmpty().SetEmptyHistogram().DataPoints().AppendEmpty().Attributes(),
		metrics.AppendEmpty().SetEmptyExponentialHistogram().DataPoints().AppendEmpty().Attributes(),
		metrics.AppendEmpty().SetEmptySummary().DataPoints().AppendEmpty().Attributes(),
	} {
		if err := attrs.FromRaw(own); err != nil {
			panic(err)
		}
	}
	return md
}

func TestPromotionToDatapointsOfEveryType(t *testing.T) {
	resource := map[string]any{"cloud.provider": "aliyun", "topology.kubernetes.io/region": "cn-hangzhou", "cloud.account.id": 42, "service.name": "a"}
	for _, tt := range []struct {
		name, config string
		own, want    map[string]any
	}{
		{
			"labels are copied, whatever their type, and nothing else is", ``,
			map[string]any{"route": "/"},
			map[string]any{"route": "/", "cloud_provider": "alibaba", "cloud_region": "cn-hangzhou", "cloud_account_id": int64(42)},
		},
		{
			"a datapoint's own label wins", ``,
			map[string]any{"cloud_region": "cn-beijing"},
			map[string]any{"cloud_provider": "alibaba", "cloud_region": "cn-beijing", "cloud_account_id": int64(42)},
		},
		{
			"its own label wins under another spelling too", ``,
			map[string]any{"cloud.region": "cn-beijing", "cloudProvider": "qcloud"},
			map[string]any{"cloudProvider": "qcloud", "cloud.region": "cn-beijing", "cloud_account_id": int64(42)},
		},
		{
			"and is normalised where that is asked for", `scopes: [datapoint]`,
			map[string]any{"cloud.region": "cn-beijing", "cloudProvider": "qcloud"},
			map[string]any{"cloud_provider": "tencent", "cloud_region": "cn-beijing", "cloud_account_id": int64(42)},
		},
		{
			"nothing is copied where that is turned off", `promote: false`,
			map[string]any{"cloud.region": "cn-beijing"},
			map[string]any{"cloud.region": "cn-beijing"},
		},
		{
			"datapoints are normalised without promotion too", `{promote: false, scopes: [datapoint]}`,
			map[string]any{"cloud.region": "cn-beijing"},
			map[string]any{"cloud_region": "cn-beijing"},
		},
		{
			"labels are copied in their style", `{key_style: dotted, vocabulary: semconv}`,
			map[string]any{"cloud_region": "cn-beijing"},
			map[string]any{"cloud.provider": "alibaba_cloud", "cloud_region": "cn-beijing", "cloud.account.id": int64(42)},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			md := datapointsOf(tt.own)
			require.NoError(t, md.ResourceMetrics().At(0).Resource().Attributes().FromRaw(resource))
			out := newHarness(t, tt.config).metrics(t, md)
			seen := 0
			for _, m := range out.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
				forEachDatapoint(m, func(attrs pcommon.Map) {
					seen++
					assert.Equal(t, tt.want, attrs.AsRaw(), m.Type())
				})
			}
			assert.Equal(t, 5, seen)
		})
	}
}

func TestDatapointsShareNoPromotedValue(t *testing.T) {
	md := datapointsOf(nil)
	md.ResourceMetrics().At(0).Resource().Attributes().PutEmptySlice("cloud_region").AppendEmpty().SetStr("cn-hangzhou")
	out := newHarness(t, ``).metrics(t, md)
	metrics := out.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
	one, _ := metrics.At(0).Gauge().DataPoints().At(0).Attributes().Get("cloud_region")
	one.Slice().At(0).SetStr("changed")
	other, _ := metrics.At(1).Sum().DataPoints().At(0).Attributes().Get("cloud_region")
	assert.Equal(t, "cn-hangzhou", other.Slice().At(0).Str())
}

// foreignSpans returns one normal resource with n spans that carry foreign
// labels.
func foreignSpans(n int) ptrace.Traces {
	td := tracesOf(normalCloud)
	spans := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
	for range n {
		resource(foreignCloud).CopyTo(spans.AppendEmpty().Attributes())
	}
	return td
}

func TestItemsAreNotTouchedUnlessScopesAsk(t *testing.T) {
	// resource, record and datapoint have nothing to do with spans.
	for _, yaml := range []string{``, `scopes: [resource, record, datapoint]`} {
		td := foreignSpans(100)
		before := marshalTraces(t, td)
		h := newHarness(t, yaml)
		assert.Equal(t, before, marshalTraces(t, h.traces(t, td)))
		assert.Empty(t, h.counts(t, "normalized"))
	}
	h := newHarness(t, `scopes: [span]`)
	h.traces(t, foreignSpans(100))
	assert.EqualValues(t, 100, h.counts(t, "normalized")["cloud.provider"])
}

func TestANormalResourceDoesNotAllocate(t *testing.T) {
	for _, config := range []string{``, everything} {
		n := normalizerOf(t, config)
		evidence := map[string]any{"k8s.node.provider_id": "cn-hangzhou.i-bp1", "cloud_resource_id": "acs:ecs:cn-hangzhou:1234567890:instance/i-bp1"}
		maps.Copy(evidence, normalCloud)
		for _, m := range []pcommon.Map{resource(nil), resource(normalCloud), resource(evidence)} {
			assert.Zero(t, testing.AllocsPerRun(100, func() { n.normalizeResource(m) }))
			assert.Zero(t, testing.AllocsPerRun(100, func() { n.normalize(m) }))
		}
	}
}

// hammers is how many goroutines share each processor, and strokes how often
// each of them uses it.
const hammers, strokes = 16, 100

func TestManyGoroutinesShareAProcessor(t *testing.T) {
	h := newHarness(t, `scopes: [span, record, datapoint]`)
	// The two differ, so that scratch space that leaks from one to the other shows.
	alibaba := map[string]any{"cloud.provider": "aliyun", "topology.kubernetes.io/region": "cn-hangzhou", "cloudRegion": "cn-beijing"}
	unknown := map[string]any{"cloud.provider": "nimbus", "cloud.account.id": 7}
	wants := []map[string]any{
		{"cloud_provider": "alibaba", "cloud_region": "cn-beijing"},
		{"cloud_provider": "nimbus", "cloud_account_id": int64(7)},
	}

	ctx := context.Background()
	var wg sync.WaitGroup
	for range hammers {
		wg.Go(func() {
			for range strokes {
				assert.NoError(t, h.tracesIn.ConsumeTraces(ctx, tracesOf(alibaba, unknown)))
				assert.NoError(t, h.logsIn.ConsumeLogs(ctx, logsOf(alibaba, unknown)))
				assert.NoError(t, h.metricsIn.ConsumeMetrics(ctx, metricsOf(alibaba, unknown)))
			}
		})
	}
	wg.Wait()

	const batches = hammers * strokes
	require.Len(t, h.tracesOut.AllTraces(), batches)
	require.Len(t, h.logsOut.AllLogs(), batches)
	require.Len(t, h.metricsOut.AllMetrics(), batches)
	for i := range batches {
		for j, want := range wants {
			rm := h.metricsOut.AllMetrics()[i].ResourceMetrics().At(j)
			require.Equal(t, want, h.tracesOut.AllTraces()[i].ResourceSpans().At(j).Resource().Attributes().AsRaw())
			require.Equal(t, want, h.logsOut.AllLogs()[i].ResourceLogs().At(j).Resource().Attributes().AsRaw())
			require.Equal(t, want, rm.Resource().Attributes().AsRaw())
			require.Equal(t, want, rm.ScopeMetrics().At(0).Metrics().At(0).Gauge().DataPoints().At(0).Attributes().AsRaw())
		}
	}
	const each = 3 * batches // signals
	assert.Equal(t, map[string]int64{"cloud.provider": 2 * each, "cloud.region": each, "cloud.account.id": each}, h.counts(t, "normalized"))
	assert.Equal(t, map[string]int64{"cloud.provider": each}, h.counts(t, "unknown"))
	assert.Equal(t, map[string]int64{"cloud.region": each}, h.counts(t, "conflicts"))
}

func TestAFactoryRefusesWhatValidateRefuses(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.KeyStyle = "camel"
	set, f, ctx := processortest.NewNopSettings(metadata.Type), NewFactory(), context.Background()
	_, err := f.CreateTraces(ctx, set, cfg, nil)
	require.ErrorContains(t, err, "`key_style`")
	_, err = f.CreateLogs(ctx, set, cfg, nil)
	require.ErrorContains(t, err, "`key_style`")
	_, err = f.CreateMetrics(ctx, set, cfg, nil)
	require.ErrorContains(t, err, "`key_style`")
}
