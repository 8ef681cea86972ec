// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package cloudlabelsprocessor

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/sealgate/sealgate/labels"
	"github.com/sealgate/sealgate/processor/cloudlabelsprocessor/internal/metadatatest"
)

// The labels of the corpus come out of every signal, are promoted to
// datapoints, are counted, and a second gateway changes nothing.
func TestTheCorpusPassesTwoGateways(t *testing.T) {
	table, err := labels.New(labels.Options{})
	require.NoError(t, err)
	for _, r := range corpus(t) {
		t.Run(r.Name, func(t *testing.T) {
			first, second := newHarness(t, ``), newHarness(t, ``)
			td := first.traces(t, tracesOf(r.Resource))
			once := marshalTraces(t, td)
			assert.Equal(t, r.Labels, labelsIn(table, td.ResourceSpans().At(0).Resource().Attributes()))
			assert.Equal(t, once, marshalTraces(t, second.traces(t, td)))
			for _, name := range []string{"normalized", "unknown", "conflicts", "inferred", "disagreements", "repaired", "implausible"} {
				var total int64
				for _, count := range first.counts(t, name) {
					total += count
				}
				assert.Equal(t, r.Counts[name], total, name)
			}
			for _, name := range []string{"normalized", "inferred", "repaired"} {
				assert.Empty(t, second.counts(t, name), name)
			}

			ld := first.logs(t, logsOf(r.Resource))
			assert.Equal(t, r.Labels, labelsIn(table, ld.ResourceLogs().At(0).Resource().Attributes()))

			rm := first.metrics(t, metricsOf(r.Resource)).ResourceMetrics().At(0)
			assert.Equal(t, r.Labels, labelsIn(table, rm.Resource().Attributes()))
			point := rm.ScopeMetrics().At(0).Metrics().At(0).Gauge().DataPoints().At(0)
			assert.Equal(t, r.Labels, labelsIn(table, point.Attributes()))
		})
	}
}

func labelsIn(table *labels.Table, m pcommon.Map) map[string]string {
	found := map[string]string{}
	m.Range(func(key string, value pcommon.Value) bool {
		if s, ok := table.Spelling(key); ok {
			found[s.Key.String()] = value.AsString()
		}
		return true
	})
	return found
}

func TestOnlyResourcesAreInferredFrom(t *testing.T) {
	evidence := map[string]any{"provider_id": "cn-hangzhou.i-bp1", "kubelet_version": "v1.28.15-aliyun.1", "cloud.zone": "cn-hangzhou-h"}
	h := newHarness(t, `{scopes: [span, record, datapoint], static: [{match: {provider_id: "*"}, set: {cloud.account.id: "1"}}]}`)

	td := tracesOf(nil)
	span := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
	require.NoError(t, span.Attributes().FromRaw(evidence))
	want := maps.Clone(evidence)
	want["cloud_availability_zone"] = want["cloud.zone"]
	delete(want, "cloud.zone")
	out := h.traces(t, td)
	assert.Equal(t, want, out.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes().AsRaw())

	// kube-state-metrics tells of other machines than its own.
	md := h.metrics(t, datapointsOf(evidence))
	assert.Empty(t, md.ResourceMetrics().At(0).Resource().Attributes().AsRaw())
	assert.Equal(t, want, md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Gauge().DataPoints().At(0).Attributes().AsRaw())
	assert.Empty(t, h.counts(t, "inferred"))
}

func TestStaticRulesWinAndAreTheSameForEverySignal(t *testing.T) {
	h := newHarness(t, `static: [{match: {k8s.cluster.name: "idc-*"}, set: {cloud.provider: On-Premises, cloud.region: frankfurt}}]`)
	in := map[string]any{"k8s.cluster.name": "idc-7", "cloud.provider": "aws", "topology.kubernetes.io/region": "us-east-1", "k8s.kubelet.version": "v1.31.2+k3s1"}
	want := map[string]any{
		"k8s.cluster.name": "idc-7", "k8s.kubelet.version": "v1.31.2+k3s1",
		"cloud_provider": "on_premises", "cloud_platform": "k3s", "cloud_region": "frankfurt",
	}
	assert.Equal(t, want, h.traces(t, tracesOf(in)).ResourceSpans().At(0).Resource().Attributes().AsRaw())
	assert.Equal(t, want, h.logs(t, logsOf(in)).ResourceLogs().At(0).Resource().Attributes().AsRaw())
	assert.Equal(t, want, h.metrics(t, metricsOf(in)).ResourceMetrics().At(0).Resource().Attributes().AsRaw())
}

func TestInferenceIsCountedByLabelAndConfidence(t *testing.T) {
	h := newHarness(t, `infer: {min_confidence: weak}`)
	h.traces(t, tracesOf(
		map[string]any{"provider_id": "hcloud://4711"},
		map[string]any{"cloud_region": "cn-hangzhou"},
		map[string]any{"provider_id": "hcloud://4711", "kubelet_version": "v1.28.15-aliyun.1"},
		map[string]any{"cloud_provider": "gcp", "cloud_availability_zone": "projects/1/zones/us-east1-b"},
		map[string]any{"cloud_provider": "aws", "cloud_platform": "azure.vm"},
	))
	point := func(key labels.Key, confidence labels.Confidence, value int64) metricdata.DataPoint[int64] {
		attrs := []attribute.KeyValue{attribute.String("key", key.String())}
		if confidence != "" {
			attrs = append(attrs, attribute.String("confidence", string(confidence)))
		}
		return metricdata.DataPoint[int64]{Attributes: attribute.NewSet(attrs...), Value: value}
	}
	metadatatest.AssertEqualProcessorCloudlabelsInferred(t, h.telemetry, []metricdata.DataPoint[int64]{
		point(labels.Provider, labels.Strong, 1), point(labels.HostID, labels.Strong, 1),
		point(labels.Provider, labels.Weak, 1), point(labels.Region, labels.Strong, 1),
	}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualProcessorCloudlabelsDisagreements(t, h.telemetry, []metricdata.DataPoint[int64]{
		point(labels.Provider, "", 1),
	}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualProcessorCloudlabelsRepaired(t, h.telemetry, []metricdata.DataPoint[int64]{
		point(labels.AvailabilityZone, "", 1),
	}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualProcessorCloudlabelsImplausible(t, h.telemetry, []metricdata.DataPoint[int64]{
		point(labels.Platform, "", 1),
	}, metricdatatest.IgnoreTimestamp())
}

func TestInferenceAndPlausibilityHaveAnOffSwitch(t *testing.T) {
	h := newHarness(t, `{infer: {enabled: false}, plausibility: off}`)
	in := map[string]any{
		"cloud_provider": "alibaba", "cloud_region": "cn-shenzhen-a", "cloud_availability_zone": "cn-shenzhen",
		"k8s.kubelet.version": "v1.28.15-aliyun.1",
	}
	assert.Equal(t, in, h.logs(t, logsOf(in)).ResourceLogs().At(0).Resource().Attributes().AsRaw())
	for _, name := range []string{"inferred", "repaired", "implausible", "disagreements"} {
		assert.Empty(t, h.counts(t, name), name)
	}
}
