// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package admissionextension

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/sealgate/sealgate/admission"
)

func TestConfigurationsAreUnderstood(t *testing.T) {
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	sub, err := conf.Sub("admission")
	require.NoError(t, err)
	cfg := NewFactory().CreateDefaultConfig()
	require.NoError(t, sub.Unmarshal(cfg))
	require.NoError(t, componenttest.CheckConfigStruct(cfg))
}

// judge refuses the spans without a trace id and answers with err.
type judge struct {
	err   error
	whole bool
	mu    sync.Mutex
	sizes []int
}

var checker = admission.New(admission.Options{Tempo: true, Loki: true, Prometheus: true, MaxAttributes: 1})

func (j *judge) note(ctx context.Context, signal admission.Signal, r admission.Result) error {
	ticket := admission.FromContext(ctx)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.sizes = append(j.sizes, ticket.Size())
	ticket.Refuse(signal, &r)
	if j.whole {
		ticket.RefuseWhole()
	}
	return j.err
}

// receiver is the Collector's own, with the middleware.
type receiver struct {
	http, grpc string
	judge      *judge
	ext        *middleware
	tel        *componenttest.Telemetry
}

// refused returns how many requests were refused, by reason and transport.
func (r *receiver) refused(t *testing.T) map[[2]string]int64 {
	t.Helper()
	m, err := r.tel.GetMetric("otelcol_extension_admission_refused_requests")
	require.NoError(t, err)
	counts := map[[2]string]int64{}
	for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
		reason, _ := p.Attributes.Value("reason")
		transport, _ := p.Attributes.Value("transport")
		counts[[2]string{reason.AsString(), transport.AsString()}] = p.Value
	}
	return counts
}

type host struct {
	component.Host
	ext component.Component
}

func (h host) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{component.MustNewID("admission"): h.ext}
}

func start(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{http: freeAddr(t), grpc: freeAddr(t), judge: &judge{}}
	r.tel = componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, r.tel.Shutdown(context.WithoutCancel(t.Context()))) })
	e, err := NewFactory().Create(t.Context(), extension.Settings{ID: component.MustNewID("admission"), TelemetrySettings: r.tel.NewTelemetrySettings()}, NewFactory().CreateDefaultConfig())
	require.NoError(t, err)
	r.ext = e.(*middleware)
	f := otlpreceiver.NewFactory()
	cfg := f.CreateDefaultConfig()
	retrieved, err := confmap.NewRetrievedFromYAML(fmt.Appendf(nil, "protocols: {http: {endpoint: %q, middlewares: [{id: admission}]}, grpc: {endpoint: %q, middlewares: [{id: admission}]}}", r.http, r.grpc))
	require.NoError(t, err)
	conf, err := retrieved.AsConf()
	require.NoError(t, err)
	require.NoError(t, conf.Unmarshal(cfg))
	set := receivertest.NewNopSettings(f.Type())
	traces, err := consumer.NewTraces(func(ctx context.Context, td ptrace.Traces) error {
		return r.judge.note(ctx, admission.Traces, checker.Traces(td, 0))
	})
	require.NoError(t, err)
	logs, err := consumer.NewLogs(func(ctx context.Context, ld plog.Logs) error {
		return r.judge.note(ctx, admission.Logs, checker.Logs(ld, 0))
	})
	require.NoError(t, err)
	metrics, err := consumer.NewMetrics(func(ctx context.Context, md pmetric.Metrics) error {
		return r.judge.note(ctx, admission.Metrics, checker.Metrics(md, 0))
	})
	require.NoError(t, err)
	one, err := f.CreateTraces(t.Context(), set, cfg, traces)
	require.NoError(t, err)
	_, err = f.CreateLogs(t.Context(), set, cfg, logs)
	require.NoError(t, err)
	_, err = f.CreateMetrics(t.Context(), set, cfg, metrics)
	require.NoError(t, err)
	require.NoError(t, one.Start(t.Context(), host{componenttest.NewNopHost(), e}))
	t.Cleanup(func() { require.NoError(t, one.Shutdown(context.WithoutCancel(t.Context()))) })
	return r
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

