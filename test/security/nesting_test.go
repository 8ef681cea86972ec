// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package security

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	grpcgzip "google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/status"

	"github.com/sealgate/sealgate/internal/wire"
	"github.com/sealgate/sealgate/test/harness"
)

// tooDeep is a depth that ends a process that decodes it.
const tooDeep = 1_300_000

// signals has, for each signal, the path over HTTP, the service of gRPC and the field in JSON.
var signals = []struct{ path, service, field string }{
	{"/v1/traces", "trace.v1.TraceService", "resourceSpans"},
	{"/v1/logs", "logs.v1.LogsService", "resourceLogs"},
	{"/v1/metrics", "metrics.v1.MetricsService", "resourceMetrics"},
}

func TestADeepRequestEndsNoDistribution(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ variable, configs string }{
		"gateway":             {"SEALGATE_BIN", "embedded:gateway\nyaml:exporters::otlp_grpc/tempo::sending_queue::batch::flush_timeout: 20ms"},
		"without middlewares": {"SEALGATE_BIN", "embedded:gateway\nyaml:receivers::otlp::protocols::grpc::middlewares: []\nyaml:receivers::otlp::protocols::http::middlewares: []\nyaml:exporters::otlp_grpc/tempo::sending_queue::batch::flush_timeout: 20ms"},
		"agent": {"SEALGATE_AGENT_BIN", "embedded:agent\nyaml:exporters::otlp_grpc/gateway::compression: none" +
			"\nyaml:service::pipelines::traces: {receivers: [otlp], processors: []}\nyaml:service::pipelines::metrics: {receivers: [otlp], processors: []}\nyaml:service::pipelines::logs::receivers: [otlp]\nyaml:exporters::otlp_grpc/gateway::sending_queue::batch::flush_timeout: 20ms"},
		"edge": {"SEALGATE_EDGE_BIN", "embedded:edge\nyaml:exporters::otlp_grpc/gateway::compression: none\nyaml:exporters::otlp_grpc/gateway::sending_queue::batch::flush_timeout: 20ms"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, behind := testContext(t), startSink(t)
			g := startCollector(ctx, t, tt.variable, tt.configs+"\nyaml:receivers::otlp::protocols::grpc::max_recv_msg_size_mib: 32",
				"SEALGATE_TEMPO="+behind.GRPC, "SEALGATE_GATEWAY="+behind.GRPC, "SEALGATE_GATEWAY_INSECURE=true", "K8S_NODE_NAME=here",
				"SEALGATE_LOGS=["+filepath.Join(t.TempDir(), "none.log")+"]")
			sendDeepOverHTTP(ctx, t, g)
			sendDeepOverGRPC(ctx, t, g)
			require.NoError(t, sender{}.overGRPC(ctx, g, "after"))
			behind.await(ctx, t, "after")
			counted := metricsOf(ctx, t, g)
			for _, transport := range []string{"grpc", "http"} {
				assert.Regexp(t, `otelcol_extension_admission_refused_requests(_total)?{[^}]*reason="too_deep"[^}]*transport="`+transport+`"[^}]*} [1-9]`, counted)
			}
		})
	}
}

func metricsOf(ctx context.Context, t *testing.T, g *harness.Gateway) string {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, g.Metrics, http.NoBody)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(text)
}

func sendDeepOverHTTP(ctx context.Context, t *testing.T, g *harness.Gateway) {
	t.Helper()
	for _, s := range signals {
		for contentType, body := range map[string][]byte{"application/x-protobuf": nested(tooDeep), "application/json": nestedJSON(s.field, 200_000)} {
			for encoding, compress := range compressors {
				req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+g.HTTP+s.path, bytes.NewReader(compress(t, body)))
				require.NoError(t, err)
				req.Header.Set("Content-Type", contentType)
				req.Header.Set("Content-Encoding", encoding)
				resp, err := http.DefaultClient.Do(req)
				require.NoError(t, err)
				answer, err := io.ReadAll(resp.Body)
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
				assert.Equal(t, http.StatusBadRequest, resp.StatusCode)
				assert.Contains(t, string(answer), "nested too deeply", "%s %s %s", s.path, contentType, encoding)
			}
		}
	}
}

func sendDeepOverGRPC(ctx context.Context, t *testing.T, g *harness.Gateway) {
	t.Helper()
	conn, err := grpc.NewClient(g.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	defer conn.Close()
	for _, s := range signals {
		for _, options := range [][]grpc.CallOption{nil, {grpc.UseCompressor(grpcgzip.Name)}} {
			raw, answer := wire.Raw(nested(tooDeep)), wire.Raw{}
			err := conn.Invoke(ctx, "/opentelemetry.proto.collector."+s.service+"/Export", &raw, &answer, options...)
			assert.Equal(t, codes.InvalidArgument, status.Code(err))
			assert.ErrorContains(t, err, "nested too deeply", s.service)
		}
	}
}

var compressors = map[string]func(*testing.T, []byte) []byte{
	"": func(_ *testing.T, b []byte) []byte { return b },
	"gzip": func(t *testing.T, b []byte) []byte {
		var to bytes.Buffer
		w := gzip.NewWriter(&to)
		_, err := w.Write(b)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		return to.Bytes()
	},
	"zstd": func(t *testing.T, b []byte) []byte {
		w, err := zstd.NewWriter(nil)
		require.NoError(t, err)
		return w.EncodeAll(b, nil)
	},
}

// nested returns a request of any signal: an attribute of a resource with so many levels of lists.
func nested(levels int) []byte {
	tags := slices.Repeat([]byte{1<<3 | 2, 5<<3 | 2}, levels) // Values.values, Value.array_value
	tags = append(tags, 2<<3|2, 1<<3|2, 1<<3|2, 1<<3|2)       // value, attributes, resource, resource of the signal
	reversed := make([]byte, 0, 6*len(tags))
	for _, tag := range tags {
		length := binary.AppendUvarint(nil, uint64(len(reversed)))
		slices.Reverse(length)
		reversed = append(append(reversed, length...), tag)
	}
	slices.Reverse(reversed)
	return reversed
}

func nestedJSON(field string, levels int) []byte {
	return fmt.Appendf(nil, `{"%s":[{"resource":{"attributes":[{"key":"k","value":%s{}%s}]}}]}`, field,
		strings.Repeat(`{"arrayValue":{"values":[`, levels), strings.Repeat(`]}}`, levels))
}
