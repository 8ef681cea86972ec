// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package reliability

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/sealgate/sealgate/test/harness"
)

// signal names a signal in the places where it has a name.
type signal struct{ name, items, path, rejected string }

var signals = []signal{
	{"traces", "spans", "/v1/traces", "rejectedSpans"},
	{"logs", "log_records", "/v1/logs", "rejectedLogRecords"},
	{"metrics", "metric_points", "/v1/metrics", "rejectedDataPoints"},
}

// request returns a request in JSON with n good items and one more, which is extra. Each
// request has a sender of its own.
func (s signal) request(n int, extra string) string {
	var items []string
	now := time.Now().UnixNano()
	for i := range n {
		switch s.name {
		case "traces":
			items = append(items, fmt.Sprintf(`{"traceId":"%032x","spanId":"%016x","name":"good","startTimeUnixNano":"%d","endTimeUnixNano":"%[3]d"}`, i+1, i+1, now))
		case "logs":
			items = append(items, fmt.Sprintf(`{"timeUnixNano":"%d","severityNumber":17,"body":{"stringValue":"good"}}`, now))
		default:
			items = append(items, fmt.Sprintf(`{"name":"good","gauge":{"dataPoints":[{"timeUnixNano":"%d","asInt":"1","attributes":[{"key":"i","value":{"intValue":"%d"}}]}]}}`, now, i))
		}
	}
	if extra != "" {
		items = append(items[:n/2], append([]string{extra}, items[n/2:]...)...)
	}
	kind, list := map[string]string{"traces": "Spans", "logs": "Logs", "metrics": "Metrics"}[s.name], map[string]string{"traces": "spans", "logs": "logRecords", "metrics": "metrics"}[s.name]
	return fmt.Sprintf(`{"resource%[1]s":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},"scope%[1]s":[{"%[2]s":[%[3]s]}]}]}`, kind, list, strings.Join(items, ","))
}

// named returns an item that is good but for its name, by which a judge knows it.
func (s signal) named(name string) string {
	now := time.Now().UnixNano()
	switch s.name {
	case "traces":
		return fmt.Sprintf(`{"traceId":"%032x","spanId":"%016x","name":%q,"startTimeUnixNano":"%d"}`, 99, 99, name, now)
	case "logs":
		return fmt.Sprintf(`{"timeUnixNano":"%d","severityNumber":17,"body":{"stringValue":%q}}`, now, name)
	}
	return fmt.Sprintf(`{"name":%q,"gauge":{"dataPoints":[{"timeUnixNano":"%d","asInt":"1"}]}}`, name, now)
}

// accounts are what a gateway says of a signal.
type accounts struct{ accepted, sent, failed, refused, dropped, queued int }

func (s *site) accounts(ctx context.Context, t *testing.T, of signal) accounts {
	t.Helper()
	a := accounts{
		accepted: s.counter(ctx, t, "otelcol_receiver_accepted_"+of.items),
		sent:     s.counter(ctx, t, "otelcol_exporter_sent_"+of.items),
		failed:   s.counter(ctx, t, "otelcol_exporter_send_failed_"+of.items),
		refused:  s.counter(ctx, t, "otelcol_processor_admission_refused", "signal", of.name),
		queued:   s.counter(ctx, t, "otelcol_exporter_queue_size", "data_type", of.name),
	}
	if of.name == "logs" {
		a.dropped = s.counter(ctx, t, "otelcol_processor_wasmfilter_dropped") + s.counter(ctx, t, "otelcol_processor_wasmfilter_represented")
	}
	return a
}

// atRest waits until the accounts of a signal agree and nothing is queued.
func (s *site) atRest(ctx context.Context, t *testing.T, of signal, accepted int) (a accounts) {
	t.Helper()
	err := harness.Poll(ctx, "accounts that agree", func(ctx context.Context) (bool, error) {
		a = s.accounts(ctx, t, of)
		return a.accepted == accepted && a.queued == 0 && a.accepted == a.sent+a.failed+a.refused+a.dropped, nil
	})
	require.NoError(t, err, "%s: %+v, want %d accepted; the log is %s", of.name, a, accepted, s.LogPath())
	return a
}

// post sends a request over HTTP and returns the answer.
func (s *site) post(ctx context.Context, t *testing.T, path, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.HTTP+path, bytes.NewReader([]byte(body)))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(answer)
}

// newJudged starts a gateway with an embedded configuration in front of a judge.
func newJudged(ctx context.Context, t *testing.T, config string, j *judge) *site {
	t.Helper()
	s := &site{dir: t.TempDir()}
	s.env = append(keys(t, s.dir), "SEALGATE_TEMPO="+j.grpc, "SEALGATE_LOKI="+j.url, "SEALGATE_PROMETHEUS="+j.url)
	retry := "{retry_on_failure: {initial_interval: 50ms, max_interval: 200ms}, sending_queue: {batch: {flush_timeout: 100ms}}}"
	settings := []string{"exporters: {otlp_grpc/tempo: " + retry + ", otlp_http/loki: " + retry + ", otlp_http/prometheus: " + retry + "}"}
	if strings.HasPrefix(config, "embedded:sealed") {
		settings = exporters(retry)
	}
	s.binary, s.config = harness.Built(t, "SEALGATE_BIN"), config+"\nyaml:"+strings.Join(append(settings, "processors::wasmfilter::cache_directory: "+compiled), "\nyaml:")
	s.start(ctx, t)
	return s
}

