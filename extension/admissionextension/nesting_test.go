// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package admissionextension

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/status"

	"github.com/sealgate/sealgate/internal/wire"
)

// deep returns a request of any signal: an attribute of a resource with so many levels of lists.
func deep(levels int) []byte {
	value := make([]byte, 0, 24*levels)
	for range levels { // reversed: each field is its content, then its length and its tag
		for _, tag := range []byte{1<<3 | 2, 5<<3 | 2} {
			value = appendReversed(value, tag, len(value))
		}
	}
	for _, tag := range []byte{2<<3 | 2, 1<<3 | 2, 1<<3 | 2, 1<<3 | 2} {
		value = appendReversed(value, tag, len(value))
	}
	for i, j := 0, len(value)-1; i < j; i, j = i+1, j-1 {
		value[i], value[j] = value[j], value[i]
	}
	return value
}

func appendReversed(b []byte, tag byte, length int) []byte {
	varint := binary.AppendUvarint(nil, uint64(length))
	for i := range varint {
		b = append(b, varint[len(varint)-1-i])
	}
	return append(b, tag)
}

func deepJSON(signal string, levels int) []byte {
	return []byte(`{"resource` + signal + `":[{"resource":{"attributes":[{"key":"k","value":` +
		strings.Repeat(`{"arrayValue":{"values":[`, levels) + strings.Repeat(`]}}`, levels) + `}]}}]}`)
}

func TestDeepRequestsOverHTTPAreRefused(t *testing.T) {
	r := start(t)
	for _, encoding := range []string{"", "gzip"} {
		for path, signal := range map[string]string{"/v1/traces": "Spans", "/v1/logs": "Logs", "/v1/metrics": "Metrics"} {
			for _, levels := range []int{129, 1000, 500_000} {
				code, answer := r.post(t, path, "application/x-protobuf", deep(levels), encoding)
				assert.Equal(t, http.StatusBadRequest, code)
				assert.Contains(t, string(answer), "nested too deeply")
				code, answer = r.post(t, path, "application/json", deepJSON(signal, levels), encoding)
				assert.Equal(t, http.StatusBadRequest, code)
				assert.Contains(t, string(answer), "nested too deeply")
			}
			code, _ := r.post(t, path, "application/x-protobuf", deep(128), encoding)
			assert.Equal(t, http.StatusOK, code)
			code, _ = r.post(t, path, "application/json", deepJSON(signal, 120), encoding)
			assert.Equal(t, http.StatusOK, code)
		}
	}
	assert.Equal(t, map[[2]string]int64{{"too_deep", "http"}: 36}, r.refused(t))
}

func TestMalformedRequestsOverHTTPAreRefused(t *testing.T) {
	r := start(t)
	code, _ := r.post(t, "/v1/traces", "application/x-protobuf", []byte("\x0b\x08\x01\x0c"), "")
	assert.Equal(t, http.StatusBadRequest, code)
	assert.Equal(t, map[[2]string]int64{{"malformed", "http"}: 1}, r.refused(t))
}

func TestTheConnectionOutlivesARefusal(t *testing.T) {
	r := start(t)
	dials := 0
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		dials++
		return new(net.Dialer).DialContext(ctx, network, addr)
	}}}
	defer client.CloseIdleConnections()
	for _, body := range [][]byte{deep(500_000), deep(10), deep(500_000), deep(10)} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+r.http+"/v1/traces", bytes.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/x-protobuf")
		resp, err := client.Do(req)
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, len(body) > 1000, resp.StatusCode == http.StatusBadRequest)
	}
	assert.Equal(t, 1, dials)
}

func TestDeepRequestsOverGRPCAreRefused(t *testing.T) {
	r := start(t)
	conn, err := grpc.NewClient(r.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	for _, options := range [][]grpc.CallOption{nil, {grpc.UseCompressor("gzip")}} {
		for _, signal := range []string{"trace.v1.Trace", "logs.v1.Logs", "metrics.v1.Metrics"} {
			call := func(levels int) error {
				raw, answer := wire.Raw(deep(levels)), wire.Raw{}
				return conn.Invoke(t.Context(), "/opentelemetry.proto.collector."+signal+"Service/Export", &raw, &answer, options...)
			}
			for _, levels := range []int{129, 1000, 400_000} {
				err := call(levels)
				assert.Equal(t, codes.InvalidArgument, status.Code(err))
				assert.ErrorContains(t, err, "nested too deeply")
			}
			assert.NoError(t, call(128))
		}
	}
	assert.Equal(t, map[[2]string]int64{{"too_deep", "grpc"}: 18}, r.refused(t))
}

func TestTheExtensionIsAnEncoding(t *testing.T) {
	r := start(t)
	decoders := map[string]func([]byte) (int, error){
		"Spans": func(b []byte) (int, error) {
			td, err := r.ext.UnmarshalTraces(b)
			return count(td.ResourceSpans, err), err
		},
		"Logs": func(b []byte) (int, error) {
			ld, err := r.ext.UnmarshalLogs(b)
			return count(ld.ResourceLogs, err), err
		},
		"Metrics": func(b []byte) (int, error) {
			md, err := r.ext.UnmarshalMetrics(b)
			return count(md.ResourceMetrics, err), err
		},
	}
	for signal, decode := range decoders {
		for _, good := range [][]byte{deep(128), deepJSON(signal, 120), append([]byte(" \n"), deepJSON(signal, 1)...)} {
			n, err := decode(good)
			require.NoError(t, err)
			assert.Equal(t, 1, n)
		}
		for _, bad := range [][]byte{deep(129), deep(500_000), deepJSON(signal, 130)} {
			_, err := decode(bad)
			assert.ErrorContains(t, err, "nested too deeply")
		}
		n, err := decode(nil)
		require.NoError(t, err)
		assert.Zero(t, n)
	}
	assert.Equal(t, map[[2]string]int64{{"too_deep", "encoding"}: 9}, r.refused(t))
}

func count[S interface{ Len() int }](slice func() S, err error) int {
	if err != nil {
		return 0
	}
	return slice().Len()
}

func TestAPathTellsTheSignal(t *testing.T) {
	for path, n := range map[string]int{"/v1/traces": 1, "/otlp/Logs": 1, "/catalog/v1/metrics": 1, "/v1development/profiles": 1, "/in": 4, "/": 4} {
		assert.Len(t, scanners(path, false), n, path)
	}
	message, _ := messageOf("/catalog/v1/metrics")
	wanted, _ := messageOf("metrics")
	assert.Equal(t, wanted, message)
}
