// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package divideextension

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/sealgate/sealgate/exporter/otlpgrpc"
	"github.com/sealgate/sealgate/exporter/otlphttp"
	"github.com/sealgate/sealgate/extension/divideextension/internal/metadata"
)

func TestConfigurationsAreUnderstood(t *testing.T) {
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	for name, want := range map[string]*Config{
		"divide": {MaxRequests: 1000}, "divide/everything": {MaxRequests: 200, DrainBytesPerSecond: 3000},
	} {
		sub, err := conf.Sub(name)
		require.NoError(t, err)
		cfg := NewFactory().CreateDefaultConfig()
		require.NoError(t, sub.Unmarshal(cfg))
		require.NoError(t, confmap.Validate(cfg))
		assert.Equal(t, want, cfg)
	}
}

func TestALimitThatFindsNothingIsRefused(t *testing.T) {
	for _, n := range []int{-1, 0, 49} {
		assert.ErrorContains(t, confmap.Validate(&Config{MaxRequests: n}), "`max_requests`")
	}
	assert.ErrorContains(t, confmap.Validate(&Config{MaxRequests: 100, DrainBytesPerSecond: -1}), "`drain_bytes_per_second`")
}

// answer is what a backend answers to a request with these bodies of log records.
type answer struct {
	code     int // 0: taken
	grpc     codes.Code
	text     string
	headers  map[string]string
	rejected int64
}

// backend is a stand-in over HTTP and gRPC. The zero answer is that it takes the request.
type backend struct {
	plogotlp.UnimplementedGRPCServer
	answer func(records []string) answer

	mu       sync.Mutex
	has      []string
	requests int
	encoding []string
}

func (b *backend) take(ld plog.Logs) answer {
	var records []string
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				records = append(records, r.Body().Str())
			}
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.requests++
	a := b.answer(records)
	if a.code == 0 && a.grpc == codes.OK {
		b.has = append(b.has, records...)
	}
	return a
}

func (b *backend) Export(_ context.Context, r plogotlp.ExportRequest) (plogotlp.ExportResponse, error) {
	a := b.take(r.Logs())
	if a.grpc != codes.OK {
		return plogotlp.NewExportResponse(), status.Error(a.grpc, a.text)
	}
	resp := plogotlp.NewExportResponse()
	resp.PartialSuccess().SetRejectedLogRecords(a.rejected)
	return resp, nil
}

func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	encoding := r.Header.Get("Content-Encoding")
	plain, err := codecs[encoding].decode(bytes.NewReader(body))
	req := plogotlp.NewExportRequest()
	if err == nil && r.Header.Get("Content-Type") == typeJSON {
		err = req.UnmarshalJSON(plain)
	} else if err == nil {
		err = req.UnmarshalProto(plain)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusTeapot)
		return
	}
	a := b.take(req.Logs())
	b.mu.Lock()
	b.encoding = append(b.encoding, encoding)
	b.mu.Unlock()
	for k, v := range a.headers {
		w.Header().Set(k, v)
	}
	if a.code != 0 {
		http.Error(w, a.text, a.code)
		return
	}
	resp := plogotlp.NewExportResponse()
	resp.PartialSuccess().SetRejectedLogRecords(a.rejected)
	out, _ := resp.MarshalProto()
	w.Header().Set("Content-Type", typeProto)
	_, _ = w.Write(out)
}

// refuses returns a backend that refuses requests with the record bad.
func refuses(a answer) *backend {
	return &backend{answer: func(records []string) answer {
		if slices.Contains(records, "bad") {
			return a
		}
		return answer{}
	}}
}

// host is a Collector's host with one extension.
type host struct {
	component.Host
	ext component.Component
}

func (h host) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{component.NewID(metadata.Type): h.ext}
}

// site is an exporter of the Collector with the middleware, in front of a backend.
type site struct {
	exporter.Logs
	tel *componenttest.Telemetry
}

const quick = `{
  middlewares: [{id: divide}],
  sending_queue: {enabled: false},
  retry_on_failure: {initial_interval: 1ms, max_interval: 2ms, max_elapsed_time: 0s},
}`

