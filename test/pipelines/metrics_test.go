// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package pipelines

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"

	"github.com/sealgate/sealgate/test/backends"
	"github.com/sealgate/sealgate/test/fleet"
	"github.com/sealgate/sealgate/test/harness"
)

// Prometheus has the calls of every span that was sent, by cloud, though a sampler keeps few of the traces.
func TestSpanMetricsCountEverySpanBeforeSampling(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	harness.Built(t, "SEALGATE_BIN")
	dir, sink := t.TempDir(), startSink(t)
	binaries, err := backends.Ensure(ctx, os.Stdout, "prometheus")
	require.NoError(t, err)
	prometheus, err := harness.StartPrometheus(ctx, binaries["prometheus"], dir)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, prometheus.Stop()) })
	g := start(ctx, t, dir, configs(t, "embedded:gateway", "tail-sampling.yaml", "span-metrics.yaml"), harness.Addresses{},
		append(sink.Env(), "SEALGATE_PROMETHEUS="+prometheus.URL, "SEALGATE_DECISION_WAIT=1s", "SEALGATE_SPAN_METRICS_INTERVAL=1s")...)
	l := newLoad(4, 2000, 20, mixed)
	l.send(ctx, t, g)

	spans := map[string]int{}
	for _, tr := range l.traces {
		spans[tr.cluster.Name] += tr.spans
	}
	for _, cluster := range fleet.Clusters {
		for _, query := range []string{
			`sum(traces_span_metrics_calls_total{%s})`,
			`sum(traces_span_metrics_duration_milliseconds_count{%s})`,
			`sum(traces_span_metrics_duration_milliseconds_bucket{le="+Inf", %s})`,
		} {
			awaitValue(ctx, t, prometheus, fmt.Sprintf(query, selector(cluster)), spans[cluster.Name])
		}
	}
	awaitValue(ctx, t, prometheus, `sum(traces_span_metrics_calls_total{status_code="STATUS_CODE_ERROR"})`, len(l.only(failed)))
	pods, err := prometheus.Query(ctx, `{__name__=~"traces_span_metrics.*", k8s_pod_name!=""}`)
	require.NoError(t, err)
	assert.Empty(t, pods, "series of single pods")

	eventually(ctx, t, "the kept traces", func(ctx context.Context) (bool, error) {
		decided, err := counter(ctx, g, tailSampling+"global_count_traces_sampled")
		if err != nil || decided < len(l.traces) {
			return false, err
		}
		kept, err := counter(ctx, g, tailSampling+"global_count_traces_sampled", "sampled", "true")
		return len(at(sink)) == kept, err
	})
	got := at(sink)
	assert.Less(t, len(got), len(l.traces)/3)
	t.Logf("%d spans counted; %d of %d traces kept", l.spans(), len(got), len(l.traces))
}

// selector has the cloud labels of a cluster that span metrics keep.
func selector(c fleet.Cluster) string {
	s := fmt.Sprintf("k8s_cluster_name=%q", c.Name)
	for _, label := range []string{"cloud_provider", "cloud_platform", "cloud_region", "cloud_account_id"} {
		s += fmt.Sprintf(", %s=%q", label, c.Labels[label])
	}
	return s
}

func awaitValue(ctx context.Context, t *testing.T, p *harness.Prometheus, query string, want int) {
	t.Helper()
	var got []harness.Sample
	err := harness.Poll(ctx, query, func(ctx context.Context) (_ bool, err error) {
		got, err = p.Query(ctx, query)
		return len(got) == 1 && got[0].Value == float64(want), err
	})
	require.NoError(t, err, "want %d, got %v", want, got)
}

// jvm are metrics of a Java virtual machine, of every kind that there is of them.
var jvm = []string{"jvm.memory.used", "jvm.cpu.time", "jvm.gc.duration", "process.runtime.jvm.threads.count", "jvm_classes_loaded"}

// other is a metric that is not of a Java virtual machine.
const other = "http.server.active_requests"

