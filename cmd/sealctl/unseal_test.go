// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/plogtest"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/ptracetest"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sealgate/sealgate/internal/labelbackends"
	"github.com/sealgate/sealgate/internal/sealpdata"
	"github.com/sealgate/sealgate/seal"
)

// secret is in what is sealed, and nowhere else.
const secret = "4711-s3cret"

// secretSpans are spans with everything that a span may have.
func secretSpans(n int) ptrace.Traces {
	td := spans(1, n)
	rs := td.ResourceSpans().At(0)
	rs.Resource().Attributes().PutStr("host.name", secret)
	rs.SetSchemaUrl("https://opentelemetry.io/schemas/1.40.0")
	rs.ScopeSpans().At(0).Scope().SetVersion("1.2.3")
	rs.ScopeSpans().At(0).Scope().Attributes().PutStr("team", secret)
	for i, s := range rs.ScopeSpans().At(0).Spans().All() {
		s.SetKind(ptrace.SpanKindServer)
		s.SetParentSpanID(pcommon.SpanID{9})
		s.Status().SetCode(ptrace.StatusCodeError)
		s.Status().SetMessage(secret)
		s.Attributes().PutStr("user.id", fmt.Sprint(secret, i))
		s.Attributes().PutInt("large", 1<<60+1)
		s.Attributes().PutEmptyMap("nested").PutEmptySlice("list").AppendEmpty().SetStr(secret)
		s.Attributes().PutStr("long", strings.Repeat(secret, 500)) // needs chunks
		e := s.Events().AppendEmpty()
		e.SetName("exception")
		e.SetTimestamp(stamp(i))
		e.Attributes().PutStr("exception.message", secret)
		l := s.Links().AppendEmpty()
		l.SetTraceID(pcommon.TraceID{7})
		l.SetSpanID(pcommon.SpanID{8})
	}
	return td
}

// sealer seals under a fresh data key for a key file.
type sealer struct {
	*sealpdata.Policy
	fields *seal.FieldSealer
	key    string
}

func newSealer(t *testing.T) sealer {
	t.Helper()
	key := symmetricKey(t, testKey)
	return sealer{newPolicy(t), newKeeper(t, seal.FileProvider{Path: key}).Current().Fields(), key}
}

func newPolicy(t *testing.T) *sealpdata.Policy {
	t.Helper()
	tokens, err := seal.NewTokenKey([]byte("0123456789abcdef"))
	require.NoError(t, err)
	p, err := sealpdata.New(sealpdata.Options{Keep: []string{"service.name"}, Search: []string{"user.id"}, Tokens: tokens})
	require.NoError(t, err)
	return p
}

func (s sealer) traces(t *testing.T, plain ptrace.Traces) ptrace.Traces {
	t.Helper()
	td := ptrace.NewTraces()
	plain.CopyTo(td)
	require.NoError(t, s.SealTraces(s.fields, td))
	return td
}

func (s sealer) records(t *testing.T, plain plog.Logs) plog.Logs {
	t.Helper()
	ld := plog.NewLogs()
	plain.CopyTo(ld)
	require.NoError(t, s.SealLogs(s.fields, ld))
	return ld
}

func otlpJSON(t *testing.T, td ptrace.Traces) string {
	t.Helper()
	text, err := new(ptrace.JSONMarshaler).MarshalTraces(td)
	require.NoError(t, err)
	return string(text)
}

func parseTraces(t *testing.T, text string) ptrace.Traces {
	t.Helper()
	td, err := new(ptrace.JSONUnmarshaler).UnmarshalTraces([]byte(text))
	require.NoError(t, err)
	return td
}

// tempoJSON is how Tempo's API v1 prints a trace: protobuf's JSON, with ids in
// base64 and enumerations by name.
func tempoJSON(t *testing.T, td ptrace.Traces) string {
	t.Helper()
	var top map[string]any
	d := json.NewDecoder(strings.NewReader(otlpJSON(t, td)))
	d.UseNumber()
	require.NoError(t, d.Decode(&top))
	asTempo(t, top)
	top["batches"] = top["resourceSpans"]
	delete(top, "resourceSpans")
	text, err := json.Marshal(top)
	require.NoError(t, err)
	return string(text)
}