func eachConfiguration(t *testing.T, do func(t *testing.T, config string)) {
	for _, config := range []string{"embedded:gateway", "embedded:sealed"} {
		t.Run(config, func(t *testing.T) {
			t.Parallel()
			do(t, config)
		})
	}
}

// One sender's item that no backend takes costs no other item, and both the sender and the
// counters say so.
func TestABadItemIsRefusedOnArrivalAlone(t *testing.T) {
	t.Parallel()
	now := time.Now()
	large := strings.Repeat("x", 3_200_000)
	point := func(at time.Time) string {
		return fmt.Sprintf(`{"timeUnixNano":"%d","asInt":"1"}`, at.UnixNano())
	}
	bad := map[string]map[string]string{
		"traces": {
			"no trace id": `{"spanId":"00000000000000ff","name":"bad"}`,
			"too large":   fmt.Sprintf(`{"traceId":"%032x","spanId":"%016x","name":%q}`, 5, 5, large),
		},
		"logs": {
			"a month old": fmt.Sprintf(`{"timeUnixNano":"%d","severityNumber":17,"body":{"stringValue":"old"}}`, now.AddDate(0, -1, 0).UnixNano()),
			"an hour new": fmt.Sprintf(`{"timeUnixNano":"%d","severityNumber":17,"body":{"stringValue":"new"}}`, now.Add(time.Hour).UnixNano()),
			"too large":   fmt.Sprintf(`{"timeUnixNano":"%d","severityNumber":17,"attributes":[{"key":"k","value":{"stringValue":%q}}]}`, now.UnixNano(), large),
		},
		"metrics": {
			"no name":        `{"name":"","gauge":{"dataPoints":[` + point(now) + `]}}`,
			"an hour ahead":  `{"name":"m","gauge":{"dataPoints":[` + point(now.Add(time.Hour)) + `]}}`,
			"no time":        `{"name":"m","gauge":{"dataPoints":[{"asInt":"1"}]}}`,
			"no temporality": `{"name":"m","sum":{"dataPoints":[` + point(now) + `]}}`,
			"scale of -11":   fmt.Sprintf(`{"name":"m","exponentialHistogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"%d","scale":-11}]}}`, now.UnixNano()),
			"too large":      fmt.Sprintf(`{"name":"m","gauge":{"dataPoints":[{"timeUnixNano":"%d","asInt":"1","attributes":[{"key":"k","value":{"stringValue":%q}}]}]}}`, now.UnixNano(), large),
		},
	}
	eachConfiguration(t, func(t *testing.T, config string) {
		ctx := within(t)
		j := newJudge(t, func([]string) verdict { return verdict{} })
		s := newJudged(ctx, t, config+"\nyaml:processors::admission::logs: {max_age: 168h, max_ahead: 10m}", j)
		for _, of := range signals {
			accepted, refused := 0, 0
			for name, item := range bad[of.name] {
				code, answer := s.post(ctx, t, of.path, of.request(10, item))
				require.Equal(t, http.StatusOK, code, name)
				assert.Contains(t, answer, fmt.Sprintf("%q:%q", of.rejected, "1"), name)
				assert.Contains(t, answer, "1 refused as ", name)
				accepted, refused = accepted+11, refused+1
			}
			a := s.atRest(ctx, t, of, accepted)
			assert.Equal(t, refused, a.refused, of.name)
			assert.Zero(t, a.failed, of.name)
			assert.Equal(t, accepted-refused, j.delivered(of.name), "%s: every good item has arrived", of.name)
		}
	})
}

func TestDeltaReachesPrometheusConverted(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	j := newJudge(t, func([]string) verdict { return verdict{} })
	s := newJudged(ctx, t, "embedded:gateway", j)
	of := signals[2]
	code, answer := s.post(ctx, t, of.path, of.request(10, fmt.Sprintf(`{"name":"d","sum":{"isMonotonic":true,"aggregationTemporality":1,"dataPoints":[{"timeUnixNano":"%d","asInt":"1"}]}}`, time.Now().UnixNano())))
	require.Equal(t, http.StatusOK, code)
	assert.NotContains(t, answer, "rejected")
	a := s.atRest(ctx, t, of, 11)
	assert.Equal(t, 11, a.sent)
	assert.Equal(t, 11, j.delivered(of.name))
}