func newSite(t *testing.T, f exporter.Factory, settings ...string) *site {
	t.Helper()
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.WithoutCancel(t.Context()))) })
	e, err := NewFactory().Create(t.Context(), extension.Settings{ID: component.NewID(metadata.Type), TelemetrySettings: tel.NewTelemetrySettings()}, NewFactory().CreateDefaultConfig())
	require.NoError(t, err)
	cfg := f.CreateDefaultConfig()
	for _, text := range append([]string{quick}, settings...) {
		retrieved, err := confmap.NewRetrievedFromYAML([]byte(text))
		require.NoError(t, err)
		conf, err := retrieved.AsConf()
		require.NoError(t, err)
		require.NoError(t, conf.Unmarshal(cfg))
	}
	set := exportertest.NewNopSettings(f.Type())
	set.TelemetrySettings = tel.NewTelemetrySettings()
	logs, err := f.CreateLogs(t.Context(), set, cfg)
	require.NoError(t, err)
	require.NoError(t, logs.Start(t.Context(), host{componenttest.NewNopHost(), e}))
	t.Cleanup(func() { require.NoError(t, logs.Shutdown(context.WithoutCancel(t.Context()))) })
	return &site{logs, tel}
}

func overHTTP(t *testing.T, b *backend, settings ...string) *site {
	t.Helper()
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	return newSite(t, otlphttp.NewFactory(), append([]string{"endpoint: " + server.URL}, settings...)...)
}

func overGRPC(t *testing.T, b *backend, settings ...string) *site {
	t.Helper()
	server := grpc.NewServer()
	plogotlp.RegisterGRPCServer(server, b)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return newSite(t, otlpgrpc.NewFactory(), append([]string{fmt.Sprintf("{endpoint: %q, tls: {insecure: true}}", listener.Addr())}, settings...)...)
}

// logs returns records with these bodies, under resources of three.
func logs(bodies ...string) plog.Logs {
	ld := plog.NewLogs()
	for i, body := range bodies {
		if i%3 == 0 {
			ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
		}
		ld.ResourceLogs().At(ld.ResourceLogs().Len() - 1).ScopeLogs().At(0).LogRecords().AppendEmpty().Body().SetStr(body)
	}
	return ld
}

// good returns n bodies, and with with at a place.
func good(n, at int, with string) (bodies []string) {
	for i := range n {
		if i == at {
			bodies = append(bodies, with)
		}
		bodies = append(bodies, fmt.Sprint("good", i))
	}
	return bodies
}

// refused returns what the extension counted, by reason.
func (s *site) refused(t *testing.T) map[string]int64 {
	t.Helper()
	counts := map[string]int64{}
	m, err := s.tel.GetMetric("otelcol_extension_divide_refused")
	if err != nil {
		return counts
	}
	for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
		reason, _ := p.Attributes.Value("reason")
		signal, _ := p.Attributes.Value("signal")
		backend, _ := p.Attributes.Value("backend")
		assert.Equal(t, "logs", signal.AsString())
		assert.Contains(t, backend.AsString(), "127.0.0.1:")
		counts[reason.AsString()] += p.Value
	}
	return counts
}

// sent returns what the exporter counted as sent, and as failed by reason.
func (s *site) sent(t *testing.T) (int64, map[string]int64) {
	t.Helper()
	var sent int64
	if m, err := s.tel.GetMetric("otelcol_exporter_sent_log_records"); err == nil {
		for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
			sent += p.Value
		}
	}
	failed := map[string]int64{}
	if m, err := s.tel.GetMetric("otelcol_exporter_send_failed_log_records"); err == nil {
		for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
			reason, _ := p.Attributes.Value("error.type")
			_, named := p.Attributes.Value("exporter")
			assert.True(t, named)
			failed[reason.AsString()] += p.Value
		}
	}
	return sent, failed
}

