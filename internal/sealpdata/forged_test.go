// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sealpdata

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// user returns a span with user.id under a resource and a scope, and the same sealed.
func user(t testing.TB, o Options) (original, sealed ptrace.Traces, open OpenKey) {
	t.Helper()
	s, opener := fieldPair(t)
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("host.name", secret)
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName("scope")
	span := ss.Spans().AppendEmpty()
	span.SetTraceID([16]byte{1})
	span.SetSpanID([8]byte{2})
	span.SetName("login")
	span.Attributes().PutStr("user.id", "amy")
	original = copyOf(td)
	require.NoError(t, policyOf(t, o).SealTraces(s, td))
	return original, td, openWith(opener)
}

// Whatever is put beside a sealed span, it comes out as it was sealed.
func TestForgedFieldsNeverComeOut(t *testing.T) {
	for name, forge := range map[string]func(ptrace.ResourceSpans, ptrace.Span){
		"event":               func(_ ptrace.ResourceSpans, s ptrace.Span) { s.Events().AppendEmpty().SetName("forged") },
		"link":                func(_ ptrace.ResourceSpans, s ptrace.Span) { s.Links().AppendEmpty().SetSpanID([8]byte{9}) },
		"status message":      func(_ ptrace.ResourceSpans, s ptrace.Span) { s.Status().SetMessage("forged") },
		"trace state":         func(_ ptrace.ResourceSpans, s ptrace.Span) { s.TraceState().FromRaw("forged=1") },
		"flags":               func(_ ptrace.ResourceSpans, s ptrace.Span) { s.SetFlags(1) },
		"name":                func(_ ptrace.ResourceSpans, s ptrace.Span) { s.SetName("forged") },
		"dropped attributes":  func(_ ptrace.ResourceSpans, s ptrace.Span) { s.SetDroppedAttributesCount(1) },
		"dropped events":      func(_ ptrace.ResourceSpans, s ptrace.Span) { s.SetDroppedEventsCount(1) },
		"dropped links":       func(_ ptrace.ResourceSpans, s ptrace.Span) { s.SetDroppedLinksCount(1) },
		"second user.id":      func(_ ptrace.ResourceSpans, s ptrace.Span) { s.Attributes().PutStr("user.id", "mallory") },
		"second host.name":    func(rs ptrace.ResourceSpans, _ ptrace.Span) { rs.Resource().Attributes().PutStr("host.name", "forged") },
		"resource schema URL": func(rs ptrace.ResourceSpans, _ ptrace.Span) { rs.SetSchemaUrl("forged") },
		"resource dropped":    func(rs ptrace.ResourceSpans, _ ptrace.Span) { rs.Resource().SetDroppedAttributesCount(1) },
		"scope schema URL":    func(rs ptrace.ResourceSpans, _ ptrace.Span) { rs.ScopeSpans().At(0).SetSchemaUrl("forged") },
		"scope dropped": func(rs ptrace.ResourceSpans, _ ptrace.Span) {
			rs.ScopeSpans().At(0).Scope().SetDroppedAttributesCount(1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			original, td, open := user(t, Options{})
			forge(td.ResourceSpans().At(0), firstSpan(td))
			for _, clear := range []Clear{ClearKeep, ClearMark, ClearDrop} {
				got := copyOf(td)
				stats, err := Unsealer{Open: open, Clear: clear}.Traces(got)
				assert.ErrorContains(t, err, "somebody has added them")
				assert.NotContains(t, err.Error(), "forged", "values are not printed")
				assert.Equal(t, Stats{Unsealed: 1}, stats)
				sameTraces(t, original, got)
			}
		})
	}
}

func TestSealedValuesWinInFieldsMode(t *testing.T) {
	original, td, open := user(t, Options{Mode: ModeFields, Attributes: []string{"user.*"}})
	firstSpan(td).Attributes().PutStr("user.id", "mallory")
	stats, err := UnsealTraces(open, td)
	assert.ErrorContains(t, err, "user.id")
	assert.Equal(t, Stats{Unsealed: 1}, stats)
	sameTraces(t, original, td)
}

