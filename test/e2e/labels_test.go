// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package e2e tests the real gateway in front of a real Tempo, Loki and
// Prometheus.
package e2e

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/sealgate/sealgate/labels"
	"github.com/sealgate/sealgate/test/fleet"
	"github.com/sealgate/sealgate/test/harness"
)

const (
	// requests is what each cluster serves over each protocol.
	requests = 20
	// arrival is how long telemetry may take to be found. It is a limit, not a
	// wait: the test goes on as soon as all is there.
	arrival = time.Minute
)

// sent is all that was sent of one cluster.
type sent struct {
	fleet.Cluster
	traceIDs []string
	lines    []string
	batches  []fleet.Batch
}

// Telemetry of three clusters, each with its own spelling of its labels, comes
// out of all three backends with the same ones.
func TestOneVocabularyInThreeBackends(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	s := startStack(ctx, t, runDir(t), "embedded:gateway")

	now := time.Now()
	window := harness.Around(now)
	clusters := sendFleet(ctx, t, s.gateway, now)

	for _, c := range clusters {
		provider := c.Labels["cloud_provider"]
		t.Run("traces of "+c.Name, func(t *testing.T) {
			for name, value := range c.Labels {
				query := fmt.Sprintf(`{ resource.%s = %q }`, name, value)
				assertEventually(ctx, t, query, c.traceIDs, func(ctx context.Context) ([]string, error) {
					found, err := s.tempo.Search(ctx, query, window)
					return slices.Collect(maps.Keys(found)), err
				})
			}
			for _, id := range c.traceIDs {
				assertTrace(ctx, t, s.tempo, id, c)
			}
		})
		t.Run("logs of "+c.Name, func(t *testing.T) {
			for name, value := range c.Labels {
				query := fmt.Sprintf(`{%s=%q}`, name, value)
				assertEventually(ctx, t, query, c.lines, func(ctx context.Context) ([]string, error) {
					lines, err := s.loki.Query(ctx, query, window)
					return texts(lines), err
				})
			}
			lines, err := s.loki.Query(ctx, fmt.Sprintf(`{cloud_provider=%q}`, provider), window)
			require.NoError(t, err)
			for _, line := range lines {
				assertLabels(t, c, line.Labels)
			}
		})
		t.Run("metrics of "+c.Name, func(t *testing.T) {
			for name, value := range c.Labels {
				query := fmt.Sprintf(`{%s=%q, run_id!=""}`, name, value)
				assertEventually(ctx, t, query, wantSeries(c), func(ctx context.Context) ([]string, error) {
					samples, err := s.prometheus.Query(ctx, query)
					return seriesNames(samples), err
				})
			}
			samples, err := s.prometheus.Query(ctx, fmt.Sprintf(`{cloud_provider=%q}`, provider))
			require.NoError(t, err)
			for _, sample := range samples {
				assertLabels(t, c, sample.Labels)
			}
			// Two protocols, three services.
			served, err := s.prometheus.Query(ctx, fmt.Sprintf(`sum(requests_total{cloud_provider=%q})`, provider))
			require.NoError(t, err)
			require.Len(t, served, 1)
			assert.InDelta(t, 2*3*requests, served[0].Value, 0)
		})
	}

	t.Run("no spelling of a cloud label is left in Prometheus but the one", func(t *testing.T) {
		names, err := s.prometheus.LabelNames(ctx)
		require.NoError(t, err)
		for _, name := range names {
			assertOneSpelling(t, name)
		}
	})
	t.Run("every item is accounted for", func(t *testing.T) { assertAccounts(ctx, t, s, clusters) })
}