func asTempo(t *testing.T, v any) {
	t.Helper()
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			asTempo(t, item)
		}
	case map[string]any:
		for key, value := range v {
			switch {
			case idSize(key) > 0:
				id, err := hex.DecodeString(value.(string))
				require.NoError(t, err)
				v[key] = base64.StdEncoding.EncodeToString(id)
			case key == "kind":
				v[key] = "SPAN_KIND_SERVER"
			case key == "code":
				v[key] = "STATUS_CODE_ERROR"
			default:
				asTempo(t, value)
			}
		}
	}
}

func TestATraceOfTempoIsOpenedInEveryFormThatItHas(t *testing.T) {
	s, plain := newSealer(t), secretSpans(3)
	sealed := s.traces(t, plain)
	require.NotContains(t, otlpJSON(t, sealed), secret)
	for form, text := range map[string]string{
		"v1":   tempoJSON(t, sealed),
		"v2":   `{"trace":` + otlpJSON(t, sealed) + `,"metrics":{}}`,
		"otlp": otlpJSON(t, sealed),
	} {
		t.Run(form, func(t *testing.T) {
			for _, backend := range []string{"auto", "tempo"} {
				r := sealctlWith(t, nil, text, "unseal", "--key", s.key, "--from-backend", backend, "--clear", "keep")
				require.Equal(t, exitDone, r.code, r.stderr)
				require.Equal(t, "3 opened, 0 failed, 0 in the clear\n", r.stderr)
				require.NoError(t, ptracetest.CompareTraces(plain, parseTraces(t, r.stdout)))
			}
		})
	}
}

func TestLogsInOTLPAreOpened(t *testing.T) {
	s, plain := newSealer(t), records(0, 4)
	text, err := new(plog.JSONMarshaler).MarshalLogs(s.records(t, plain))
	require.NoError(t, err)
	r := sealctlWith(t, nil, string(text), "unseal", "--key", s.key, "--clear", "keep")
	require.Equal(t, exitDone, r.code, r.stderr)
	got, err := new(plog.JSONUnmarshaler).UnmarshalLogs([]byte(r.stdout))
	require.NoError(t, err)
	require.NoError(t, plogtest.CompareLogs(plain, got))
}

func TestJSONLinesAreOpenedOneByOne(t *testing.T) {
	s := newSealer(t)
	text := otlpJSON(t, s.traces(t, spans(0, 2))) + "\n" + tempoJSON(t, s.traces(t, spans(2, 2))) + "\n\n"
	r := sealctlWith(t, nil, text, "unseal", "--key", s.key)
	require.Equal(t, exitDone, r.code, r.stderr)
	require.Equal(t, namesFrom(0, 4), names(t, r.stdout))
}

func TestASpanThatWasAlteredOrMovedStaysSealedAndIsNamed(t *testing.T) {
	s := newSealer(t)
	sealed := s.traces(t, secretSpans(3))
	second := sealed.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(1)
	second.SetSpanID(pcommon.SpanID{0xab, 0xcd}) // as if it were another's
	r := sealctlWith(t, nil, otlpJSON(t, sealed), "unseal", "--key", s.key)
	require.Equal(t, exitPart, r.code)
	require.Contains(t, r.stderr, "span abcd000000000000 of trace 01000000000000000000000000000002 stays sealed")
	require.Contains(t, r.stderr, "2 opened, 1 failed, 0 in the clear")
	require.NotContains(t, r.stderr, secret)
	require.Equal(t, []string{"span-0001", "span-0003", "sealed"}, spanNames(parseTraces(t, r.stdout)))
}

func TestWithAnotherKeyAllStaysSealed(t *testing.T) {
	s := newSealer(t)
	other := symmetricKey(t, strings.Repeat("ab", 16))
	for _, text := range []string{
		otlpJSON(t, s.traces(t, secretSpans(3))),
		lokiJSON(t, s.records(t, secretRecords(3)), false),
	} {
		r := sealctlWith(t, nil, text, "unseal", "--key", other)
		require.Equal(t, exitPart, r.code)
		require.Contains(t, r.stderr, "wrapped for another recipient")
		require.Contains(t, r.stderr, "0 opened, 3 failed")
		require.NotContains(t, r.stdout+r.stderr, secret)
	}
}

func TestWhatIsNotSealedComesOutAsItIs(t *testing.T) {
	key := symmetricKey(t, testKey)
	r := sealctlWith(t, nil, otlpJSON(t, spans(0, 2)), "unseal", "--key", key, "--clear", "keep")
	require.Equal(t, exitDone, r.code)
	require.Equal(t, namesFrom(0, 2), names(t, r.stdout))
	require.Contains(t, r.stderr, "nothing in it is sealed")

	const answer = `{"data":{"result":[{"stream":{"a":"<b>"},"values":[["1","line & more"],["2","x",{"parsed":{"p":"q"}}]]},{"stream":{},"values":[]}],"resultType":"streams","stats":{"n":12345678901234567890}},"status":"success"}`
	r = sealctlWith(t, nil, answer, "unseal", "--key", key, "--clear", "keep")
	require.Equal(t, exitDone, r.code)
	require.Equal(t, answer+"\n", r.stdout)
}