func TestAStrippedBlobIsFound(t *testing.T) {
	for name, strip := range map[string]func(ptrace.ResourceSpans){
		"resource": func(rs ptrace.ResourceSpans) { rs.Resource().Attributes().Remove(nameResource) },
		"scope":    func(rs ptrace.ResourceSpans) { rs.ScopeSpans().At(0).Scope().Attributes().Remove(nameScope) },
		"span":     func(rs ptrace.ResourceSpans) { rs.ScopeSpans().At(0).Spans().At(0).Attributes().Remove(nameSpan) },
	} {
		for _, o := range []Options{
			{Search: []string{"user.id"}},
			{Mode: ModeFields, Attributes: []string{"user.*", "host.name", "of"}, Search: []string{"user.id"}},
		} {
			t.Run(name+fmt.Sprint(o.Mode), func(t *testing.T) {
				s, opener := fieldPair(t)
				td, _, _ := user(t, o)
				td.ResourceSpans().At(0).ScopeSpans().At(0).Scope().Attributes().PutStr("of", "x")
				require.NoError(t, policyOf(t, o).SealTraces(s, td))
				strip(td.ResourceSpans().At(0))
				stats, err := UnsealTraces(openWith(opener), td)
				assert.ErrorContains(t, err, "stays sealed")
				assert.Equal(t, Stats{Failed: 1}, stats)
			})
		}
	}
}

// A blob of another resource or scope of the same key is as wrong as none.
func TestAnExchangedBlobIsFound(t *testing.T) {
	s, o := fieldPair(t)
	td := ptrace.NewTraces()
	for _, name := range []string{"one", "two"} {
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("host.name", name)
		ss := rs.ScopeSpans().AppendEmpty()
		ss.Scope().SetName(name)
		ss.Spans().AppendEmpty()
	}
	require.NoError(t, policyOf(t, Options{}).SealTraces(s, td))
	one, two := td.ResourceSpans().At(0), td.ResourceSpans().At(1)
	for name, exchange := range map[string]func(a, b ptrace.ResourceSpans){
		"resource": func(a, b ptrace.ResourceSpans) { a.Resource().CopyTo(b.Resource()) },
		"scope":    func(a, b ptrace.ResourceSpans) { a.ScopeSpans().At(0).Scope().CopyTo(b.ScopeSpans().At(0).Scope()) },
	} {
		got := ptrace.NewTraces()
		two.CopyTo(got.ResourceSpans().AppendEmpty())
		exchange(one, got.ResourceSpans().At(0))
		stats, err := UnsealTraces(openWith(o), got)
		assert.ErrorContains(t, err, "is another", name)
		assert.Equal(t, Stats{Failed: 1}, stats, name)
	}
}

func TestALineMovedToAnotherResourceIsFound(t *testing.T) {
	s, o := fieldPair(t)
	ld := plog.NewLogs()
	for _, name := range []string{"one", "two"} {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("host.name", name)
		r := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		r.SetTimestamp(5)
		r.Body().SetStr(name)
	}
	require.NoError(t, policyOf(t, Options{}).SealLogs(s, ld))
	ld.ResourceLogs().At(0).ScopeLogs().At(0).MoveTo(ld.ResourceLogs().At(1).ScopeLogs().AppendEmpty())
	ld.ResourceLogs().RemoveIf(func(rl plog.ResourceLogs) bool { return rl.ScopeLogs().Len() == 1 })
	stats, err := UnsealLogs(openWith(o), ld)
	assert.Error(t, err)
	assert.Equal(t, Stats{Unsealed: 1, Failed: 1}, stats)
}

