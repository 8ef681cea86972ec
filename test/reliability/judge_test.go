// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package reliability

import (
	"compress/gzip"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// verdict is what a judge answers: it takes the request if both codes are 0.
type verdict struct {
	http     int
	grpc     codes.Code
	text     string
	rejected int64 // of a request that it takes
}

// judge stands in for Tempo, Loki and Prometheus, and answers by what a request holds.
type judge struct {
	ptraceotlp.UnimplementedGRPCServer
	grpc, url string

	mu     sync.Mutex
	answer func(names []string) verdict
	has    map[string]int // items that it has taken and not rejected, by signal
}

// newJudge starts a judge. Names are those of spans and metrics, and the text of records.
func newJudge(t *testing.T, answer func(names []string) verdict) *judge {
	t.Helper()
	j := &judge{answer: answer, has: map[string]int{}}
	server := grpc.NewServer()
	ptraceotlp.RegisterGRPCServer(server, j)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)
	web := httptest.NewServer(j)
	t.Cleanup(web.Close)
	j.grpc, j.url = l.Addr().String(), web.URL
	return j
}

// refusing returns an answer to requests that hold a name, and how often it is given.
func refusing(name string, v verdict, times int) func([]string) verdict {
	return func(names []string) verdict {
		if times != 0 && slices.Contains(names, name) {
			times--
			return v
		}
		return verdict{}
	}
}

func (j *judge) judge(signal string, items int, names []string) verdict {
	j.mu.Lock()
	defer j.mu.Unlock()
	v := j.answer(names)
	if v.http == 0 && v.grpc == codes.OK {
		j.has[signal] += items - int(v.rejected)
	}
	return v
}

func (j *judge) delivered(signal string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.has[signal]
}

// Export takes spans over gRPC.
func (j *judge) Export(_ context.Context, r ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	var names []string
	for _, rs := range r.Traces().ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				names = append(names, s.Name())
			}
		}
	}
	resp := ptraceotlp.NewExportResponse()
	v := j.judge("traces", r.Traces().SpanCount(), names)
	if v.grpc != codes.OK {
		return resp, status.Error(v.grpc, v.text)
	}
	resp.PartialSuccess().SetRejectedSpans(v.rejected)
	return resp, nil
}

// ServeHTTP takes records and points.
func (j *judge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body []byte
	unzipped, err := gzip.NewReader(r.Body)
	if err == nil {
		body, err = io.ReadAll(unzipped)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusTeapot)
		return
	}
	var v verdict
	var answer interface{ MarshalProto() ([]byte, error) }
	if strings.HasSuffix(r.URL.Path, "/v1/logs") {
		v, answer = j.takeLogs(body)
	} else {
		v, answer = j.takeMetrics(body)
	}
	if v.http != 0 {
		http.Error(w, v.text, v.http)
		return
	}
	out, _ := answer.MarshalProto()
	w.Header().Set("Content-Type", "application/x-protobuf")
	_, _ = w.Write(out)
}

func (j *judge) takeLogs(body []byte) (verdict, plogotlp.ExportResponse) {
	req, resp := plogotlp.NewExportRequest(), plogotlp.NewExportResponse()
	if err := req.UnmarshalProto(body); err != nil {
		return verdict{http: http.StatusTeapot}, resp
	}
	var names []string
	for _, rl := range req.Logs().ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				names = append(names, r.Body().AsString())
			}
		}
	}
	v := j.judge("logs", req.Logs().LogRecordCount(), names)
	resp.PartialSuccess().SetRejectedLogRecords(v.rejected)
	return v, resp
}

func (j *judge) takeMetrics(body []byte) (verdict, pmetricotlp.ExportResponse) {
	req, resp := pmetricotlp.NewExportRequest(), pmetricotlp.NewExportResponse()
	if err := req.UnmarshalProto(body); err != nil {
		return verdict{http: http.StatusTeapot}, resp
	}
	var names []string
	for _, rm := range req.Metrics().ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				names = append(names, m.Name())
			}
		}
	}
	v := j.judge("metrics", req.Metrics().DataPointCount(), names)
	resp.PartialSuccess().SetRejectedDataPoints(v.rejected)
	return v, resp
}