// secretRecords are log records with everything that Loki keeps.
func secretRecords(n int) plog.Logs {
	ld := records(1, n)
	rl := ld.ResourceLogs().At(0)
	rl.Resource().Attributes().PutStr("host.name", secret)
	rl.ScopeLogs().At(0).Scope().SetName(secret + "-scope")
	rl.ScopeLogs().At(0).Scope().SetVersion("1.2.3")
	rl.ScopeLogs().At(0).Scope().Attributes().PutStr("team", secret)
	for i, r := range rl.ScopeLogs().At(0).LogRecords().All() {
		r.Body().SetStr(fmt.Sprintf("line %d of %s", i, secret))
		r.SetTraceID(pcommon.TraceID{1, 15: byte(i)})
		r.SetSpanID(pcommon.SpanID{2, 7: byte(i)})
		r.SetSeverityText("ERROR")
		r.SetFlags(1)
		r.Attributes().PutStr("user.id", fmt.Sprint(secret, i))
		r.Attributes().PutEmptyMap("http").PutInt("status", 500)
	}
	return ld
}

// lokiJSON is how Loki answers: resource attributes and others become labels, with
// underscores, of the stream or, categorized, of each line.
func lokiJSON(t *testing.T, ld plog.Logs, categorized bool) string {
	t.Helper()
	streams := []any{}
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				index, meta := lokiLabels(rl, sl, r)
				at := fmt.Sprint(uint64(max(r.Timestamp(), r.ObservedTimestamp())))
				value := []any{at, r.Body().AsString()}
				if categorized {
					value = append(value, map[string]any{"structuredMetadata": meta})
				} else {
					maps.Copy(index, meta)
				}
				streams = append(streams, map[string]any{"stream": index, "values": []any{value}})
			}
		}
	}
	answer := map[string]any{"status": "success", "data": map[string]any{"resultType": "streams", "result": streams, "stats": map[string]any{}}}
	text, err := json.Marshal(answer)
	require.NoError(t, err)
	return string(text)
}

func lokiLabels(rl plog.ResourceLogs, sl plog.ScopeLogs, r plog.LogRecord) (index, meta map[string]string) {
	index, meta = map[string]string{}, map[string]string{}
	service, _ := rl.Resource().Attributes().Get("service.name")
	index["service_name"] = service.Str()
	for name, v := range rl.Resource().Attributes().All() {
		if name != "service.name" {
			meta[labelbackends.Label(name)] = v.AsString()
		}
	}
	addLabels(meta, "", sl.Scope().Attributes())
	addLabels(meta, "", r.Attributes())
	putNew(meta, "scope_name", sl.Scope().Name())
	putNew(meta, "scope_version", sl.Scope().Version())
	putNew(meta, "severity_text", r.SeverityText())
	if !r.TraceID().IsEmpty() {
		meta["trace_id"] = r.TraceID().String()
	}
	if !r.SpanID().IsEmpty() {
		meta["span_id"] = r.SpanID().String()
	}
	if r.Flags() != 0 {
		meta["flags"] = fmt.Sprint(uint32(r.Flags()))
	}
	return index, meta
}

// lokiAnswer is what the tests look at of an answer.
type lokiAnswer struct {
	Status string
	Data   struct {
		ResultType string
		Result     []lokiStream
	}
}

func TestLinesOfLokiAreOpenedIntoTextAndLabels(t *testing.T) {
	s, plain := newSealer(t), secretRecords(3)
	sealed := s.records(t, plain)
	for _, categorized := range []bool{false, true} {
		text := lokiJSON(t, sealed, categorized)
		require.NotContains(t, text, secret)
		r := sealctlWith(t, nil, text, "unseal", "--key", s.key, "--from-backend", "loki", "--clear", "keep")
		require.Equal(t, result{exitDone, r.stdout, "3 opened, 0 failed, 0 in the clear\n"}, r)
		var got, want lokiAnswer
		require.NoError(t, json.Unmarshal([]byte(r.stdout), &got))
		require.NoError(t, json.Unmarshal([]byte(lokiJSON(t, plain, categorized)), &want))
		require.Equal(t, "success", got.Status)
		require.Equal(t, len(want.Data.Result), len(got.Data.Result))
		for i, stream := range want.Data.Result {
			require.Equal(t, stream, got.Data.Result[i])
		}
	}
}