// sealedLog returns a log record with severity, and the same sealed.
func sealedLog(t testing.TB, o Options) (original, sealed plog.Logs, open OpenKey) {
	t.Helper()
	s, opener := fieldPair(t)
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("host.name", secret)
	r := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	r.SetTimestamp(5)
	r.SetObservedTimestamp(6)
	r.SetSeverityNumber(plog.SeverityNumberWarn)
	r.SetSeverityText(secret)
	r.Body().SetStr(secret)
	r.Attributes().PutStr("user.id", "amy")
	original = copyOfLogs(ld)
	require.NoError(t, policyOf(t, o).SealLogs(s, ld))
	return original, ld, openWith(opener)
}

func TestForgedFieldsOfLogsNeverComeOut(t *testing.T) {
	for name, forge := range map[string]func(plog.LogRecord){
		"flags":           func(r plog.LogRecord) { r.SetFlags(1) },
		"event name":      func(r plog.LogRecord) { r.SetEventName("forged") },
		"dropped":         func(r plog.LogRecord) { r.SetDroppedAttributesCount(1) },
		"severity text":   func(r plog.LogRecord) { r.SetSeverityText("forged") },
		"severity number": func(r plog.LogRecord) { r.SetSeverityNumber(plog.SeverityNumberDebug) },
		"second user.id":  func(r plog.LogRecord) { r.Attributes().PutStr("user.id", "mallory") },
	} {
		t.Run(name, func(t *testing.T) {
			original, ld, open := sealedLog(t, Options{})
			assert.NotEqual(t, secret, firstLog(ld).SeverityText())
			forge(firstLog(ld))
			stats, err := UnsealLogs(open, ld)
			assert.ErrorContains(t, err, "somebody has added them")
			assert.Equal(t, Stats{Unsealed: 1}, stats)
			sameLogs(t, original, ld)
		})
	}
}

// A backend may lose what it has no place for.
func TestCopiesThatABackendLostComeBack(t *testing.T) {
	original, ld, open := sealedLog(t, Options{})
	firstLog(ld).SetSeverityNumber(0)
	_, err := UnsealLogs(open, ld)
	require.NoError(t, err)
	sameLogs(t, original, ld)
}

// The observed time is in the clear, unless the record has no other time.
func TestAnObservedTimeIsMarkedUnlessTheRecordIsBoundToIt(t *testing.T) {
	for at, want := range map[pcommon.Timestamp]any{5: []any{"(observed time)"}, 0: nil, 6: nil} {
		ld, open := oneLog(t, at, 6)
		_, err := Unsealer{Open: open, Clear: ClearMark}.Logs(ld)
		require.NoError(t, err)
		assert.Equal(t, want, firstLog(ld).Attributes().AsRaw()[NameClear])
		assert.EqualValues(t, 6, firstLog(ld).ObservedTimestamp())
	}
	ld, open := oneLog(t, 5, 6)
	_, err := Unsealer{Open: open, Clear: ClearDrop}.Logs(ld)
	require.NoError(t, err)
	assert.Zero(t, firstLog(ld).ObservedTimestamp())
}

func TestRecordsThatLostTheirKeyAreFound(t *testing.T) {
	for _, options := range []Options{{}, {Mode: ModeFields, Attributes: []string{"user.*"}}} {
		_, ld, open := sealedLog(t, options)
		ld.ResourceLogs().At(0).Resource().Attributes().RemoveIf(func(string, pcommon.Value) bool { return true })
		want := copyOfLogs(ld)
		for _, clear := range []Clear{ClearKeep, ClearMark, ClearDrop} {
			stats, err := Unsealer{Open: open, Clear: clear}.Logs(ld)
			assert.ErrorContains(t, err, "1 log records of one resource stay sealed: the attribute sealed.key")
			assert.Equal(t, Stats{Failed: 1}, stats)
			sameLogs(t, want, ld)
		}
		_, td, open := user(t, options)
		td.ResourceSpans().At(0).Resource().Attributes().Remove(nameKey)
		stats, err := UnsealTraces(open, td)
		assert.ErrorContains(t, err, "sealed.key")
		assert.Equal(t, Stats{Failed: 1}, stats)
	}
}

