// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sealpdata

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sealgate/sealgate/seal"
)

var update = flag.Bool("update", false, "write testdata/golden.json anew: what was sealed before does not open any more")

const goldenFile = "testdata/golden.json"

// vector is one sealed record. The key is that of fieldPair: data key
// 0123456789abcdef in ASCII, id 0102...10.
type vector struct {
	Name    string `json:"name"`
	Place   byte   `json:"place"`
	Binding string `json:"binding"`
	Plain   string `json:"plaintext"`
	Text    string `json:"text"`
}

// goldenTraces is one batch: the counters are 0, 1, 2, 3.
func goldenTraces() ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.SetSchemaUrl("https://opentelemetry.io/schemas/1.37.0")
	rs.Resource().Attributes().PutStr("service.name", "checkout")
	rs.Resource().Attributes().PutStr("k8s.pod.uid", "6f1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d")
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName("io.opentelemetry.jdbc")
	ss.Scope().SetVersion("2.1.0")
	span := ss.Spans().AppendEmpty()
	span.SetTraceID([16]byte{0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36})
	span.SetSpanID([8]byte{0, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7})
	span.SetStartTimestamp(1_790_000_000_000_000_000)
	span.SetEndTimestamp(1_790_000_000_012_345_678)
	span.SetKind(ptrace.SpanKindServer)
	span.SetName("GET /api/orders/{id}")
	span.SetFlags(0x101)
	span.Attributes().PutStr("http.request.method", "GET")
	span.Attributes().PutInt("http.response.status_code", 200)
	span.Attributes().PutStr("url.path", "/api/orders/4711")
	span.Attributes().PutStr("user.id", "550e8400-e29b-41d4-a716-446655440000")
	span.Attributes().PutStr("shop.note", "hello hello hello")
	full := ss.Spans().AppendEmpty()
	fullSpan(full, "x", 1)
	full.Attributes().Remove("huge")
	return td
}

func goldenLogs() plog.Logs {
	ld := plog.NewLogs()
	r := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	r.SetTimestamp(1_790_000_000_000_000_000)
	r.Body().SetStr("user 42 logged in from 10.0.0.1")
	r.Attributes().PutDouble("duration_ms", 1.5)
	return ld
}

// TestGoldenVectors fails if the format changes. It must not, within version 1.
func TestGoldenVectors(t *testing.T) {
	got := goldenVectors(t)
	if *update {
		b, err := json.MarshalIndent(got, "", "  ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(goldenFile, append(b, '\n'), 0o600))
	}
	b, err := os.ReadFile(goldenFile)
	require.NoError(t, err)
	var want []vector
	require.NoError(t, json.Unmarshal(b, &want))
	assert.Equal(t, want, got)
}

func goldenVectors(t *testing.T) []vector {
	s, o := fieldPair(t)
	p := policyOf(t, Options{})
	td := goldenTraces()
	require.NoError(t, p.SealTraces(s, td))
	rs := td.ResourceSpans().At(0)
	resource, _ := joinChunks(rs.Resource().Attributes(), nameResource)
	scope, _ := joinChunks(rs.ScopeSpans().At(0).Scope().Attributes(), nameScope)
	vectors := []vector{
		newVector(t, o, "resource", seal.PlaceResource, nil, resource),
		newVector(t, o, "scope", seal.PlaceScope, nil, scope),
	}
	for i, span := range rs.ScopeSpans().At(0).Spans().All() {
		text, _ := joinChunks(span.Attributes(), nameSpan)
		vectors = append(vectors, newVector(t, o, []string{"span", "span with everything"}[i], seal.PlaceSpan, spanBinding(nil, span), text))
	}
	ld := goldenLogs()
	require.NoError(t, p.SealLogs(s, ld))
	r := firstLog(ld)
	return append(vectors, newVector(t, o, "log record", seal.PlaceLog, logBinding(nil, r, logTime(r)), r.Body().Str()))
}

func newVector(t *testing.T, o *seal.FieldOpener, name string, place seal.Place, binding []byte, text string) vector {
	blob, err := base64.RawURLEncoding.DecodeString(text)
	require.NoError(t, err)
	plain, err := o.Open(nil, place, binding, blob)
	require.NoError(t, err)
	return vector{name, byte(place), hex.EncodeToString(binding), hex.EncodeToString(plain), text}
}