func TestLinesOfOneStreamThatDifferInWhatWasSealedBecomeStreams(t *testing.T) {
	s := newSealer(t)
	sealed := s.records(t, secretRecords(2))
	rl := sealed.ResourceLogs().At(0)
	sl := rl.ScopeLogs().At(0)
	lines := sl.LogRecords()
	for _, r := range lines.All() { // without what tells them apart in the clear
		r.Attributes().RemoveIf(func(string, pcommon.Value) bool { return true })
	}
	index, meta := lokiLabels(rl, sl, lines.At(0))
	maps.Copy(index, meta)
	delete(index, "trace_id")
	delete(index, "span_id")
	// A second line that is not sealed, and one that was tampered with.
	answer, err := json.Marshal(map[string]any{"status": "success", "data": map[string]any{"resultType": "streams", "result": []any{
		map[string]any{"stream": index, "values": [][]string{{fmt.Sprint(uint64(stamp(1))), lines.At(0).Body().Str()}}},
		map[string]any{"stream": map[string]string{"a": "b"}, "values": [][]string{{"1", "plain"}}},
	}}})
	require.NoError(t, err)
	r := sealctlWith(t, nil, string(answer), "unseal", "--key", s.key)
	require.Equal(t, exitPart, r.code, "its trace id is gone, so it is not in its place")
	require.Contains(t, r.stderr, fmt.Sprintf("the line at %d", uint64(stamp(1))))
	require.Contains(t, r.stderr, "0 opened, 1 failed, 1 in the clear")
	require.Contains(t, r.stdout, "sealed_key")
}

func TestLinesWithoutIDsThatLokiPutIntoOneStreamAreToldApart(t *testing.T) {
	s := newSealer(t)
	plain := records(0, 2)
	for i, r := range plain.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
		r.Attributes().PutInt("n", int64(i))
	}
	sealed := s.records(t, plain)
	rl := sealed.ResourceLogs().At(0)
	lines := rl.ScopeLogs().At(0).LogRecords()
	index, meta := lokiLabels(rl, rl.ScopeLogs().At(0), lines.At(0))
	maps.Copy(index, meta)
	value := func(i int) []string { return []string{fmt.Sprint(uint64(stamp(i))), lines.At(i).Body().Str()} }
	answer, err := json.Marshal(map[string]any{"streams": []any{map[string]any{"stream": index, "values": [][]string{value(1), value(0)}}}})
	require.NoError(t, err)
	r := sealctlWith(t, nil, string(answer), "unseal", "--key", s.key)
	require.Equal(t, exitDone, r.code, r.stderr)
	want := fmt.Sprintf(`{"streams":[{"stream":{"n":"1","sealed_clear":"service_name","service_name":"checkout"},"values":[["%d","line-0001"]]},{"stream":{"n":"0","sealed_clear":"service_name","service_name":"checkout"},"values":[["%d","line-0000"]]}]}`, uint64(stamp(1)), uint64(stamp(0)))
	require.Equal(t, want+"\n", r.stdout)
}

// Attributes that Loki gives the names of fields do not keep a line from being opened.
func TestLinesOpenWhateverTheirAttributesAreCalled(t *testing.T) {
	s := newSealer(t)
	trace, span := pcommon.TraceID{1, 15: 7}, pcommon.SpanID{2, 7: 9}
	names := []string{"trace_id", "trace.id", "span_id", "span.id", "scope_name", "scope.version", "severity_text", "flags", "observed_timestamp"}
	values := []string{trace.String(), span.String(), pcommon.TraceID{9}.String(), "1-5759e988-bd862e3fe1be46a994272793", "4711471", "x"}
	for mode, options := range map[string]sealpdata.Options{
		"fields": {Mode: sealpdata.ModeFields, Attributes: []string{"user.*"}}, "keep": {Keep: append(names, "service.name")},
	} {
		policy, err := sealpdata.New(options)
		require.NoError(t, err)
		sealer := sealer{policy, s.fields, s.key}
		for _, name := range names {
			for _, value := range values {
				for _, ids := range []lineIDs{{}, {trace: trace}, {span: span}, {trace: trace, span: span}} {
					plain := records(1, 1)
					r := plain.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
					r.SetTraceID(ids.trace)
					r.SetSpanID(ids.span)
					r.Attributes().PutStr(name, value)
					for _, categorized := range []bool{false, true} {
						got := sealctlWith(t, nil, lokiJSON(t, sealer.records(t, plain), categorized), "unseal", "--key", s.key, "--from-backend", "loki")
						require.Equal(t, exitDone, got.code, "%s, %s=%s, %v: %s", mode, name, value, ids, got.stderr)
						require.Contains(t, got.stderr, "1 opened, 0 failed")
						require.Contains(t, got.stdout, "line-0001")
					}
				}
			}
		}
	}
}