// post sends a request and returns the status and the body of the answer.
func (r *receiver) post(t *testing.T, path, contentType string, body []byte, encoding string) (int, []byte) {
	t.Helper()
	if encoding == "gzip" {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, err := w.Write(body)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		body = b.Bytes()
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+r.http+path, bytes.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", contentType)
	if encoding != "" {
		req.Header.Set("Content-Encoding", encoding)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, answer
}

const oneBad = `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","name":"good"},{"spanId":"b7ad6b7169203332","name":"bad"}]}]}]}`

func TestAnswersInJSON(t *testing.T) {
	r := start(t)
	for path, tt := range map[string]struct{ body, want string }{
		"/v1/traces":  {oneBad, `"rejectedSpans":"1"`},
		"/v1/logs":    {`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{},{"attributes":[{"key":"a","value":{}},{"key":"b","value":{}}]}]}]}]}`, `"rejectedLogRecords":"1"`},
		"/v1/metrics": {`{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"a","gauge":{"dataPoints":[{}]}}]}]}]}`, `"rejectedDataPoints":"1"`},
	} {
		code, answer := r.post(t, path, "application/json; charset=utf-8", []byte(tt.body), "")
		assert.Equal(t, http.StatusOK, code)
		assert.Contains(t, string(answer), tt.want)
		assert.Contains(t, string(answer), "1 refused as ")
	}
}

func TestAnswersInProtobuf(t *testing.T) {
	r := start(t)
	request := ptraceotlp.NewExportRequest()
	require.NoError(t, request.UnmarshalJSON([]byte(oneBad)))
	body, err := request.MarshalProto()
	require.NoError(t, err)
	for _, encoding := range []string{"", "gzip"} {
		code, answer := r.post(t, "/v1/traces", "application/x-protobuf", body, encoding)
		assert.Equal(t, http.StatusOK, code)
		resp := ptraceotlp.NewExportResponse()
		require.NoError(t, resp.UnmarshalProto(answer))
		assert.Equal(t, int64(1), resp.PartialSuccess().RejectedSpans())
		assert.Contains(t, resp.PartialSuccess().ErrorMessage(), "1 refused as empty_trace_id")
	}
	assert.Equal(t, []int{len(body), len(body)}, r.judge.sizes, "the size is the one before compression")
}

func TestAGoodRequestIsAnsweredAsEver(t *testing.T) {
	r := start(t)
	code, answer := r.post(t, "/v1/traces", "application/json", []byte(strings.ReplaceAll(oneBad, `{"spanId"`, `{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId"`)), "")
	assert.Equal(t, http.StatusOK, code)
	assert.JSONEq(t, `{"partialSuccess":{}}`, string(answer))
}

func TestARequestThatCanNeverFitIsAnswered413(t *testing.T) {
	r := start(t)
	r.judge.err, r.judge.whole = status.Error(codes.InvalidArgument, "it can never fit"), true
	code, answer := r.post(t, "/v1/traces", "application/json", []byte(oneBad), "")
	assert.Equal(t, http.StatusRequestEntityTooLarge, code)
	assert.Contains(t, string(answer), "it can never fit")
}

func TestAFailureIsAnsweredAsEver(t *testing.T) {
	r := start(t)
	r.judge.err = fmt.Errorf("no room")
	code, answer := r.post(t, "/v1/traces", "application/json", []byte(oneBad), "")
	assert.Equal(t, http.StatusServiceUnavailable, code)
	assert.NotContains(t, string(answer), "rejected")
	code, _ = r.post(t, "/v1/traces", "application/json", []byte("{"), "")
	assert.Equal(t, http.StatusBadRequest, code)
}

// What is long in protobuf and short in JSON is not taken for short.
func TestTheSizeOfJSONIsAnUpperBound(t *testing.T) {
	r := start(t)
	buckets := strings.Repeat("0,", 5000) + "0"
	body := `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"a","histogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"1","bucketCounts":[` + buckets + `]}]}}]}]}]}`
	code, _ := r.post(t, "/v1/metrics", "application/json", []byte(body), "")
	require.Equal(t, http.StatusOK, code)
	request := pmetricotlp.NewExportRequest()
	require.NoError(t, request.UnmarshalJSON([]byte(body)))
	proto, err := request.MarshalProto()
	require.NoError(t, err)
	assert.Greater(t, len(proto), len(body))
	assert.GreaterOrEqual(t, r.judge.sizes[0], len(proto))
}

func TestAnswersOverGRPC(t *testing.T) {
	r := start(t)
	conn, err := grpc.NewClient(r.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	request := ptraceotlp.NewExportRequest()
	require.NoError(t, request.UnmarshalJSON([]byte(oneBad)))
	body, err := request.MarshalProto()
	require.NoError(t, err)
	resp, err := ptraceotlp.NewGRPCClient(conn).Export(t.Context(), request)
	require.NoError(t, err)
	assert.Equal(t, int64(1), resp.PartialSuccess().RejectedSpans())
	assert.Contains(t, resp.PartialSuccess().ErrorMessage(), "1 refused as empty_trace_id")
	assert.Equal(t, []int{len(body)}, r.judge.sizes)

	good := plogotlp.NewExportRequest()
	good.Logs().ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	taken, err := plogotlp.NewGRPCClient(conn).Export(t.Context(), good)
	require.NoError(t, err)
	assert.Zero(t, taken.PartialSuccess().RejectedLogRecords())

	r.judge.err = status.Error(codes.InvalidArgument, "it can never fit")
	_, err = ptraceotlp.NewGRPCClient(conn).Export(t.Context(), request)
	assert.Equal(t, codes.InvalidArgument, status.Code(err))
}