// What a backend refuses for good is counted as failed, and the rest as sent.
func TestARefusedItemIsCountedAlone(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		v      verdict
		failed int
	}{
		"refused":            {verdict{http: 400, grpc: codes.InvalidArgument, text: "no"}, 1},
		"too large":          {verdict{http: 413, grpc: codes.ResourceExhausted, text: "message larger than max"}, 1},
		"failed, with words": {verdict{http: 500, grpc: codes.Internal, text: "label name is empty"}, 1},
		"failed":             {verdict{http: 500, grpc: codes.Internal, text: "oops"}, 1},
		"rejected in part":   {verdict{rejected: 3}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := within(t)
			j := newJudge(t, refusing("bad", tt.v, -1))
			s := newJudged(ctx, t, "embedded:gateway", j)
			for _, of := range signals {
				code, _ := s.post(ctx, t, of.path, of.request(20, of.named("bad")))
				require.Equal(t, http.StatusOK, code)
				a := s.atRest(ctx, t, of, 21)
				assert.Equal(t, tt.failed, a.failed, of.name)
				assert.Equal(t, a.sent, j.delivered(of.name), "%s: sent is what the backend has", of.name)
			}
		})
	}
}

// Sealing hides names, so this judge refuses requests until one item is alone.
func TestASealedItemIsRefusedAlone(t *testing.T) {
	t.Parallel()
	for _, of := range signals[:2] {
		t.Run(of.name, func(t *testing.T) {
			t.Parallel()
			ctx := within(t)
			found := false
			j := newJudge(t, func(names []string) verdict {
				if found {
					return verdict{}
				}
				found = len(names) == 1
				return verdict{http: 400, grpc: codes.InvalidArgument}
			})
			s := newJudged(ctx, t, "embedded:sealed", j)
			code, _ := s.post(ctx, t, of.path, of.request(8, ""))
			require.Equal(t, http.StatusOK, code)
			a := s.atRest(ctx, t, of, 8)
			assert.Equal(t, 1, a.failed)
			assert.Equal(t, 7, j.delivered(of.name))
		})
	}
}

// Credentials that expire, a wrong path, a sick server: all can be put right, and then
// everything arrives.
func TestWhatCanBePutRightLosesNothing(t *testing.T) {
	t.Parallel()
	for name, v := range map[string]verdict{
		"401, Unauthenticated":   {http: 401, grpc: codes.Unauthenticated},
		"403, PermissionDenied":  {http: 403, grpc: codes.PermissionDenied},
		"404, Unimplemented":     {http: 404, grpc: codes.Unimplemented},
		"408, DeadlineExceeded":  {http: 408, grpc: codes.DeadlineExceeded},
		"429, ResourceExhausted": {http: 429, grpc: codes.ResourceExhausted, text: "RATE_LIMITED: ingestion rate limit exceeded"},
		"500, Internal":          {http: 500, grpc: codes.Internal, text: "empty ring"},
		"500, Unknown":           {http: 500, grpc: codes.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := within(t)
			away := make(chan struct{})
			tries := 0
			j := newJudge(t, func([]string) verdict {
				select {
				case <-away:
					return verdict{}
				default:
					tries++
					return v
				}
			})
			s := newJudged(ctx, t, "embedded:gateway", j)
			for _, of := range signals {
				code, _ := s.post(ctx, t, of.path, of.request(20, ""))
				require.Equal(t, http.StatusOK, code)
			}
			await(ctx, t, "tries in vain", func() bool { j.mu.Lock(); defer j.mu.Unlock(); return tries > 60 })
			close(away)
			for _, of := range signals {
				a := s.atRest(ctx, t, of, 20)
				assert.Zero(t, a.failed, of.name)
				assert.Equal(t, 20, j.delivered(of.name), of.name)
			}
		})
	}
}

func TestARequestThatCanNeverFitIsRefusedForGood(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	j := newJudge(t, func([]string) verdict { return verdict{} })
	s := newJudged(ctx, t, "embedded:gateway\nyaml:processors::admission::max_request_bytes: 100000\nyaml:exporters: {otlp_grpc/tempo: {sending_queue: {queue_size: 100000, batch: {min_size: 1000, max_size: 50000}}}, otlp_http/loki: {sending_queue: {queue_size: 100000, batch: {min_size: 1000, max_size: 50000}}}, otlp_http/prometheus: {sending_queue: {queue_size: 100000, batch: {min_size: 1000, max_size: 50000}}}}", j)
	for _, of := range signals {
		code, answer := s.post(ctx, t, of.path, of.request(6000, ""))
		assert.Equal(t, http.StatusRequestEntityTooLarge, code, of.name)
		assert.Contains(t, answer, "it can never fit", of.name)
		code, _ = s.post(ctx, t, of.path, of.request(10, ""))
		assert.Equal(t, http.StatusOK, code, of.name)
		s.atRest(ctx, t, of, 10)
		assert.Equal(t, 10, j.delivered(of.name), of.name)
	}
}
