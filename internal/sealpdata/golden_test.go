// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sealpdata

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sealgate/sealgate/seal"
)

var update = flag.Bool("update", false, "write testdata/golden-v2.json again: what was sealed before does not open any more")

const goldenFile = "testdata/golden-v2.json"

// vector is one sealed record. In golden.json the data key is 0123456789abcdef in ASCII
// and the period 0102...10; in golden-v2.json they are those of vectorPair, and salts
// are a0a1...a7.
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

// goldenV1 are vectors that version 1 has written. Nothing writes it any more.
const goldenV1 = "testdata/golden.json"

// TestGoldenVectorsOfVersion1Open fails if data that was sealed before is lost.
func TestGoldenVectorsOfVersion1Open(t *testing.T) {
	o, err := seal.NewOldFieldOpener(dataKey, keyID)
	require.NoError(t, err)
	var vectors []vector
	readJSON(t, goldenV1, &vectors)
	for _, v := range vectors {
		blob, err := base64.RawURLEncoding.DecodeString(v.Text)
		require.NoError(t, err)
		binding, err := hex.DecodeString(v.Binding)
		require.NoError(t, err)
		plain, err := o.Open(nil, seal.Place(v.Place), binding, blob)
		require.NoError(t, err)
		assert.Equal(t, v.Plain, hex.EncodeToString(plain))
	}
	td, ld := sealedByVersion1(vectors)
	// With no clear value, all three ways give the same.
	for _, clear := range []Clear{ClearKeep, ClearMark, ClearDrop} {
		gotTraces, gotLogs := copyOf(td), copyOfLogs(ld)
		stats, err := Unsealer{Open: openWith(o), Clear: clear}.Traces(gotTraces)
		require.NoError(t, err)
		assert.Equal(t, Stats{Unsealed: 2}, stats)
		sameTraces(t, goldenTraces(), gotTraces)
		stats, err = Unsealer{Open: openWith(o), Clear: clear}.Logs(gotLogs)
		require.NoError(t, err)
		assert.Equal(t, Stats{Unsealed: 1}, stats)
		sameLogs(t, goldenLogs(), gotLogs)
	}
}

// sealedByVersion1 returns what version 1 made of goldenTraces and goldenLogs.
func sealedByVersion1(vectors []vector) (ptrace.Traces, plog.Logs) {
	td, ld := ptrace.NewTraces(), goldenLogs()
	rs := td.ResourceSpans().AppendEmpty()
	putChunks(rs.Resource().Attributes(), nameKey, "key")
	putChunks(rs.Resource().Attributes(), nameResource, vectors[0].Text)
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName(hiddenName)
	putChunks(ss.Scope().Attributes(), nameScope, vectors[1].Text)
	for i, was := range goldenTraces().ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
		span := ss.Spans().AppendEmpty()
		span.SetTraceID(was.TraceID())
		span.SetSpanID(was.SpanID())
		span.SetParentSpanID(was.ParentSpanID())
		span.SetStartTimestamp(was.StartTimestamp())
		span.SetEndTimestamp(was.EndTimestamp())
		span.SetKind(was.Kind())
		span.Status().SetCode(was.Status().Code())
		span.SetName(hiddenName)
		putChunks(span.Attributes(), nameSpan, vectors[2+i].Text)
	}
	ld.ResourceLogs().At(0).Resource().Attributes().PutStr(nameKey, "key")
	firstLog(ld).Body().SetStr(vectors[4].Text)
	firstLog(ld).Attributes().RemoveIf(func(string, pcommon.Value) bool { return true })
	return td, ld
}

func readJSON(t *testing.T, file string, into any) {
	t.Helper()
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, into))
}

