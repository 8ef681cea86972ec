// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sealpdata

import (
	"encoding/base64"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sealgate/sealgate/seal"
)

// oneSpan returns a span under a resource and a scope, and the same sealed.
func oneSpan(t testing.TB, n int) (original, sealed ptrace.Traces, open OpenKey) {
	s, o := fieldPair(t)
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "shop")
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName("scope")
	for i := range n {
		span := ss.Spans().AppendEmpty()
		span.SetTraceID([16]byte{1})
		span.SetSpanID([8]byte{2, byte(i)})
		span.SetName(secret)
		span.Attributes().PutInt("n", int64(i))
	}
	original = copyOf(td)
	require.NoError(t, policyOf(t, Options{}).SealTraces(s, td))
	return original, td, openWith(o)
}

func TestEveryFlippedBitOfABlobIsFound(t *testing.T) {
	_, sealed, open := oneSpan(t, 1)
	v, _ := firstSpan(sealed).Attributes().Get(nameSpan)
	blob, err := base64.RawURLEncoding.DecodeString(v.Str())
	require.NoError(t, err)
	for bit := range 8 * len(blob) {
		td := copyOf(sealed)
		flipped := append([]byte(nil), blob...)
		flipped[bit/8] ^= 1 << (bit % 8)
		firstSpan(td).Attributes().PutStr(nameSpan, base64.RawURLEncoding.EncodeToString(flipped))
		want := copyOf(td)
		stats, err := UnsealTraces(open, td)
		require.Error(t, err)
		require.Equal(t, Stats{Failed: 1}, stats)
		assert.ErrorContains(t, err, "span 0200000000000000 of trace 01000000000000000000000000000000 stays sealed")
		assert.NotContains(t, err.Error(), secret)
		left := td.ResourceSpans().At(td.ResourceSpans().Len() - 1)
		assert.Equal(t, want.ResourceSpans().At(0).Resource().Attributes().AsRaw(), left.Resource().Attributes().AsRaw(), "what stays sealed keeps its key")
		assert.Equal(t, firstSpan(want).Attributes().AsRaw(), left.ScopeSpans().At(0).Spans().At(0).Attributes().AsRaw())
	}
}

func TestABlobOpensNowhereElse(t *testing.T) {
	for name, move := range map[string]func(ptrace.Span){
		"trace id":       func(s ptrace.Span) { s.SetTraceID([16]byte{9}) },
		"span id":        func(s ptrace.Span) { s.SetSpanID([8]byte{9}) },
		"parent span id": func(s ptrace.Span) { s.SetParentSpanID([8]byte{9}) },
		"start":          func(s ptrace.Span) { s.SetStartTimestamp(1) },
		"end":            func(s ptrace.Span) { s.SetEndTimestamp(1) },
		"kind":           func(s ptrace.Span) { s.SetKind(ptrace.SpanKindClient) },
		"status":         func(s ptrace.Span) { s.Status().SetCode(ptrace.StatusCodeOk) },
	} {
		t.Run(name, func(t *testing.T) {
			_, td, open := oneSpan(t, 1)
			move(firstSpan(td))
			stats, err := UnsealTraces(open, td)
			assert.Error(t, err)
			assert.Equal(t, Stats{Failed: 1}, stats)
		})
	}
}

func TestSwappedBlobsDoNotOpenAndTheRestDoes(t *testing.T) {
	original, td, open := oneSpan(t, 3)
	spans := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
	a, b := spans.At(0).Attributes(), spans.At(1).Attributes()
	x, _ := a.Get(nameSpan)
	y, _ := b.Get(nameSpan)
	first := x.Str()
	a.PutStr(nameSpan, y.Str())
	b.PutStr(nameSpan, first)
	stats, err := UnsealTraces(open, td)
	require.Error(t, err)
	assert.Equal(t, Stats{Unsealed: 1, Failed: 2}, stats)
	require.Equal(t, 2, td.ResourceSpans().Len())
	assert.Equal(t, secret, firstSpan(td).Name())
	assert.Equal(t, original.ResourceSpans().At(0).Resource().Attributes().AsRaw(), td.ResourceSpans().At(0).Resource().Attributes().AsRaw())
	left := td.ResourceSpans().At(1).ScopeSpans().At(0)
	assert.Equal(t, 2, left.Spans().Len())
	assert.Equal(t, hiddenName, left.Spans().At(0).Name())
}

// What failed once opens later, with what unsealing left of it.
func TestWhatFailedCanBeUnsealedLater(t *testing.T) {
	original, td, open := oneSpan(t, 3)
	span := firstSpan(td)
	span.SetKind(ptrace.SpanKindServer)
	_, err := UnsealTraces(open, td)
	require.Error(t, err)
	td.ResourceSpans().At(1).ScopeSpans().At(0).Spans().At(0).SetKind(ptrace.SpanKindUnspecified)
	stats, err := UnsealTraces(open, td)
	require.NoError(t, err)
	assert.Equal(t, Stats{Unsealed: 1, Plain: 2}, stats)
	assert.Equal(t, original.ResourceSpans().At(0).Resource().Attributes().AsRaw(), td.ResourceSpans().At(1).Resource().Attributes().AsRaw())
	assert.Equal(t, "scope", td.ResourceSpans().At(1).ScopeSpans().At(0).Scope().Name())
}

