// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/test/harness"
)

// otlp sends a request in JSON over HTTP and returns the answer.
func (s *stack) otlp(ctx context.Context, t *testing.T, path, body string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.gateway.HTTP+path, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode, "%s", answer)
	return string(answer)
}

func metricsOf(service string, metrics ...string) string {
	return fmt.Sprintf(`{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":%q}}]},"scopeMetrics":[{"metrics":[%s]}]}]}`, service, strings.Join(metrics, ","))
}

// Each of these made the real Prometheus refuse the points of other senders in the same
// batch. It takes them all now; the bad one is refused on arrival, repaired, converted, or
// found when Prometheus refuses it.
func TestABadPointCostsNoOtherOne(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	s := startStack(ctx, t, runDir(t), "embedded:gateway")
	now := time.Now().UnixNano()
	at := func(d time.Duration) string { return fmt.Sprint(now + int64(d)) }
	gauge := func(name, points string) string {
		return fmt.Sprintf(`{"name":%q,"gauge":{"dataPoints":[%s]}}`, name, points)
	}
	point := `{"timeUnixNano":"` + at(0) + `","asDouble":1}`
	bad := []struct{ name, metric, want string }{
		{"a delta sum", `{"name":"d","sum":{"isMonotonic":true,"aggregationTemporality":1,"dataPoints":[` + point + `]}}`, "converted"},
		{"no name", gauge("", point), "refused"},
		{"a name without a letter", gauge("日本", point), "refused"},
		{"__name__", gauge("n", `{"timeUnixNano":"`+at(0)+`","asDouble":1,"attributes":[{"key":"__name__","value":{"stringValue":"other"}}]}`), "taken"},
		{"an empty key", gauge("k", `{"timeUnixNano":"`+at(0)+`","asDouble":1,"attributes":[{"key":"","value":{"stringValue":"x"}}]}`), "taken"},
		{"a scale of -11", `{"name":"e","exponentialHistogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"` + at(0) + `","scale":-11}]}}`, "refused"},
		{"a wrong count", `{"name":"c","exponentialHistogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"` + at(0) + `","count":"5"}]}}`, "refused"},
		{"an hour ahead", gauge("a", `{"timeUnixNano":"`+at(time.Hour)+`","asDouble":1}`), "refused"},
		{"no data", `{"name":"x"}`, "removed"},
		{"no temporality", `{"name":"t","sum":{"dataPoints":[` + point + `]}}`, "refused"},
		{"an exemplar without a value", gauge("g", `{"timeUnixNano":"`+at(0)+`","asDouble":1,"exemplars":[{"timeUnixNano":"`+at(0)+`"}]}`), "taken"},
		{"two days old", gauge("o", `{"timeUnixNano":"`+at(-48*time.Hour)+`","asDouble":1}`), "failed"},
	}
	accepted, refused, failed := 0, 0, 0
	for i, tt := range bad {
		var good []string
		for j := range 100 {
			good = append(good, gauge(fmt.Sprintf("good_%d_%d", i, j), point))
		}
		s.otlp(ctx, t, "/v1/metrics", metricsOf("sound", good...))
		answer := s.otlp(ctx, t, "/v1/metrics", metricsOf("bad", tt.metric))
		assert.Equal(t, tt.want == "refused", strings.Contains(answer, `"rejectedDataPoints":"1"`), "%s: %s", tt.name, answer)
		accepted += 101
		switch tt.want {
		case "refused":
			refused++
		case "failed":
			failed++
		case "removed":
			accepted--
		}
	}
	require.NoError(t, harness.Poll(ctx, "every good point", func(ctx context.Context) (bool, error) {
		found, err := s.prometheus.Query(ctx, `count({__name__=~"good_.*"})`)
		return err == nil && len(found) == 1 && found[0].Value == float64(100*len(bad)), nil
	}))
	require.NoError(t, harness.Poll(ctx, "accounts that agree", func(ctx context.Context) (bool, error) {
		m, err := harness.Scrape(ctx, s.gateway.Metrics)
		return int(m["otelcol_receiver_accepted_metric_points"]) == accepted && int(m["otelcol_processor_admission_refused"]) == refused &&
			int(m["otelcol_exporter_send_failed_metric_points"]) == failed && int(m["otelcol_exporter_sent_metric_points"]) == accepted-refused-failed, err
	}))
}

// The real Tempo refuses a request for one span without a trace id, and the real Loki
// answers 400 for one line that is too old.
func TestABadSpanAndAnOldLineCostNoOther(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	s := startStack(ctx, t, runDir(t), "embedded:gateway")
	now := time.Now()
	var spans, lines []string
	for i := range 20 {
		spans = append(spans, fmt.Sprintf(`{"traceId":"%032x","spanId":"%016x","name":"good","startTimeUnixNano":"%d","endTimeUnixNano":"%[3]d"}`, 0xbeef00+i, i+1, now.UnixNano()))
		lines = append(lines, fmt.Sprintf(`{"timeUnixNano":"%d","body":{"stringValue":"good %d"}}`, now.UnixNano()+int64(i), i))
	}
	resource := `"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]}`
	spans = append(spans, `{"spanId":"00000000000000ff","name":"bad"}`)
	answer := s.otlp(ctx, t, "/v1/traces", fmt.Sprintf(`{"resourceSpans":[{%s,"scopeSpans":[{"spans":[%s]}]}]}`, resource, strings.Join(spans, ",")))
	assert.Contains(t, answer, `"rejectedSpans":"1"`)
	lines = append(lines, fmt.Sprintf(`{"timeUnixNano":"%d","body":{"stringValue":"old"}}`, now.AddDate(0, -1, 0).UnixNano()))
	s.otlp(ctx, t, "/v1/logs", fmt.Sprintf(`{"resourceLogs":[{%s,"scopeLogs":[{"logRecords":[%s]}]}]}`, resource, strings.Join(lines, ",")))

	require.NoError(t, harness.Poll(ctx, "accounts that agree", func(ctx context.Context) (bool, error) {
		m, err := harness.Scrape(ctx, s.gateway.Metrics)
		return m["otelcol_exporter_sent_spans"] == 20 && m["otelcol_processor_admission_refused"] == 1 &&
			m["otelcol_exporter_sent_log_records"] == 20 && m["otelcol_exporter_send_failed_log_records"] == 1, err
	}))
	window := harness.Window{From: now.Add(-10 * time.Minute), To: now.Add(10 * time.Minute)}
	require.NoError(t, harness.Poll(ctx, "every good line", func(ctx context.Context) (bool, error) {
		found, err := s.loki.Query(ctx, `{service_name="shop"}`, window)
		return len(found) == 20, err
	}))
	require.NoError(t, harness.Poll(ctx, "every good trace", func(ctx context.Context) (bool, error) {
		found, err := s.tempo.Search(ctx, `{ name = "good" }`, window)
		return len(found) == 20, err
	}))
}