func TestOneBadRecordIsLostAlone(t *testing.T) {
	for name, tt := range map[string]struct {
		a      answer
		open   func(*testing.T, *backend, ...string) *site
		reason string
	}{
		"400":                 {answer{code: 400, text: "bad"}, overHTTP, "invalid"},
		"400 too old":         {answer{code: 400, text: "entry has timestamp too old"}, overHTTP, "too_old"},
		"413":                 {answer{code: 413}, overHTTP, "too_large"},
		"422":                 {answer{code: 422}, overHTTP, "invalid"},
		"500 with a reason":   {answer{code: 500, text: "invalid temporality and type combination"}, overHTTP, "invalid"},
		"500 without":         {answer{code: 500, text: "oops"}, overHTTP, "failed"},
		"InvalidArgument":     {answer{grpc: codes.InvalidArgument}, overGRPC, "invalid"},
		"FailedPrecondition":  {answer{grpc: codes.FailedPrecondition}, overGRPC, "invalid"},
		"larger than max":     {answer{grpc: codes.ResourceExhausted, text: "received message larger than max"}, overGRPC, "too_large"},
		"Internal":            {answer{grpc: codes.Internal}, overGRPC, "failed"},
		"Unknown with reason": {answer{grpc: codes.Unknown, text: "out of order sample"}, overGRPC, "out_of_order"},
	} {
		t.Run(name, func(t *testing.T) {
			b := refuses(tt.a)
			s := tt.open(t, b)
			require.NoError(t, s.ConsumeLogs(t.Context(), logs(good(20, 8, "bad")...)))
			assert.ElementsMatch(t, good(20, -1, ""), b.has, "each good record arrives once")
			assert.Equal(t, map[string]int64{tt.reason: 1}, s.refused(t))
			sent, failed := s.sent(t)
			assert.Equal(t, int64(20), sent)
			assert.Equal(t, map[string]int64{tt.reason: 1}, failed)
		})
	}
}

func TestARefusalThatPassesLosesNothing(t *testing.T) {
	for name, tt := range map[string]struct {
		a    answer
		open func(*testing.T, *backend, ...string) *site
	}{
		"301":                           {answer{code: 301, headers: map[string]string{"Location": "/elsewhere"}}, overHTTP},
		"302":                           {answer{code: 302, headers: map[string]string{"Location": "/elsewhere"}}, overHTTP},
		"401":                           {answer{code: 401}, overHTTP},
		"403":                           {answer{code: 403}, overHTTP},
		"404":                           {answer{code: 404}, overHTTP},
		"405":                           {answer{code: 405}, overHTTP},
		"408":                           {answer{code: 408}, overHTTP},
		"425":                           {answer{code: 425}, overHTTP},
		"429":                           {answer{code: 429}, overHTTP},
		"500":                           {answer{code: 500}, overHTTP},
		"501":                           {answer{code: 501}, overHTTP},
		"503":                           {answer{code: 503}, overHTTP},
		"Unauthenticated":               {answer{grpc: codes.Unauthenticated}, overGRPC},
		"PermissionDenied":              {answer{grpc: codes.PermissionDenied}, overGRPC},
		"Unimplemented":                 {answer{grpc: codes.Unimplemented}, overGRPC},
		"NotFound":                      {answer{grpc: codes.NotFound}, overGRPC},
		"Internal":                      {answer{grpc: codes.Internal}, overGRPC},
		"Unknown":                       {answer{grpc: codes.Unknown}, overGRPC},
		"Unavailable":                   {answer{grpc: codes.Unavailable}, overGRPC},
		"ResourceExhausted, no details": {answer{grpc: codes.ResourceExhausted}, overGRPC},
	} {
		t.Run(name, func(t *testing.T) {
			b := &backend{}
			b.answer = func([]string) answer {
				if b.requests <= 40 { // longer than the extension looks for a culprit at once
					return tt.a
				}
				return answer{}
			}
			s := tt.open(t, b)
			require.NoError(t, s.ConsumeLogs(t.Context(), logs(good(5, -1, "")...)))
			assert.ElementsMatch(t, good(5, -1, ""), b.has)
			assert.Empty(t, s.refused(t))
			sent, failed := s.sent(t)
			assert.Equal(t, int64(5), sent)
			assert.Empty(t, failed)
		})
	}
}

func TestPartialSuccessIsCounted(t *testing.T) {
	for name, open := range map[string]func(*testing.T, *backend, ...string) *site{"HTTP": overHTTP, "gRPC": overGRPC} {
		t.Run(name, func(t *testing.T) {
			b := &backend{answer: func([]string) answer { return answer{rejected: 3} }}
			s := open(t, b)
			require.NoError(t, s.ConsumeLogs(t.Context(), logs(good(5, -1, "")...)))
			assert.Equal(t, map[string]int64{"partial_success": 3}, s.refused(t))
			sent, failed := s.sent(t)
			assert.Equal(t, int64(2), sent)
			assert.Equal(t, map[string]int64{"partial_success": 3}, failed)
			assert.Equal(t, 1, b.requests)
		})
	}
}