func TestSpansStaySealedWithTheirResourceAndScope(t *testing.T) {
	_, td, open := oneSpan(t, 1)
	td.ResourceSpans().At(0).Resource().Attributes().PutStr(nameResource, "AQAA")
	stats, err := UnsealTraces(open, td)
	assert.ErrorContains(t, err, "a resource stays sealed")
	assert.Equal(t, Stats{Failed: 1}, stats, "its spans are bound to its blob")
	_, ok := td.ResourceSpans().At(0).Resource().Attributes().Get(nameKey)
	assert.True(t, ok)

	_, td, open = oneSpan(t, 2)
	scope := td.ResourceSpans().At(0).ScopeSpans().At(0).Scope()
	scope.Attributes().PutStr(nameScope, "not base64!")
	stats, err = UnsealTraces(open, td)
	assert.ErrorContains(t, err, "a scope stays sealed: the sealed text is not base64url")
	assert.Equal(t, Stats{Failed: 2}, stats)
	require.Equal(t, 1, td.ResourceSpans().Len())
	_, ok = td.ResourceSpans().At(0).Resource().Attributes().Get(nameKey)
	assert.True(t, ok)
	assert.Equal(t, 2, td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().Len())
}

func TestAKeyThatCannotBeHadFailsItsSpans(t *testing.T) {
	_, td, _ := oneSpan(t, 2)
	want := copyOf(td)
	stats, err := UnsealTraces(func(string) (*seal.FieldOpener, error) { return nil, errors.New("no such recipient") }, td)
	assert.ErrorContains(t, err, "2 spans of one resource stay sealed: no such recipient")
	assert.Equal(t, Stats{Failed: 2}, stats)
	sameTraces(t, want, td)

	_, err = UnsealTraces(func(string) (*seal.FieldOpener, error) { return nil, nil }, td)
	assert.ErrorContains(t, err, "there is no key for it")
	td.ResourceSpans().At(0).Resource().Attributes().Remove(nameKey)
	_, err = UnsealTraces(nil, td)
	assert.ErrorContains(t, err, "sealed.key")
}

func TestAnotherKeyOpensNothing(t *testing.T) {
	_, td, _ := oneSpan(t, 1)
	_, other, err := seal.NewFieldPair([]byte("another data key"), keyID)
	require.NoError(t, err)
	stats, err := UnsealTraces(openWith(other), td)
	require.Error(t, err)
	assert.Equal(t, Stats{Failed: 1}, stats)
	assert.Equal(t, hiddenName, firstSpan(td).Name())
}

func TestPlainDataIsLeftAlone(t *testing.T) {
	td, ld := traces(secret), logs(secret)
	for _, rs := range td.ResourceSpans().All() {
		removeOwn(rs.Resource().Attributes())
		for _, ss := range rs.ScopeSpans().All() {
			removeOwn(ss.Scope().Attributes())
			for _, span := range ss.Spans().All() {
				removeOwn(span.Attributes())
			}
		}
	}
	for _, rl := range ld.ResourceLogs().All() {
		removeOwn(rl.Resource().Attributes())
		for _, r := range rl.ScopeLogs().At(0).LogRecords().All() {
			removeOwn(r.Attributes())
		}
	}
	want, wantLogs := copyOf(td), copyOfLogs(ld)
	stats, err := UnsealTraces(nil, td)
	require.NoError(t, err)
	assert.Equal(t, Stats{Plain: td.SpanCount()}, stats)
	sameTraces(t, want, td)
	stats, err = UnsealLogs(nil, ld)
	require.NoError(t, err)
	assert.Equal(t, Stats{Plain: ld.LogRecordCount()}, stats)
	sameLogs(t, wantLogs, ld)
}

func TestErrorsAreBounded(t *testing.T) {
	_, td, open := oneSpan(t, 250)
	for _, span := range td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
		span.SetEndTimestamp(5)
	}
	_, err := UnsealTraces(open, td)
	assert.ErrorContains(t, err, "and 150 more errors")
}

// A list of empty values needs a byte for each in its record and 70 in memory.
func TestARecordOfTooManyValuesStaysSealedAndTheRestDoesNot(t *testing.T) {
	s, o := fieldPair(t)
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	many := spans.AppendEmpty().Attributes().PutEmptySlice("many")
	for range 1000 {
		many.AppendEmpty()
	}
	spans.AppendEmpty().Attributes().PutStr("few", secret)
	original := copyOf(td)
	require.NoError(t, policyOf(t, Options{}).SealTraces(s, td))
	for _, max := range []int{1, 1000} {
		bounded := copyOf(td)
		stats, err := Unsealer{Open: openWith(o), MaxValues: max}.Traces(bounded)
		require.ErrorContains(t, err, "too many values")
		require.ErrorContains(t, err, "--max-values")
		assert.Equal(t, Stats{Unsealed: 1, Failed: 1}, stats)
		few, _ := firstSpan(bounded).Attributes().Get("few")
		assert.Equal(t, secret, few.Str())
		stats, err = Unsealer{Open: openWith(o), MaxValues: 1001}.Traces(bounded) // the list is a value, too
		require.NoError(t, err, "it can be read later")
		assert.Equal(t, 1, stats.Unsealed)
	}
	whole := copyOf(td)
	_, err := Unsealer{Open: openWith(o), MaxValues: 1002}.Traces(whole)
	require.NoError(t, err)
	sameTraces(t, original, whole)
}