// The keys of the semantic conventions, on resources alone, are found under the same
// labels where the backends have what sealctl prints for that.
func TestDottedKeysWithoutPromotionAreFoundToo(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	s := startStack(ctx, t, runDir(t), "embedded:gateway\nyaml:processors::cloudlabels: {key_style: dotted, promote: false}")
	now := time.Now()
	window := harness.Around(now)
	for _, c := range sendFleet(ctx, t, s.gateway, now) {
		provider := c.Labels["cloud_provider"]
		traceQL := fmt.Sprintf(`{ resource.cloud.provider = %q }`, provider)
		assertEventually(ctx, t, traceQL, c.traceIDs, func(ctx context.Context) ([]string, error) {
			found, err := s.tempo.Search(ctx, traceQL, window)
			return slices.Collect(maps.Keys(found)), err
		})
		logQL := fmt.Sprintf(`{cloud_provider=%q}`, provider)
		assertEventually(ctx, t, logQL, c.lines, func(ctx context.Context) ([]string, error) {
			lines, err := s.loki.Query(ctx, logQL, window)
			return texts(lines), err
		})
		promQL := fmt.Sprintf(`{cloud_provider=%q, run_id!=""}`, provider)
		assertEventually(ctx, t, promQL, wantSeries(c), func(ctx context.Context) ([]string, error) {
			samples, err := s.prometheus.Query(ctx, promQL)
			return seriesNames(samples), err
		})
	}
}

// sendFleet sends every cluster's telemetry, half of it over each protocol.
func sendFleet(ctx context.Context, t *testing.T, g *harness.Gateway, now time.Time) []sent {
	t.Helper()
	run := fmt.Sprint(now.UnixNano())
	var all []sent
	for _, cluster := range fleet.Clusters {
		overGRPC := cluster.Generate(run+"-grpc", requests, now)
		overHTTP := cluster.Generate(run+"-http", requests, now)
		c := sent{
			Cluster:  cluster,
			traceIDs: slices.Concat(overGRPC.TraceIDs, overHTTP.TraceIDs),
			lines:    slices.Concat(overGRPC.Lines, overHTTP.Lines),
			batches:  []fleet.Batch{overGRPC, overHTTP},
		}
		require.NoError(t, fleet.SendGRPC(ctx, g.GRPC, overGRPC))
		require.NoError(t, fleet.SendHTTP(ctx, g.HTTP, overHTTP))
		all = append(all, c)
	}
	return all
}

// assertEventually waits until ask finds exactly want, in any order.
func assertEventually(ctx context.Context, t *testing.T, query string, want []string, ask func(context.Context) ([]string, error)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, arrival)
	defer cancel()
	want = slices.Sorted(slices.Values(want))
	var got []string
	err := harness.Poll(ctx, query, func(ctx context.Context) (bool, error) {
		found, err := ask(ctx)
		if err != nil {
			return false, err
		}
		got = slices.Sorted(slices.Values(found))
		return slices.Equal(want, got), nil
	})
	if err != nil {
		require.Equal(t, want, got, "%s: %v", query, err)
	}
}

// assertTrace fetches a whole trace and looks at every resource and span.
func assertTrace(ctx context.Context, t *testing.T, tempo *harness.Tempo, id string, c sent) {
	t.Helper()
	trace, err := tempo.Trace(ctx, id)
	require.NoError(t, err)
	spans := 0
	for _, rs := range trace.ResourceSpans().All() {
		assertLabels(t, c, textMap(rs.Resource().Attributes()))
		for _, ss := range rs.ScopeSpans().All() {
			spans += ss.Spans().Len()
		}
	}
	assert.Equal(t, 3, spans, "spans of trace %s", id)
}

func textMap(m pcommon.Map) map[string]string {
	texts := make(map[string]string, m.Len())
	for k, v := range m.All() {
		texts[k] = v.AsString()
	}
	return texts
}

// assertLabels wants exactly the cluster's cloud labels among got.
func assertLabels(t *testing.T, c sent, got map[string]string) {
	t.Helper()
	for name, value := range c.Labels {
		assert.Equal(t, value, got[name], "%s of %s", name, c.Name)
	}
	for name := range got {
		assertOneSpelling(t, name)
	}
}