func TestASpanAddedUnderASealedResourceIsReported(t *testing.T) {
	_, td, open := user(t, Options{})
	td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().AppendEmpty().SetName("forged")
	stats, err := UnsealTraces(open, td)
	assert.ErrorContains(t, err, "1 spans are in the clear under a resource whose spans are all sealed")
	assert.Equal(t, Stats{Unsealed: 1, Plain: 1}, stats)
}

func TestClearValuesAreMarkedOrDropped(t *testing.T) {
	marks := func(m pcommon.Map) []any {
		v, ok := m.Get(NameClear)
		if !ok {
			return nil
		}
		return v.Slice().AsRaw()
	}
	_, td, open := user(t, Options{Keep: []string{"host.*"}})
	firstSpan(td).Attributes().PutStr("added", "later")
	plain := td.ResourceSpans().AppendEmpty()
	plain.Resource().Attributes().PutStr("host.name", "other")
	plain.ScopeSpans().AppendEmpty().Spans().AppendEmpty().SetName("plain")

	marked := copyOf(td)
	_, err := Unsealer{Open: open, Clear: ClearMark}.Traces(marked)
	require.NoError(t, err)
	assert.Equal(t, []any{"added"}, marks(firstSpan(marked).Attributes()))
	assert.Equal(t, []any{"host.name"}, marks(marked.ResourceSpans().At(0).Resource().Attributes()))
	other := marked.ResourceSpans().At(1)
	assert.Equal(t, []any{"*"}, marks(other.Resource().Attributes()))
	assert.Equal(t, []any{"*"}, marks(other.ScopeSpans().At(0).Spans().At(0).Attributes()))

	dropped := copyOf(td)
	stats, err := Unsealer{Open: open, Clear: ClearDrop}.Traces(dropped)
	require.NoError(t, err)
	assert.Equal(t, Stats{Unsealed: 1, Plain: 1}, stats)
	assert.Equal(t, map[string]any{"user.id": "amy"}, firstSpan(dropped).Attributes().AsRaw())
	assert.Zero(t, dropped.ResourceSpans().At(0).Resource().Attributes().Len())
	assert.Zero(t, dropped.ResourceSpans().At(1).ScopeSpans().At(0).Spans().Len())
}

func TestOnlySealedPartsStayOfFieldsModeWhenClearIsDropped(t *testing.T) {
	s, o := fieldPair(t)
	td := ptrace.NewTraces()
	span := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetName("clear")
	span.Attributes().PutStr("clear", "x")
	span.Events().AppendEmpty().SetName("clear")
	e := span.Events().AppendEmpty()
	e.SetName("clear")
	e.Attributes().PutStr("clear", "x")
	e.Attributes().PutStr("user.id", "amy")
	span.Links().AppendEmpty().SetFlags(7)
	require.NoError(t, policyOf(t, Options{Mode: ModeFields, Attributes: []string{"user.*"}}).SealTraces(s, td))
	stats, err := Unsealer{Open: openWith(o), Clear: ClearDrop}.Traces(td)
	require.NoError(t, err)
	assert.Equal(t, Stats{Unsealed: 1}, stats)
	got := firstSpan(td)
	assert.Empty(t, got.Name())
	assert.Zero(t, got.Attributes().Len())
	assert.Zero(t, got.Links().Len())
	require.Equal(t, 1, got.Events().Len())
	assert.Empty(t, got.Events().At(0).Name())
	assert.Equal(t, map[string]any{"user.id": "amy"}, got.Events().At(0).Attributes().AsRaw())
}

// A sender may have an attribute with the name of the mark. It comes back, and the mark
// takes its place where there is one to set.
func TestNobodyForgesTheMark(t *testing.T) {
	s, o := fieldPair(t)
	td := ptrace.NewTraces()
	span := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.Attributes().PutEmptySlice(NameClear)
	span.Attributes().PutStr("kept", "x")
	require.NoError(t, policyOf(t, Options{Keep: []string{"kept"}}).SealTraces(s, td))
	_, err := Unsealer{Open: openWith(o), Clear: ClearMark}.Traces(td)
	require.NoError(t, err)
	v, _ := firstSpan(td).Attributes().Get(NameClear)
	assert.Equal(t, []any{"kept"}, v.Slice().AsRaw())
	assert.Equal(t, 2, firstSpan(td).Attributes().Len())
}

