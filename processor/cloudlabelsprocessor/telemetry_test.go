// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package cloudlabelsprocessor

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/sealgate/sealgate/processor/cloudlabelsprocessor/internal/metadatatest"
)

func tracesOf(resources ...map[string]any) ptrace.Traces {
	td := ptrace.NewTraces()
	for _, r := range resources {
		rs := td.ResourceSpans().AppendEmpty()
		if err := rs.Resource().Attributes().FromRaw(r); err != nil {
			panic(err)
		}
		rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty().SetName("span")
	}
	return td
}

func logsOf(resources ...map[string]any) plog.Logs {
	ld := plog.NewLogs()
	for _, r := range resources {
		rl := ld.ResourceLogs().AppendEmpty()
		if err := rl.Resource().Attributes().FromRaw(r); err != nil {
			panic(err)
		}
		rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr("record")
	}
	return ld
}

func metricsOf(resources ...map[string]any) pmetric.Metrics {
	md := pmetric.NewMetrics()
	for _, r := range resources {
		rm := md.ResourceMetrics().AppendEmpty()
		if err := rm.Resource().Attributes().FromRaw(r); err != nil {
			panic(err)
		}
		rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty().SetEmptyGauge().DataPoints().AppendEmpty().SetIntValue(1)
	}
	return md
}

func TestOwnMetricsCountByLabel(t *testing.T) {
	h := newHarness(t, ``)
	h.traces(t, tracesOf(
		map[string]any{"cloud.provider": "aliyun", "cloud_region": "cn-hangzhou", "service.name": "a"},
		map[string]any{"cloud_provider": "nimbus", "cloud.region": "here", "topology.kubernetes.io/region": "there"},
		map[string]any{"cloud_provider": "aws", "cloud.platform": "nimbus_vm"},
	))
	h.logs(t, logsOf(map[string]any{"cloud.provider": "aws", "cloudProvider": "qcloud"}))
	h.metrics(t, metricsOf(map[string]any{"cloud_provider": "AWS"}))

	point := func(key string, value int64) metricdata.DataPoint[int64] {
		return metricdata.DataPoint[int64]{Attributes: attribute.NewSet(attribute.String("key", key)), Value: value}
	}
	metadatatest.AssertEqualProcessorCloudlabelsNormalized(t, h.telemetry, []metricdata.DataPoint[int64]{
		point("cloud.provider", 3), point("cloud.region", 1), point("cloud.platform", 1),
	}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualProcessorCloudlabelsUnknown(t, h.telemetry, []metricdata.DataPoint[int64]{
		point("cloud.provider", 1), point("cloud.platform", 1),
	}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualProcessorCloudlabelsConflicts(t, h.telemetry, []metricdata.DataPoint[int64]{
		point("cloud.provider", 1), point("cloud.region", 1),
	}, metricdatatest.IgnoreTimestamp())
}

func TestWhatIsNormalIsNotCounted(t *testing.T) {
	h := newHarness(t, `scopes: [span, record, datapoint]`)
	h.traces(t, tracesOf(normalCloud, nil))
	h.logs(t, logsOf(normalCloud, nil))
	h.metrics(t, metricsOf(normalCloud, nil))
	for _, name := range []string{"normalized", "unknown", "conflicts"} {
		assert.Empty(t, h.counts(t, name), name)
	}
}

func TestDroppedLabelsAreCountedAsWhatTheyWere(t *testing.T) {
	h := newHarness(t, `{on_unknown: drop, on_conflict: drop}`)
	out := h.logs(t, logsOf(
		map[string]any{"cloud.provider": "nimbus"},
		map[string]any{"cloud.provider": "aws", "cloudProvider": "qcloud"},
	))
	for _, rl := range out.ResourceLogs().All() {
		assert.Empty(t, rl.Resource().Attributes().AsRaw())
	}
	assert.Equal(t, map[string]int64{"cloud.provider": 1}, h.counts(t, "unknown"))
	assert.Equal(t, map[string]int64{"cloud.provider": 1}, h.counts(t, "conflicts"))
	assert.Empty(t, h.counts(t, "normalized"))
}

func TestPromotedLabelsAreNotCountedAgain(t *testing.T) {
	h := newHarness(t, ``)
	md := metricsOf(map[string]any{"cloud.provider": "aliyun"})
	points := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Gauge().DataPoints()
	for range 9 {
		points.AppendEmpty()
	}
	out := h.metrics(t, md)
	for _, dp := range out.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Gauge().DataPoints().All() {
		require.Equal(t, map[string]any{"cloud_provider": "alibaba"}, dp.Attributes().AsRaw())
	}
	assert.Equal(t, map[string]int64{"cloud.provider": 1}, h.counts(t, "normalized"))
}
