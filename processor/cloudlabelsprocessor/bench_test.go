// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package cloudlabelsprocessor

import (
	"context"
	"fmt"
	"maps"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sealgate/sealgate/labels/testdata"
)

// rest is what a Kubernetes resource carries besides its cloud labels.
var rest = map[string]any{
	"service.name":           "checkout",
	"service.version":        "1.14.2",
	"service.instance.id":    "checkout-7d9f-x2x",
	"k8s.cluster.name":       "prod",
	"k8s.namespace.name":     "shop",
	"k8s.pod.name":           "checkout-7d9f-x2x",
	"k8s.deployment.name":    "checkout",
	"k8s.node.name":          "node-17",
	"host.name":              "node-17",
	"os.type":                "linux",
	"telemetry.sdk.language": "go",
}

func resource(cloud map[string]any) pcommon.Map {
	m := pcommon.NewMap()
	_ = m.FromRaw(rest)
	for k, v := range cloud {
		_ = m.PutEmpty(k).FromRaw(v)
	}
	return m
}

var (
	normalCloud = map[string]any{
		"cloud_provider":          "alibaba",
		"cloud_region":            "cn-hangzhou",
		"cloud_availability_zone": "cn-hangzhou-h",
		"cloud_account_id":        "1234567890",
		"host_type":               "ecs.g7.xlarge",
		"host_id":                 "i-bp15hr53jws84akg4gkd",
	}
	foreignCloud = map[string]any{
		"cloud.provider":                   "aliyun",
		"topology.kubernetes.io/region":    "cn-hangzhou",
		"topology.kubernetes.io/zone":      "cn-hangzhou-h",
		"node.kubernetes.io/instance-type": "ecs.g7.xlarge",
	}
)

func benchmarkNormalizer(b testing.TB) *normalizer { return normalizerOf(b, ``) }

func normalizerOf(b testing.TB, yaml string) *normalizer {
	table, err := configured(b, yaml).Table(SignalConfig{})
	if err != nil {
		b.Fatal(err)
	}
	return newNormalizer(table)
}

// everything turns on all that a resource may cost.
const everything = `
infer: {min_confidence: weak}
static:
  - match: {k8s.cluster.name: "idc-*"}
    set: {cloud.provider: on_premises}
  - match: {k8s.cluster.name: "edge-*", k8s.namespace.name: shop}
    set: {cloud.provider: on_premises, cloud.platform: k3s}
`

func BenchmarkNormalResource(b *testing.B) {
	for name, config := range map[string]string{"default": ``, "everything on": everything} {
		b.Run(name, func(b *testing.B) {
			n := normalizerOf(b, config)
			m := resource(normalCloud)
			b.ReportAllocs()
			for b.Loop() {
				n.normalizeResource(m)
			}
		})
	}
}

// BenchmarkCorpus subtracts nothing either: see BenchmarkForeignResource.
func BenchmarkCorpus(b *testing.B) {
	for _, r := range corpus(b) {
		b.Run(r.Name, func(b *testing.B) {
			n := normalizerOf(b, everything)
			src, m := mapOf(b, r.Resource), pcommon.NewMap()
			b.ReportAllocs()
			for b.Loop() {
				src.CopyTo(m)
				n.normalizeResource(m)
			}
		})
	}
}

func corpus(t testing.TB) []testdata.Resource {
	t.Helper()
	all, err := testdata.Resources()
	require.NoError(t, err)
	return all
}

func mapOf(t testing.TB, raw map[string]any) pcommon.Map {
	t.Helper()
	m := pcommon.NewMap()
	require.NoError(t, m.FromRaw(raw))
	return m
}

// BenchmarkForeignResource subtracts nothing: the copy that gives each round a
// fresh resource is measured beside it, as BenchmarkCopy.
func BenchmarkForeignResource(b *testing.B) {
	n := benchmarkNormalizer(b)
	src, m := resource(foreignCloud), pcommon.NewMap()
	b.ReportAllocs()
	for b.Loop() {
		src.CopyTo(m)
		n.normalizeResource(m)
	}
}

func BenchmarkCopy(b *testing.B) {
	src, m := resource(foreignCloud), pcommon.NewMap()
	b.ReportAllocs()
	for b.Loop() {
		src.CopyTo(m)
	}
}

// benchmarkSignal measures a processor of one signal over batches that restore
// makes anew, untimed, wherever the last one was changed.
func benchmarkSignal[T any](b *testing.B, restore func() T, process func(*cloudLabels, context.Context, T) (T, error)) {
	p, err := newProcessor(componenttest.NewNopTelemetrySettings(), configured(b, ``), SignalConfig{})
	if err != nil {
		b.Fatal(err)
	}
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		batch := restore()
		b.StartTimer()
		if _, err := process(p, ctx, batch); err != nil {
			b.Fatal(err)
		}
	}
}

// hundred has a hundred resources, foreign and normal in turn.
var hundred = func() (all []map[string]any) {
	for i := range 100 {
		r := map[string]any{}
		maps.Copy(r, rest)
		maps.Copy(r, []map[string]any{foreignCloud, normalCloud}[i%2])
		all = append(all, r)
	}
	return all
}()

func BenchmarkTraces(b *testing.B) {
	b.Run("100 resources", func(b *testing.B) {
		src := tracesOf(hundred...)
		benchmarkSignal(b, func() ptrace.Traces {
			td := ptrace.NewTraces()
			src.CopyTo(td)
			return td
		}, (*cloudLabels).processTraces)
	})
	// Both cost the same: no scope asks for spans.
	for _, spans := range []int{1, 10_000} {
		td := foreignSpans(spans)
		b.Run(fmt.Sprintf("1 normal resource of %d spans", spans), func(b *testing.B) {
			benchmarkSignal(b, func() ptrace.Traces { return td }, (*cloudLabels).processTraces)
		})
	}
}

func BenchmarkLogs(b *testing.B) {
	src := logsOf(hundred...)
	b.Run("100 resources", func(b *testing.B) {
		benchmarkSignal(b, func() plog.Logs {
			ld := plog.NewLogs()
			src.CopyTo(ld)
			return ld
		}, (*cloudLabels).processLogs)
	})
}

func BenchmarkMetrics(b *testing.B) {
	src := metricsOf(hundred[1])
	points := src.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Gauge().DataPoints()
	for points.Len() < 1000 {
		dp := points.AppendEmpty()
		dp.Attributes().PutStr("http.route", "/cart")
		dp.Attributes().PutStr("http.request.method", "GET")
	}
	b.Run("promotion to 1000 datapoints", func(b *testing.B) {
		benchmarkSignal(b, func() pmetric.Metrics {
			md := pmetric.NewMetrics()
			src.CopyTo(md)
			return md
		}, (*cloudLabels).processMetrics)
	})
	b.Run("1000 datapoints that have them", func(b *testing.B) {
		md := pmetric.NewMetrics()
		src.CopyTo(md)
		benchmarkSignal(b, func() pmetric.Metrics { return md }, (*cloudLabels).processMetrics)
	})
}