func TestAnAlteredLineStaysSealedAndIsNamedByItsTime(t *testing.T) {
	s := newSealer(t)
	sealed := s.records(t, secretRecords(2))
	body := sealed.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(1).Body()
	altered := []byte(body.Str())
	altered[20] ^= 1
	body.SetStr(string(altered))
	r := sealctlWith(t, nil, lokiJSON(t, sealed, true), "unseal", "--key", s.key)
	require.Equal(t, exitPart, r.code)
	require.Contains(t, r.stderr, fmt.Sprintf("the line at %d", uint64(stamp(2))))
	require.Contains(t, r.stderr, "1 opened, 1 failed")
	require.Contains(t, r.stdout, string(altered))
	require.Contains(t, r.stdout, "line 0 of "+secret)
	require.NotContains(t, r.stdout, "line 1 of")
}

// openedLine returns the labels and the text of the only line of an answer.
func openedLine(t *testing.T, answer string) (labels map[string]string, text string) {
	t.Helper()
	var got lokiAnswer
	require.NoError(t, json.Unmarshal([]byte(answer), &got))
	require.Len(t, got.Data.Result, 1)
	stream := got.Data.Result[0]
	require.Len(t, stream.Values, 1)
	labels = maps.Clone(stream.Labels)
	if own := stream.Values[0].own; own != nil {
		for name, value := range own.Metadata {
			require.NotContains(t, labels, name, "a label is there twice")
			labels[name] = value
		}
	}
	return labels, stream.Values[0].text
}

// A label that somebody has put beside a sealed attribute of that name is not printed.
func TestASealedValueWinsOverAForgedLabel(t *testing.T) {
	s := newSealer(t)
	for _, categorized := range []bool{false, true} {
		for _, inStream := range []bool{false, true} {
			for _, clear := range []string{"mark", "keep", "drop"} {
				answer := lokiJSON(t, s.records(t, secretRecords(1)), categorized)
				if inStream {
					answer = strings.Replace(answer, `"stream":{`, `"stream":{"user_id":"mallory",`, 1)
				} else {
					answer = strings.Replace(answer, `"sealed_key":`, `"user_id":"mallory","sealed_key":`, 1)
				}
				require.Contains(t, answer, "mallory")
				r := sealctlWith(t, nil, answer, "unseal", "--key", s.key, "--clear", clear)
				require.Equal(t, exitPart, r.code)
				require.Contains(t, r.stderr, "user_id")
				require.NotContains(t, r.stdout+r.stderr, "mallory")
				labels, text := openedLine(t, r.stdout)
				require.Equal(t, secret+"0", labels["user_id"])
				require.Equal(t, "line 0 of "+secret, text)
			}
		}
	}
}

// A query may make labels of the line, here of ciphertext.
func TestParsedLabelsAreInTheClear(t *testing.T) {
	s := newSealer(t)
	answer := strings.Replace(lokiJSON(t, s.records(t, secretRecords(1)), true), `"structuredMetadata":`, `"parsed":{"user_id":"mallory","other":"x"},"structuredMetadata":`, 1)
	for clear, parsed := range map[string]string{"mark": `"parsed":{"other":"x"}`, "keep": `"parsed":{"other":"x"}`, "drop": ""} {
		r := sealctlWith(t, nil, answer, "unseal", "--key", s.key, "--clear", clear)
		require.Equal(t, exitPart, r.code)
		require.NotContains(t, r.stdout, "mallory")
		require.Contains(t, r.stdout, parsed)
		require.Equal(t, parsed != "", strings.Contains(r.stdout, "parsed"))
		require.Equal(t, clear == "mark", strings.Contains(r.stdout, `"sealed_clear":"other,service_name"`))
	}
}