// Tempo groups spans by name and version of their scopes, and keeps what one of the
// scopes had besides.
func TestScopesSurviveTheGroupingOfTempo(t *testing.T) {
	s, o := fieldPair(t)
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	for _, name := range []string{"http", "sql", "http"} {
		ss := rs.ScopeSpans().AppendEmpty()
		ss.Scope().SetName(name)
		ss.Scope().Attributes().PutStr("of", name)
		ss.Spans().AppendEmpty().SetName(name)
	}
	require.NoError(t, policyOf(t, Options{}).SealTraces(s, td))
	merged := ptrace.NewTraces()
	out := merged.ResourceSpans().AppendEmpty()
	rs.Resource().CopyTo(out.Resource())
	scopes := map[string]ptrace.ScopeSpans{}
	for _, ss := range rs.ScopeSpans().All() {
		id := ss.Scope().Name() + "\x00" + ss.Scope().Version()
		if _, ok := scopes[id]; !ok {
			scopes[id] = out.ScopeSpans().AppendEmpty()
			ss.Scope().CopyTo(scopes[id].Scope())
		}
		ss.Spans().MoveAndAppendTo(scopes[id].Spans())
	}
	assert.Equal(t, 2, out.ScopeSpans().Len())
	_, err := UnsealTraces(openWith(o), merged)
	require.NoError(t, err)
	for _, ss := range out.ScopeSpans().All() {
		of, _ := ss.Scope().Attributes().Get("of")
		for _, span := range ss.Spans().All() {
			assert.Equal(t, span.Name(), of.Str())
			assert.Equal(t, span.Name(), ss.Scope().Name())
		}
	}
}

func oneLog(t testing.TB, at, observed pcommon.Timestamp) (plog.Logs, OpenKey) {
	s, o := fieldPair(t)
	ld := plog.NewLogs()
	r := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	r.SetTimestamp(at)
	r.SetObservedTimestamp(observed)
	r.Body().SetStr(secret)
	require.NoError(t, policyOf(t, Options{}).SealLogs(s, ld))
	return ld, openWith(o)
}

func TestALogRecordOpensAfterLokiGaveItATime(t *testing.T) {
	for _, c := range []struct{ at, observed, loki pcommon.Timestamp }{{5, 6, 5}, {0, 6, 6}, {0, 0, 1_790_000_000_000_000_000}} {
		ld, open := oneLog(t, c.at, c.observed)
		firstLog(ld).SetTimestamp(c.loki)
		firstLog(ld).SetObservedTimestamp(0)
		stats, err := UnsealLogs(open, ld)
		require.NoError(t, err)
		assert.Equal(t, Stats{Unsealed: 1}, stats)
		assert.Equal(t, secret, firstLog(ld).Body().Str())
	}
}

func TestALogRecordOpensNowhereElse(t *testing.T) {
	for name, change := range map[string]func(plog.LogRecord){
		"trace id": func(r plog.LogRecord) { r.SetTraceID([16]byte{9}) },
		"span id":  func(r plog.LogRecord) { r.SetSpanID([8]byte{9}) },
		"time":     func(r plog.LogRecord) { r.SetTimestamp(9) },
		"body":     func(r plog.LogRecord) { r.Body().SetStr("a line that was put there") },
		"no text":  func(r plog.LogRecord) { r.Body().SetInt(1) },
	} {
		t.Run(name, func(t *testing.T) {
			ld, open := oneLog(t, 5, 6)
			change(firstLog(ld))
			stats, err := UnsealLogs(open, ld)
			assert.ErrorContains(t, err, "stays sealed")
			assert.NotContains(t, err.Error(), "a line")
			assert.Equal(t, Stats{Failed: 1}, stats)
			left := ld.ResourceLogs().At(ld.ResourceLogs().Len() - 1)
			_, ok := left.Resource().Attributes().Get(nameKey)
			assert.True(t, ok)
		})
	}
}

func TestAnEventThatIsGoneIsFound(t *testing.T) {
	s, o := fieldPair(t)
	td := ptrace.NewTraces()
	span := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.Events().AppendEmpty().Attributes().PutStr("user.id", secret)
	require.NoError(t, policyOf(t, Options{Mode: ModeFields, Attributes: []string{"user.id"}}).SealTraces(s, td))
	firstSpan(td).Events().RemoveIf(func(ptrace.SpanEvent) bool { return true })
	_, err := UnsealTraces(openWith(o), td)
	assert.ErrorContains(t, err, "is gone")
}