// TestGoldenVectors fails if the format changes. It must not, within version 2.
func TestGoldenVectors(t *testing.T) {
	got := goldenVectors(t)
	if *update {
		b, err := json.MarshalIndent(got, "", "  ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(goldenFile, append(b, '\n'), 0o600))
	}
	var want golden
	readJSON(t, goldenFile, &want)
	for _, docs := range [][]document{want.Documents, got.Documents} {
		for i := range docs { // without the layout of the file
			for _, raw := range []*json.RawMessage{&docs[i].Sealed, &docs[i].Clear} {
				var b bytes.Buffer
				require.NoError(t, json.Compact(&b, *raw))
				*raw = b.Bytes()
			}
		}
	}
	assert.Equal(t, want, got)
}

// golden is testdata/golden-v2.json.
type golden struct {
	Vectors   []vector   `json:"vectors"`
	Documents []document `json:"documents"`
}

// document is OTLP in JSON, sealed and as `sealctl unseal --clear mark` prints it.
type document struct {
	Name     string          `json:"name"`
	Sealed   json.RawMessage `json:"sealed"`
	Unsealed int             `json:"unsealed"`
	Failed   int             `json:"failed"`
	Plain    int             `json:"clear_items"`
	Errors   int             `json:"errors"`
	Clear    json.RawMessage `json:"clear"`
}

func goldenVectors(t *testing.T) (g golden) {
	s, o, header := vectorPair(t)
	record, fields := policyOf(t, Options{Keep: []string{"service.name"}, Search: []string{"user.id"}}), policyOf(t, Options{Mode: ModeFields, Attributes: []string{"user.*"}})
	whole := goldenTraces()
	require.NoError(t, record.SealTraces(s, whole))
	rs := whole.ResourceSpans().At(0)
	resource, _ := joinChunks(rs.Resource().Attributes(), nameResource)
	scope, _ := joinChunks(rs.ScopeSpans().At(0).Scope().Attributes(), nameScope)
	g.Vectors = []vector{
		newVector(t, o, "resource", seal.PlaceResource, nil, resource),
		newVector(t, o, "scope", seal.PlaceScope, nil, scope),
	}
	around := context{tagOf(rs.Resource().Attributes(), nameResource), tagOf(rs.ScopeSpans().At(0).Scope().Attributes(), nameScope)}
	for i, span := range rs.ScopeSpans().At(0).Spans().All() {
		text, _ := joinChunks(span.Attributes(), nameSpan)
		g.Vectors = append(g.Vectors, newVector(t, o, []string{"span", "span with everything"}[i], seal.PlaceSpan, spanBinding(around.appendTo(nil), span), text))
	}
	ld := goldenLogs()
	firstLog(ld).SetSeverityText("Warnung")
	firstLog(ld).SetSeverityNumber(plog.SeverityNumberWarn)
	firstLog(ld).SetObservedTimestamp(1_790_000_000_000_000_007)
	require.NoError(t, record.SealLogs(s, ld))
	r := firstLog(ld)
	g.Vectors = append(g.Vectors, newVector(t, o, "log record", seal.PlaceLog, logBinding(new(context).appendTo(nil), r, logTime(r)), r.Body().Str()))

	td, partly := smallTraces(), smallTraces()
	require.NoError(t, record.SealTraces(s, td))
	partly.ResourceSpans().At(0).Resource().Attributes().PutEmptyMap("user").PutStr("email", "amy@example.org")
	require.NoError(t, fields.SealTraces(s, partly))
	logs := plog.NewLogs()
	ld.CopyTo(logs)
	putChunks(logs.ResourceLogs().At(0).Resource().Attributes(), nameKey, header)
	for _, td := range []ptrace.Traces{td, partly} {
		putChunks(td.ResourceSpans().At(0).Resource().Attributes(), nameKey, header)
	}
	stripped, forged := copyOf(td), copyOf(td)
	stripped.ResourceSpans().At(0).Resource().Attributes().Remove(nameResource)
	span := firstSpan(forged)
	span.Attributes().PutStr("user.id", "mallory")
	span.Attributes().PutStr("added", "later")
	span.Events().AppendEmpty().SetName("forged")
	span.Status().SetMessage("forged")
	forged.ResourceSpans().At(0).ScopeSpans().At(0).Spans().AppendEmpty().SetName("not sealed")
	for _, d := range []struct {
		name string
		td   ptrace.Traces
	}{
		{"record mode", td}, {"fields mode", partly}, {"hostile: the blob of the resource is gone", stripped},
		{"hostile: values in the clear beside sealed ones, and a span in the clear", forged},
	} {
		g.Documents = append(g.Documents, newDocument(t, o, d.name, d.td))
	}
	g.Documents = append(g.Documents, newLogsDocument(t, o, "record mode, logs", logs))
	lost := copyOfLogs(logs)
	lost.ResourceLogs().At(0).Resource().Attributes().Remove(nameKey)
	g.Documents = append(g.Documents, newLogsDocument(t, o, "hostile: the key of the logs is gone", lost))
	return g
}

// smallTraces has the first span of goldenTraces alone.
func smallTraces() ptrace.Traces {
	td := goldenTraces()
	first := true
	td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().RemoveIf(func(ptrace.Span) bool {
		defer func() { first = false }()
		return !first
	})
	return td
}

// vectorPair is a pair under the data key and the period of seal/testdata/vectors.json,
// and the header for them of vectors-v2.json.
func vectorPair(t *testing.T) (*seal.FieldSealer, *seal.FieldOpener, string) {
	t.Helper()
	var keys struct {
		DataKey string `json:"data_key"`
		Period  string `json:"period"`
		Header  string `json:"field_header"`
	}
	readJSON(t, "../../seal/testdata/vectors.json", &keys)
	readJSON(t, "../../seal/testdata/vectors-v2.json", &keys)
	key, err := hex.DecodeString(keys.DataKey)
	require.NoError(t, err)
	period, err := hex.DecodeString(keys.Period)
	require.NoError(t, err)
	s, o, err := seal.NewFieldPair(key, [16]byte(period))
	require.NoError(t, err)
	return s, o, keys.Header
}

func newDocument(t *testing.T, o *seal.FieldOpener, name string, td ptrace.Traces) document {
	var m ptrace.JSONMarshaler
	sealed, err := m.MarshalTraces(td)
	require.NoError(t, err)
	got := copyOf(td)
	stats, problems := Unsealer{Open: openWith(o), Clear: ClearMark}.Traces(got)
	clear, err := m.MarshalTraces(got)
	require.NoError(t, err)
	return document{name, sealed, stats.Unsealed, stats.Failed, stats.Plain, count(problems), clear}
}

func newLogsDocument(t *testing.T, o *seal.FieldOpener, name string, ld plog.Logs) document {
	var m plog.JSONMarshaler
	sealed, err := m.MarshalLogs(ld)
	require.NoError(t, err)
	got := copyOfLogs(ld)
	stats, problems := Unsealer{Open: openWith(o), Clear: ClearMark}.Logs(got)
	clear, err := m.MarshalLogs(got)
	require.NoError(t, err)
	return document{name, sealed, stats.Unsealed, stats.Failed, stats.Plain, count(problems), clear}
}

// count returns how many errors a joined one has.
func count(err error) int {
	if err == nil {
		return 0
	}
	return len(err.(interface{ Unwrap() []error }).Unwrap())
}

func newVector(t *testing.T, o *seal.FieldOpener, name string, place seal.Place, binding []byte, text string) vector {
	blob, err := base64.RawURLEncoding.DecodeString(text)
	require.NoError(t, err)
	plain, err := o.Open(nil, place, binding, blob)
	require.NoError(t, err)
	return vector{name, byte(place), hex.EncodeToString(binding), hex.EncodeToString(plain), text}
}