var vocabulary = func() *labels.Table {
	table, err := labels.New(labels.Options{})
	if err != nil {
		panic(err)
	}
	return table
}()

// assertOneSpelling fails when name is a cloud label in any but the one
// spelling, or what a backend calls a label of which it met two.
func assertOneSpelling(t *testing.T, name string) {
	t.Helper()
	if s, ok := vocabulary.Spelling(name); ok {
		assert.Equal(t, vocabulary.Name(s.Key), name)
	}
	assert.False(t, strings.HasSuffix(name, "_extracted"), name)
}

func texts(lines []harness.Line) []string {
	all := make([]string, len(lines))
	for i, l := range lines {
		all[i] = l.Text
	}
	return all
}

// wantSeries names the series that a cluster's metrics have to become.
func wantSeries(c sent) []string {
	var names []string
	for _, b := range c.batches {
		for _, rm := range b.Metrics.ResourceMetrics().All() {
			service, _ := rm.Resource().Attributes().Get("service.name")
			for _, metric := range []string{
				"queue_depth", "requests_total",
				"request_duration_seconds_bucket 0.1", "request_duration_seconds_bucket 1", "request_duration_seconds_bucket +Inf",
				"request_duration_seconds_sum", "request_duration_seconds_count",
			} {
				names = append(names, fmt.Sprintf("%s %s %s", service.Str(), b.Run, metric))
			}
		}
	}
	return names
}

func seriesNames(samples []harness.Sample) []string {
	names := make([]string, len(samples))
	for i, s := range samples {
		names[i] = strings.TrimSpace(fmt.Sprintf("%s %s %s %s", s.Labels["service_name"], s.Labels["run_id"], s.Labels["__name__"], s.Labels["le"]))
	}
	return names
}

// assertAccounts compares what was sent with the gateway's own counters. An
// item can be found a moment before the gateway has counted it as sent.
func assertAccounts(ctx context.Context, t *testing.T, s *stack, clusters []sent) {
	var spans, lines, points int
	for _, c := range clusters {
		for _, b := range c.batches {
			spans += b.Traces.SpanCount()
			lines += b.Logs.LogRecordCount()
			points += b.Metrics.DataPointCount()
		}
	}
	want := []string{
		fmt.Sprintf("%d spans received, %[1]d sent on", spans),
		fmt.Sprintf("%d log_records received, %[1]d sent on", lines),
		fmt.Sprintf("%d metric_points received, %[1]d sent on", points),
	}
	var counters map[string]float64
	assertEventually(ctx, t, "the gateway's own metrics", want, func(ctx context.Context) (got []string, err error) {
		counters, err = harness.Scrape(ctx, s.gateway.Metrics)
		for _, items := range []string{"spans", "log_records", "metric_points"} {
			got = append(got, fmt.Sprintf("%.0f %s received, %.0f sent on",
				counter(counters, "otelcol_receiver_accepted_"+items), items,
				counter(counters, "otelcol_exporter_sent_"+items)))
		}
		return got, err
	})
	for name, count := range counters {
		if strings.Contains(name, "_refused_") || strings.Contains(name, "_failed_") {
			assert.Zero(t, count, name)
		}
	}
	byProvider, err := harness.Scrape(ctx, s.gateway.Metrics, "key", "cloud.provider")
	require.NoError(t, err)
	assert.Positive(t, counter(byProvider, "otelcol_processor_cloudlabels_normalized"))
	assert.Zero(t, counter(counters, "otelcol_processor_cloudlabels_unknown"))
	assert.Zero(t, counter(counters, "otelcol_processor_cloudlabels_conflicts"))
}

// counter returns the counter of that name, with or without the suffix that the
// Prometheus exporter adds.
func counter(all map[string]float64, name string) float64 {
	return all[name] + all[name+"_total"]
}