func TestClearLabelsAreMarkedOrDropped(t *testing.T) {
	s := newSealer(t)
	for _, categorized := range []bool{false, true} {
		answer := strings.Replace(lokiJSON(t, s.records(t, secretRecords(1)), categorized), `"sealed_key":`, `"added":"x","sealed_clear":"","sealed_key":`, 1)
		r := sealctlWith(t, nil, answer, "unseal", "--key", s.key)
		require.Equal(t, exitDone, r.code, r.stderr)
		labels, _ := openedLine(t, r.stdout)
		require.Equal(t, "added,service_name", labels["sealed_clear"], "ids are authentic: the line is bound to them")
		require.Equal(t, "x", labels["added"])

		r = sealctlWith(t, nil, answer, "unseal", "--key", s.key, "--clear", "drop")
		require.Equal(t, exitDone, r.code, r.stderr)
		labels, _ = openedLine(t, r.stdout)
		for _, name := range []string{"added", "service_name", "sealed_clear"} {
			require.NotContains(t, labels, name)
		}
		require.Equal(t, secret+"0", labels["user_id"])
		require.NotEmpty(t, labels["trace_id"])
	}
}

func TestALineMovedToAnotherStreamStaysSealed(t *testing.T) {
	s := newSealer(t)
	other := secretRecords(1)
	other.ResourceLogs().At(0).Resource().Attributes().PutStr("host.name", "other")
	both := plog.NewLogs()
	secretRecords(1).ResourceLogs().MoveAndAppendTo(both.ResourceLogs())
	other.ResourceLogs().MoveAndAppendTo(both.ResourceLogs())
	sealed := s.records(t, both)
	sealed.ResourceLogs().At(0).Resource().CopyTo(sealed.ResourceLogs().At(1).Resource())
	r := sealctlWith(t, nil, lokiJSON(t, sealed, false), "unseal", "--key", s.key)
	require.Equal(t, exitPart, r.code)
	require.Contains(t, r.stderr, "1 opened, 1 failed")
}

// Without its key, ciphertext is not passed on as if it were text.
func TestRecordsWithoutTheirKeyAreReported(t *testing.T) {
	s := newSealer(t)
	logs, traces := s.records(t, secretRecords(1)), s.traces(t, secretSpans(1))
	text, err := new(plog.JSONMarshaler).MarshalLogs(logs)
	require.NoError(t, err)
	for name, answer := range map[string]string{
		"loki":        strings.ReplaceAll(lokiJSON(t, logs, false), `"sealed_key"`, `"other"`),
		"loki, bare":  fmt.Sprintf(`{"streams":[{"stream":{},"values":[["1",%q]]}]}`, logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().Str()),
		"logs":        strings.ReplaceAll(string(text), `"sealed.key"`, `"other"`),
		"traces":      strings.ReplaceAll(otlpJSON(t, traces), `"sealed.key"`, `"other"`),
		"logs, plain": strings.ReplaceAll(strings.ReplaceAll(string(text), `"sealed.key"`, `"other"`), `"sealed.resource"`, `"another"`),
	} {
		for _, clear := range []string{"mark", "keep", "drop"} {
			r := sealctlWith(t, nil, answer, "unseal", "--key", s.key, "--clear", clear)
			require.Equal(t, exitPart, r.code, name)
			require.Contains(t, r.stderr, "0 opened, 1 failed, 0 in the clear", name)
			require.NotContains(t, r.stderr, "nothing in it is sealed", name)
		}
	}
}

func TestOneMissingKeyOfSixIsReported(t *testing.T) {
	s := newSealer(t)
	all := plog.NewLogs()
	for range 6 {
		s.records(t, secretRecords(1)).ResourceLogs().MoveAndAppendTo(all.ResourceLogs())
	}
	all.ResourceLogs().At(3).Resource().Attributes().Remove("sealed.key")
	text, err := new(plog.JSONMarshaler).MarshalLogs(all)
	require.NoError(t, err)
	for _, answer := range []string{string(text), lokiJSON(t, all, false)} {
		r := sealctlWith(t, nil, answer, "unseal", "--key", s.key)
		require.Equal(t, exitPart, r.code)
		require.Contains(t, r.stderr, "5 opened, 1 failed, 0 in the clear")
	}
}

