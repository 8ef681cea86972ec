// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"compress/gzip"
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip" // senders may compress
	"google.golang.org/grpc/status"
)

// Sink is where telemetry ends in tests that count it: it takes traces over
// OTLP/gRPC, logs and metrics over OTLP/HTTP, as a gateway sends them to the three
// backends, and keeps them.
type Sink struct {
	GRPC string // host:port
	URL  string // base URL, whatever path comes before /v1/...

	mu      sync.Mutex
	traces  []ptrace.Traces
	logs    []plog.Logs
	metrics []pmetric.Metrics
	spans   int // in traces
	limit   int // of spans that are taken; 0: there is none

	grpc *grpc.Server
	http *http.Server
}

// StartSink starts a sink on free ports of the loopback interface.
func StartSink() (*Sink, error) {
	overGRPC, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	overHTTP, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Sink{GRPC: overGRPC.Addr().String(), URL: "http://" + overHTTP.Addr().String()}
	s.grpc = grpc.NewServer()
	ptraceotlp.RegisterGRPCServer(s.grpc, &traceSink{Sink: s})
	s.http = &http.Server{Handler: http.HandlerFunc(s.serveHTTP)}
	go func() { _ = s.grpc.Serve(overGRPC) }()
	go func() { _ = s.http.Serve(overHTTP) }()
	return s, nil
}

// Env is what points a gateway's environment to the sink instead of the backends.
func (s *Sink) Env() []string {
	return []string{"SEALGATE_TEMPO=" + s.GRPC, "SEALGATE_LOKI=" + s.URL, "SEALGATE_PROMETHEUS=" + s.URL}
}

// Close stops the sink.
func (s *Sink) Close() {
	s.grpc.Stop()
	_ = s.http.Close()
}

// Limit has the sink answer that it is unavailable once it has so many spans; 0
// ends that.
func (s *Sink) Limit(spans int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit = spans
}

// Traces returns the requests of traces so far.
func (s *Sink) Traces() []ptrace.Traces {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.traces)
}

// Logs returns the requests of logs so far.
func (s *Sink) Logs() []plog.Logs {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.logs)
}

// Metrics returns the requests of metrics so far.
func (s *Sink) Metrics() []pmetric.Metrics {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.metrics)
}

type traceSink struct {
	ptraceotlp.UnimplementedGRPCServer
	*Sink
}

func (s *traceSink) Export(_ context.Context, r ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.limit > 0 && s.spans >= s.limit {
		return ptraceotlp.NewExportResponse(), status.Error(codes.Unavailable, "the sink has reached its limit")
	}
	s.traces = append(s.traces, r.Traces())
	s.spans += r.Traces().SpanCount()
	return ptraceotlp.NewExportResponse(), nil
}

func (s *Sink) serveHTTP(w http.ResponseWriter, r *http.Request) {
	unzipped, err := gzip.NewReader(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnsupportedMediaType)
		return
	}
	body, err := io.ReadAll(unzipped)
	if err == nil {
		err = s.take(r.URL.Path, body)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/x-protobuf") // an empty message is a response
}

func (s *Sink) take(path string, body []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if strings.HasSuffix(path, "/v1/logs") {
		request := plogotlp.NewExportRequest()
		if err := request.UnmarshalProto(body); err != nil {
			return err
		}
		s.logs = append(s.logs, request.Logs())
		return nil
	}
	request := pmetricotlp.NewExportRequest()
	if err := request.UnmarshalProto(body); err != nil {
		return err
	}
	s.metrics = append(s.metrics, request.Metrics())
	return nil
}