// A backend takes some parts of a request and then goes away for a while.
func TestTakenPartsAreNotSentAgain(t *testing.T) {
	for name, open := range map[string]func(*testing.T, *backend, ...string) *site{"HTTP": overHTTP, "gRPC": overGRPC} {
		t.Run(name, func(t *testing.T) {
			b := &backend{}
			b.answer = func(records []string) answer {
				switch {
				case b.requests > 4 && b.requests < 8:
					return answer{code: 503, grpc: codes.Unavailable}
				case slices.Contains(records, "bad"):
					return answer{code: 400, grpc: codes.InvalidArgument}
				}
				return answer{}
			}
			s := open(t, b)
			require.NoError(t, s.ConsumeLogs(t.Context(), logs(good(40, 30, "bad")...)))
			assert.Equal(t, good(40, -1, ""), b.has, "each good record arrives once and in order")
			assert.Equal(t, map[string]int64{"invalid": 1}, s.refused(t))
			sent, failed := s.sent(t)
			assert.Equal(t, int64(40), sent)
			assert.Equal(t, map[string]int64{"invalid": 1}, failed)
		})
	}
}

func TestPartsAreCompressedAsTheWholeIs(t *testing.T) {
	for _, compression := range []string{"none", "gzip", "zstd", "zlib", "deflate", "x-snappy-framed"} {
		for _, encoding := range []string{"proto", "json"} {
			t.Run(compression+"/"+encoding, func(t *testing.T) {
				b := refuses(answer{code: 400})
				s := overHTTP(t, b, "compression: "+compression, "encoding: "+encoding)
				require.NoError(t, s.ConsumeLogs(t.Context(), logs(good(9, 4, "bad")...)))
				assert.Equal(t, good(9, -1, ""), b.has)
				assert.Len(t, slices.Compact(b.encoding), 1)
			})
		}
	}
}

func TestTheDelayOfAThrottledPartIsKept(t *testing.T) {
	b := &backend{}
	b.answer = func(records []string) answer {
		switch b.requests {
		case 1:
			return answer{code: 400}
		case 2:
			return answer{code: 429, headers: map[string]string{"Retry-After": "3600"}}
		}
		return answer{}
	}
	s := overHTTP(t, b)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := s.ConsumeLogs(ctx, logs(good(4, -1, "")...))
	assert.ErrorContains(t, err, "before next retry", "the exporter wants to wait for an hour, which the context does not allow")
}

func TestOtherRequestsPassUntouched(t *testing.T) {
	var seen []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Method+" "+r.URL.Path)
		w.WriteHeader(http.StatusBadRequest)
	}))
	t.Cleanup(server.Close)
	e, err := NewFactory().Create(t.Context(), extension.Settings{ID: component.NewID(metadata.Type), TelemetrySettings: componenttest.NewNopTelemetrySettings()}, NewFactory().CreateDefaultConfig())
	require.NoError(t, err)
	wrap, err := e.(*middleware).GetHTTPRoundTripper(t.Context())
	require.NoError(t, err)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	rt, err := wrap(t.Context(), transport)
	require.NoError(t, err)
	for _, of := range []string{"GET /v1/logs", "POST /api/v1/write", "POST /v1/logs"} {
		var method, path string
		_, _ = fmt.Sscan(of, &method, &path)
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, bytes.NewReader([]byte("not OTLP")))
		require.NoError(t, err)
		resp, err := rt.RoundTrip(r)
		require.NoError(t, err)
		assert.Equal(t, http.StatusBadRequest, resp.StatusCode)
		require.NoError(t, resp.Body.Close())
	}
	assert.Equal(t, []string{"GET /v1/logs", "POST /api/v1/write", "POST /v1/logs"}, seen)
}

func TestManyRequestsAtOnce(t *testing.T) {
	b := refuses(answer{code: 400})
	s := overHTTP(t, b)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { assert.NoError(t, s.ConsumeLogs(t.Context(), logs(good(10, 5, "bad")...))) })
	}
	wg.Wait()
	assert.Len(t, b.has, 200)
	assert.Equal(t, map[string]int64{"invalid": 20}, s.refused(t))
	sent, failed := s.sent(t)
	assert.Equal(t, int64(200), sent)
	assert.Equal(t, map[string]int64{"invalid": 20}, failed)
}