func TestRequireSealedRefusesRecordsInTheClear(t *testing.T) {
	s := newSealer(t)
	mixed := s.traces(t, spans(0, 2))
	spans(2, 1).ResourceSpans().MoveAndAppendTo(mixed.ResourceSpans())
	const line = `{"streams":[{"stream":{"a":"b"},"values":[["1","plain"]]}]}`
	for answer, clear := range map[string]int{otlpJSON(t, mixed): 1, line: 1, otlpJSON(t, s.traces(t, spans(0, 2))): 0} {
		for _, mode := range []string{"mark", "keep", "drop"} {
			r := sealctlWith(t, nil, answer, "unseal", "--key", s.key, "--clear", mode)
			require.Equal(t, exitDone, r.code, r.stderr)
			require.Contains(t, r.stderr, fmt.Sprintf("%d in the clear", clear))
			r = sealctlWith(t, nil, answer, "unseal", "--key", s.key, "--clear", mode, "--require-sealed")
			require.Equal(t, clear, r.code, r.stderr)
		}
	}
}

func TestRecordsInTheClearAreMarked(t *testing.T) {
	key := symmetricKey(t, testKey)
	r := sealctlWith(t, nil, `{"streams":[{"stream":{"a":"b"},"values":[["1","x"],["2","y",{"structuredMetadata":{"c":"d"}}]]}]}`, "unseal", "--key", key)
	require.Equal(t, `{"streams":[{"stream":{"a":"b","sealed_clear":"*"},"values":[["1","x"]]},{"stream":{"a":"b"},"values":[["2","y",{"structuredMetadata":{"c":"d","sealed_clear":"*"}}]]}]}`+"\n", r.stdout)
	r = sealctlWith(t, nil, `{"streams":[{"stream":{"a":"b"},"values":[["1","x"]]}]}`, "unseal", "--key", key, "--clear", "drop")
	require.Equal(t, `{"streams":[]}`+"\n", r.stdout)
	r = sealctlWith(t, nil, otlpJSON(t, spans(0, 2)), "unseal", "--key", key)
	for _, span := range parseTraces(t, r.stdout).ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
		v, ok := span.Attributes().Get(sealpdata.NameClear)
		require.True(t, ok)
		require.Equal(t, []any{"*"}, v.Slice().AsRaw())
	}
	require.Equal(t, exitNot, sealctlWith(t, nil, "{}", "unseal", "--key", key, "--clear", "all").code)
}

func TestSeverityComesFromTheSealedRecord(t *testing.T) {
	s := newSealer(t)
	plain := secretRecords(1)
	plain.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).SetSeverityNumber(plog.SeverityNumberError)
	answer := lokiJSON(t, s.records(t, plain), false)
	require.NotContains(t, answer, "ERROR")
	forged := strings.Replace(answer, `"sealed_key":`, `"severity_number":"5","severity_text":"DEBUG","sealed_key":`, 1)
	for text, code := range map[string]int{answer: exitDone, forged: exitPart} {
		r := sealctlWith(t, nil, text, "unseal", "--key", s.key)
		require.Equal(t, code, r.code, r.stderr)
		labels, _ := openedLine(t, r.stdout)
		require.Equal(t, "ERROR", labels["severity_text"])
		if code == exitPart {
			require.Equal(t, "17", labels["severity_number"])
		}
	}
}

func TestALabelThatOnlyLooksLikeATokenStays(t *testing.T) {
	labels := openedLabels{}.without(map[string]string{
		"tok_user_id": strings.Repeat("A", seal.TokenSize), "tok_count": "7", "sealed_key": "x", "sealed_key_12": "x",
		"sealed_resource": "x", "sealed_scope_1": "x", "sealed_by": "ann", "sealed_key_note": "n",
	})
	require.Equal(t, map[string]string{"tok_count": "7", "sealed_by": "ann", "sealed_key_note": "n"}, labels)
}

