// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sealpdata

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sealgate/sealgate/seal"
)

var (
	dataKey = []byte("0123456789abcdef")
	keyID   = [16]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
)

func fieldPair(t testing.TB) (*seal.FieldSealer, *seal.FieldOpener) {
	s, o, err := seal.NewFieldPair(dataKey, keyID)
	require.NoError(t, err)
	return s, o
}

func tokenKey(t testing.TB) *seal.TokenKey {
	k, err := seal.NewTokenKey([]byte("fedcba9876543210"))
	require.NoError(t, err)
	return k
}

func policyOf(t testing.TB, o Options) *Policy {
	if len(o.Search) > 0 {
		o.Tokens = tokenKey(t)
	}
	p, err := New(o)
	require.NoError(t, err)
	return p
}

// openWith returns an OpenKey that has one key for all headers.
func openWith(o *seal.FieldOpener) OpenKey {
	return func(string) (*seal.FieldOpener, error) { return o, nil }
}

func copyOf(td ptrace.Traces) ptrace.Traces {
	c := ptrace.NewTraces()
	td.CopyTo(c)
	return c
}

func copyOfLogs(ld plog.Logs) plog.Logs {
	c := plog.NewLogs()
	ld.CopyTo(c)
	return c
}

func firstSpan(td ptrace.Traces) ptrace.Span {
	return td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
}

// boundSpan returns all that the blob of the first span is bound to.
func boundSpan(td ptrace.Traces) []byte {
	rs := td.ResourceSpans().At(0)
	around := context{tagOf(rs.Resource().Attributes(), nameResource), tagOf(rs.ScopeSpans().At(0).Scope().Attributes(), nameScope)}
	return spanBinding(around.appendTo(nil), firstSpan(td))
}

func firstLog(ld plog.Logs) plog.LogRecord {
	return ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
}