// Points come every few milliseconds; of jvm.* one in an interval goes on, the latest, of other
// metrics every one.
func TestJVMMetricsAreThinnedAndOthersAreNot(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	const requests, interval = 100, 2 * time.Second
	sink := startSink(t)
	g := start(ctx, t, t.TempDir(), configs(t, "embedded:gateway", "jvm-metrics.yaml"), harness.Addresses{},
		append(sink.Env(), "SEALGATE_JVM_INTERVAL="+interval.String())...)
	began := time.Now()
	for i := range requests {
		sendMetrics(ctx, t, g, jvmMetrics(began, i))
	}
	last := pcommon.NewTimestampFromTime(began.Add((requests - 1) * time.Millisecond))
	var got map[string]*series
	eventually(ctx, t, "the last point of every metric", func(context.Context) (bool, error) {
		got = seriesAt(sink)
		for _, name := range append(jvm, other) {
			if got[name] == nil || got[name].last != last {
				return false, nil
			}
		}
		return true, nil
	})
	intervals := int(time.Since(began)/interval) + 1
	for _, name := range jvm {
		assert.LessOrEqual(t, got[name].points, intervals, "points of %s in %d intervals", name, intervals)
		assert.Equal(t, "alibaba", got[name].provider, name)
	}
	assert.Equal(t, requests, got[other].points, other)
	assert.Equal(t, pmetric.MetricTypeGauge, got["jvm.memory.used"].kind)
	assert.Equal(t, pmetric.MetricTypeSum, got["jvm.cpu.time"].kind)
	assert.Equal(t, pmetric.MetricTypeSum, got[other].kind)
	t.Logf("%s: %d points of %d; %s: %d of %d", jvm[0], got[jvm[0]].points, requests, other, got[other].points, requests)
}

func sendMetrics(ctx context.Context, t *testing.T, to *harness.Gateway, md pmetric.Metrics) {
	t.Helper()
	conn, err := fleet.Dial(to.GRPC)
	require.NoError(t, err)
	defer conn.Close()
	_, err = pmetricotlp.NewGRPCClient(conn).Export(ctx, pmetricotlp.NewExportRequestFromMetrics(md))
	require.NoError(t, err)
}

// jvmMetrics has a point of each metric, of the i-th millisecond.
func jvmMetrics(began time.Time, i int) pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.name", "inventory")
	rm.Resource().Attributes().PutStr("cloud.provider", "aliyun")
	metrics := rm.ScopeMetrics().AppendEmpty().Metrics()
	start, now := pcommon.NewTimestampFromTime(began), pcommon.NewTimestampFromTime(began.Add(time.Duration(i)*time.Millisecond))
	for _, name := range append(jvm, other) {
		m := metrics.AppendEmpty()
		m.SetName(name)
		switch name {
		case "jvm.gc.duration":
			h := m.SetEmptyHistogram()
			h.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
			p := h.DataPoints().AppendEmpty()
			p.SetStartTimestamp(start)
			p.SetTimestamp(now)
			p.ExplicitBounds().FromRaw([]float64{0.1})
			p.BucketCounts().FromRaw([]uint64{uint64(i), 0})
			p.SetCount(uint64(i))
		case "jvm_classes_loaded":
			p := m.SetEmptyGauge().DataPoints().AppendEmpty()
			p.SetTimestamp(now)
			p.SetIntValue(int64(i))
		default:
			s := m.SetEmptySum()
			s.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
			s.SetIsMonotonic(name == "jvm.cpu.time")
			p := s.DataPoints().AppendEmpty()
			p.SetStartTimestamp(start)
			p.SetTimestamp(now)
			p.SetIntValue(int64(i))
		}
	}
	return md
}

// series is what came of a metric.
type series struct {
	kind     pmetric.MetricType
	points   int
	last     pcommon.Timestamp
	provider string // on the last point
}

func seriesAt(s *harness.Sink) map[string]*series {
	all := map[string]*series{}
	for _, md := range s.Metrics() {
		for _, rm := range md.ResourceMetrics().All() {
			for _, sm := range rm.ScopeMetrics().All() {
				for _, m := range sm.Metrics().All() {
					if all[m.Name()] == nil {
						all[m.Name()] = &series{kind: m.Type()}
					}
					all[m.Name()].add(m)
				}
			}
		}
	}
	return all
}

// point is what points of all kinds have.
type point interface {
	Timestamp() pcommon.Timestamp
	Attributes() pcommon.Map
}

func (s *series) add(m pmetric.Metric) {
	var points []point
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		for _, p := range m.Gauge().DataPoints().All() {
			points = append(points, p)
		}
	case pmetric.MetricTypeSum:
		for _, p := range m.Sum().DataPoints().All() {
			points = append(points, p)
		}
	case pmetric.MetricTypeHistogram:
		for _, p := range m.Histogram().DataPoints().All() {
			points = append(points, p)
		}
	}
	for _, p := range points {
		s.points++
		s.last = max(s.last, p.Timestamp())
		if provider, ok := p.Attributes().Get("cloud_provider"); ok {
			s.provider = provider.Str()
		}
	}
}