func TestInputThatCannotBeOpenedIsExplained(t *testing.T) {
	key := symmetricKey(t, testKey)
	for text, want := range map[string]string{
		"":                                 "there is nothing on stdin",
		"   \n":                            "there is nothing on stdin",
		"trace not found":                  "did the backend answer with an error?",
		`[1]`:                              "it is no JSON object",
		`null`:                             "it is neither a trace of Tempo",
		`{"error":"x"}`:                    "it is neither a trace of Tempo",
		`{"batches":7}`:                    "it is not a trace",
		`{"trace":7}`:                      "its trace is no JSON object",
		`{"resourceLogs":7}`:               "they are not logs",
		`{"data":null}`:                    "is no JSON object",
		`{"data":[]}`:                      "is no JSON object",
		`{"streams":{}}`:                   "the streams of the answer",
		`{"batches":[`:                     "is not JSON",
		`{"batches":[]} {`:                 "document 2 on stdin is not JSON",
		`{"streams":[{"values":[["1"]]}]}`: "a line has 1 parts",
		`{"data":{"resultType":"matrix","result":[]}}`:                                            "not for a metric",
		`{"batches":[{"scopeSpans":[{"spans":[{"traceId":"xyz"}]}]}]}`:                            "neither hexadecimal nor base64",
		`{"batches":[{"scopeSpans":[{"spans":[{"spanId":"` + strings.Repeat("a", 40) + `"}]}]}]}`: "more than 16 hexadecimal digits",
	} {
		r := sealctlWith(t, nil, text, "unseal", "--key", key)
		require.Equal(t, exitNot, r.code, text)
		require.Contains(t, r.stderr, want, text)
	}
	r := sealctlWith(t, nil, `{"batches":[]}`, "unseal", "--key", key, "--from-backend", "loki")
	require.Equal(t, exitNot, r.code)
	require.Contains(t, r.stderr, "it is not of loki")
	require.Equal(t, exitNot, sealctlWith(t, nil, `{}`, "unseal").code, "without a key")
}

func TestAnEmptyTraceIsATrace(t *testing.T) {
	key := symmetricKey(t, testKey)
	for _, text := range []string{`{"batches":[]}`, `{"trace":{}}`, `{"resourceSpans":[]}`} {
		r := sealctlWith(t, nil, text, "unseal", "--key", key)
		require.Equal(t, result{exitDone, "{}\n", "0 opened, 0 failed, 0 in the clear\nnothing in it is sealed\n"}, r)
	}
}

func TestAnIDIsReadInEitherSpelling(t *testing.T) {
	for text, want := range map[string]string{
		"AQIDBAUGBwg=":     "0102030405060708",
		"0102030405060708": "0102030405060708",
		"102030405060708":  "0102030405060708",
		"":                 "",
	} {
		got, err := hexID(text, 8)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestADataKeyIsUnwrappedOnceForEachHeader(t *testing.T) {
	s := newSealer(t)
	private := &counting{}
	identity, err := seal.ReadIdentity(s.key, nil)
	require.NoError(t, err)
	private.Identity = identity
	o := &opener{backend: "auto", Unsealer: sealpdata.Unsealer{Open: cachedKeys(t.Context(), []seal.Identity{private})}}
	for range 3 {
		_, errs, err := o.document([]byte(lokiJSON(t, s.records(t, secretRecords(5)), true)))
		require.NoError(t, err)
		require.Empty(t, errs)
	}
	require.Equal(t, 1, private.unwrapped)
}

// counting counts what it unwraps.
type counting struct {
	seal.Identity
	unwrapped int
}

func (c *counting) Unwrap(ctx context.Context, w seal.Wrapped) ([]byte, error) {
	c.unwrapped++
	return c.Identity.Unwrap(ctx, w)
}

// FuzzUnsealDocument feeds anything to what opens documents. It must neither panic
// nor open what was not sealed, and what it prints must be JSON.
func FuzzUnsealDocument(f *testing.F) {
	for _, text := range []string{
		`{"batches":[{"resource":{"attributes":[{"key":"sealed.key","value":{"stringValue":"AQ"}}]},"scopeSpans":[{"spans":[{"traceId":"AQIDBAUGBwgJCgsMDQ4PEA==","spanId":"0102030405060708","attributes":[{"key":"sealed.span","value":{"stringValue":"AQ"}}]}]}]}]}`,
		`{"trace":{"resourceSpans":[]}}`,
		`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"x"}}]}]}]}`,
		`{"status":"success","data":{"resultType":"streams","result":[{"stream":{"sealed_key":"AQ","sealed_scope":"AQ","trace_id":"01"},"values":[["1","AQ"],["2","AQ",{"structuredMetadata":{"sealed_key":"AQ"},"parsed":{}}]]}]}}`,
		`{"streams":[{"stream":null,"values":[null]}]}`,
	} {
		f.Add([]byte(text))
	}
	key, err := seal.ParseKey([]byte(testKey))
	require.NoError(f, err)
	kek, err := seal.NewKEK(key)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, text []byte) {
		o := &opener{backend: "auto", Unsealer: sealpdata.Unsealer{Open: cachedKeys(t.Context(), []seal.Identity{kek})}}
		out, _, err := o.document(text)
		if err != nil {
			return
		}
		require.True(t, json.Valid(out), "%q", out)
		require.Zero(t, o.stats.Unsealed)
	})
}