// sorted orders all attributes by name, since sealing does not keep their order,
// which means nothing in OTLP.
func sorted(m pcommon.Map) {
	type entry struct {
		name  string
		value pcommon.Value
	}
	var entries []entry
	for name, v := range m.All() {
		value := pcommon.NewValueEmpty()
		v.CopyTo(value)
		entries = append(entries, entry{name, value})
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	var names []string
	for _, e := range entries {
		names = append(names, e.name)
	}
	i := 0
	whole := mapOf(names)
	for _, v := range whole.All() {
		entries[i].value.CopyTo(v)
		i++
	}
	whole.MoveTo(m)
}

// bytesOf returns td as OTLP with sorted attributes: all of it, to the bit.
func bytesOf(t testing.TB, td ptrace.Traces) string {
	td = copyOf(td)
	for _, rs := range td.ResourceSpans().All() {
		sorted(rs.Resource().Attributes())
		for _, ss := range rs.ScopeSpans().All() {
			sorted(ss.Scope().Attributes())
			for _, span := range ss.Spans().All() {
				sorted(span.Attributes())
				for _, e := range span.Events().All() {
					sorted(e.Attributes())
				}
				for _, l := range span.Links().All() {
					sorted(l.Attributes())
				}
			}
		}
	}
	b, err := new(ptrace.ProtoMarshaler).MarshalTraces(td)
	require.NoError(t, err)
	return string(b)
}

func bytesOfLogs(t testing.TB, ld plog.Logs) string {
	ld = copyOfLogs(ld)
	for _, rl := range ld.ResourceLogs().All() {
		sorted(rl.Resource().Attributes())
		for _, sl := range rl.ScopeLogs().All() {
			sorted(sl.Scope().Attributes())
			for _, r := range sl.LogRecords().All() {
				sorted(r.Attributes())
			}
		}
	}
	b, err := new(plog.ProtoMarshaler).MarshalLogs(ld)
	require.NoError(t, err)
	return string(b)
}

// sameTraces says what differs without printing it all.
func sameTraces(t testing.TB, want, got ptrace.Traces) {
	t.Helper()
	if bytesOf(t, want) != bytesOf(t, got) {
		var m ptrace.JSONMarshaler
		a, _ := m.MarshalTraces(want)
		b, _ := m.MarshalTraces(got)
		t.Fatalf("not the same:\nwant %.3000s\ngot  %.3000s", a, b)
	}
}

func sameLogs(t testing.TB, want, got plog.Logs) {
	t.Helper()
	if bytesOfLogs(t, want) != bytesOfLogs(t, got) {
		var m plog.JSONMarshaler
		a, _ := m.MarshalLogs(want)
		b, _ := m.MarshalLogs(got)
		t.Fatalf("not the same:\nwant %.3000s\ngot  %.3000s", a, b)
	}
}

// everything fills attributes with every type of value, and with what is difficult.
func everything(m pcommon.Map, secret string) {
	m.PutStr("str", secret)
	m.PutStr("empty.str", "")
	m.PutStr("", "a name that is empty")
	m.PutStr("not utf-8", "\xff\xfe\x00"+secret)
	m.PutStr("uuid", "550e8400-e29b-41d4-a716-446655440000")
	m.PutStr("leading.zeros", "007")
	m.PutStr("huge", strings.Repeat(secret+"0123456789 ", 1000))
	m.PutInt("int", math.MinInt64)
	m.PutInt("http.status_code", 200)
	m.PutDouble("nan", math.Float64frombits(0x7ff8000000000123))
	m.PutDouble("minus.zero", math.Copysign(0, -1))
	m.PutDouble("double", 0.1)
	m.PutBool("bool", true)
	m.PutEmpty("nothing")
	m.PutEmptyBytes("bytes").FromRaw([]byte{0, 1, 255})
	m.PutEmptyBytes("no.bytes")
	m.PutEmptySlice("no.list")
	m.PutEmptyMap("no.map")
	list := m.PutEmptySlice("list")
	list.AppendEmpty().SetStr(secret)
	list.AppendEmpty().SetEmptySlice().AppendEmpty().SetInt(-1)
	list.AppendEmpty()
	inner := list.AppendEmpty().SetEmptyMap()
	inner.PutStr("user.id", secret)
	inner.PutEmptyMap("deeper").PutDouble("pi", math.Pi)
	m.PutStr("user.id", secret)
	m.PutStr("service.name", "shop")
	m.PutStr("sealed.span", "forged "+secret)
	m.PutStr("sealed.key", "forged")
	m.PutStr("sealed.span.1", "forged")
	m.PutStr("tok.user.id", "forged "+secret)
}

// traces returns spans that have all there is, and one that has nothing.
func traces(secret string) ptrace.Traces {
	td := ptrace.NewTraces()
	for i := range 2 {
		rs := td.ResourceSpans().AppendEmpty()
		rs.SetSchemaUrl("https://example.com/" + secret)
		rs.Resource().SetDroppedAttributesCount(3)
		everything(rs.Resource().Attributes(), secret)
		for j := range 2 {
			ss := rs.ScopeSpans().AppendEmpty()
			ss.SetSchemaUrl("https://example.com/scope/" + secret)
			ss.Scope().SetName("scope " + secret)
			ss.Scope().SetVersion(string(rune('0' + j)))
			ss.Scope().SetDroppedAttributesCount(4)
			everything(ss.Scope().Attributes(), secret)
			fullSpan(ss.Spans().AppendEmpty(), secret, byte(i*2+j))
			ss.Spans().AppendEmpty()
		}
	}
	td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty().SetName("")
	td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty()
	td.ResourceSpans().AppendEmpty()
	return td
}

func fullSpan(span ptrace.Span, secret string, id byte) {
	span.SetTraceID([16]byte{1, 2, 3, id})
	span.SetSpanID([8]byte{4, 5, id})
	span.SetParentSpanID([8]byte{6})
	span.SetStartTimestamp(1_790_000_000_000_000_000)
	span.SetEndTimestamp(1_790_000_000_100_000_000)
	span.SetKind(ptrace.SpanKindServer)
	span.SetName("GET /" + secret)
	span.SetFlags(0x101)
	span.TraceState().FromRaw("vendor=" + secret)
	span.Status().SetCode(ptrace.StatusCodeError)
	span.Status().SetMessage(secret + " failed")
	span.SetDroppedAttributesCount(5)
	span.SetDroppedEventsCount(6)
	span.SetDroppedLinksCount(math.MaxUint32)
	everything(span.Attributes(), secret)
	for i := range 2 {
		e := span.Events().AppendEmpty()
		e.SetName("exception " + secret)
		e.SetTimestamp(span.StartTimestamp() + pcommon.Timestamp(i) - 1)
		e.SetDroppedAttributesCount(7)
		everything(e.Attributes(), secret)
		l := span.Links().AppendEmpty()
		l.SetTraceID([16]byte{9, byte(i)})
		l.SetSpanID([8]byte{8})
		l.SetFlags(1)
		l.TraceState().FromRaw("link=" + secret)
		l.SetDroppedAttributesCount(8)
		everything(l.Attributes(), secret)
	}
	span.Events().AppendEmpty().SetName("bare")
	span.Links().AppendEmpty()
}

// logs returns log records that have all there is, and one that has nothing.
func logs(secret string) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.SetSchemaUrl(secret)
	everything(rl.Resource().Attributes(), secret)
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName(secret)
	for i := range 8 {
		r := sl.LogRecords().AppendEmpty()
		r.SetTraceID([16]byte{1, byte(i)})
		r.SetSpanID([8]byte{2})
		r.SetTimestamp(pcommon.Timestamp(1_790_000_000_000_000_000 * uint64(i%2)))
		r.SetObservedTimestamp(pcommon.Timestamp(1_790_000_000_000_000_001 * uint64(i/2%2)))
		r.SetSeverityNumber(plog.SeverityNumberWarn)
		r.SetSeverityText("WARN")
		r.SetFlags(plog.LogRecordFlags(i))
		r.SetDroppedAttributesCount(uint32(i))
		r.SetEventName(secret)
		everything(r.Attributes(), secret)
		v, _ := r.Attributes().Get([]string{"str", "huge", "int", "nan", "bool", "nothing", "bytes", "list"}[i])
		v.CopyTo(r.Body())
	}
	sl.LogRecords().AppendEmpty()
	ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	return ld
}