// Nested values are matched by their path, in every place of an attribute.
func TestNestedValuesAreSealedByTheirPath(t *testing.T) {
	email := func(m pcommon.Map) { m.PutEmptyMap("user").PutStr("email", secret) }
	for name, c := range map[string]struct {
		options Options
		put     func(pcommon.Map)
		sealed  bool
	}{
		"map":                   {Options{Mode: ModeFields, Attributes: []string{"user.*"}}, email, true},
		"exact path":            {Options{Mode: ModeFields, Attributes: []string{"user.email"}}, email, true},
		"deeper":                {Options{Mode: ModeFields, Attributes: []string{"*.email"}}, func(m pcommon.Map) { email(m.PutEmptyMap("app").PutEmptyMap("session")) }, true},
		"map in a list":         {Options{Mode: ModeFields, Attributes: []string{"user.*"}}, func(m pcommon.Map) { m.PutEmptySlice("user").AppendEmpty().SetEmptyMap().PutStr("email", secret) }, true},
		"inner map by its name": {Options{Mode: ModeFields, Attributes: []string{"app.user"}}, func(m pcommon.Map) { email(m.PutEmptyMap("app")) }, true},
		"another path":          {Options{Mode: ModeFields, Attributes: []string{"user.name"}}, email, false},
		"record, kept name":     {Options{Keep: []string{"user"}}, email, true},
		"record, kept path":     {Options{Keep: []string{"user.*", "user"}}, email, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, o := fieldPair(t)
			td := ptrace.NewTraces()
			rs := td.ResourceSpans().AppendEmpty()
			c.put(rs.Resource().Attributes())
			ss := rs.ScopeSpans().AppendEmpty()
			c.put(ss.Scope().Attributes())
			span := ss.Spans().AppendEmpty()
			c.put(span.Attributes())
			if c.options.Mode == ModeFields {
				c.put(span.Events().AppendEmpty().Attributes())
				c.put(span.Links().AppendEmpty().Attributes())
			}
			original := copyOf(td)
			require.NoError(t, policyOf(t, c.options).SealTraces(s, td))
			var m ptrace.JSONMarshaler
			text, err := m.MarshalTraces(td)
			require.NoError(t, err)
			if c.sealed {
				assert.NotContains(t, string(text), secret)
			} else {
				assert.Contains(t, string(text), secret)
			}
			_, err = UnsealTraces(openWith(o), td)
			require.NoError(t, err)
			sameTraces(t, original, td)
		})
	}
}

// Tempo forgets all but one of the scopes with the same name and version, in fields mode
// as well.
func TestScopesOfFieldsModeStayApart(t *testing.T) {
	s, o := fieldPair(t)
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	for _, user := range []string{"amy", "bob"} {
		ss := rs.ScopeSpans().AppendEmpty()
		ss.Scope().SetName("lib")
		ss.Scope().SetVersion("1.0")
		ss.Scope().Attributes().PutStr("user.id", user)
		ss.Spans().AppendEmpty()
	}
	original := copyOf(td)
	require.NoError(t, policyOf(t, Options{Mode: ModeFields, Attributes: []string{"user.*"}}).SealTraces(s, td))
	one, two := rs.ScopeSpans().At(0).Scope(), rs.ScopeSpans().At(1).Scope()
	assert.Equal(t, "lib", one.Name())
	assert.Regexp(t, `^1\.0\+.{12}$`, one.Version())
	assert.NotEqual(t, one.Version(), two.Version())
	_, err := UnsealTraces(openWith(o), td)
	require.NoError(t, err)
	sameTraces(t, original, td)
}
