// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sealpdata

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sealgate/sealgate/seal"
)

func names(m pcommon.Map) (names []string) {
	for name := range m.All() {
		names = append(names, name)
	}
	return names
}

func TestOptionsThatMeanNothingAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		options Options
		want    string
	}{
		"mode":               {Options{Mode: 7}, "there is no mode 7"},
		"attributes, record": {Options{Attributes: []string{"a"}}, "`attributes` is for the mode `fields`"},
		"no attributes":      {Options{Mode: ModeFields}, "`attributes` is empty"},
		"empty pattern":      {Options{Keep: []string{"a", ""}}, "`keep`: pattern 2 is empty"},
		"white space":        {Options{Mode: ModeFields, Attributes: []string{" a"}}, "`attributes`: pattern \" a\""},
		"own names kept":     {Options{Keep: []string{"sealed.*"}}, "\"sealed.*\""},
		"own tokens kept":    {Options{Keep: []string{"tok.x"}}, "\"tok.x\""},
		"empty search":       {Options{Search: []string{""}}, "`search`: name 1 is empty"},
		"wildcard in search": {Options{Search: []string{"user.*"}}, "\"user.*\" has a wildcard"},
		"token of a token":   {Options{Search: []string{"tok.x"}}, "\"tok.x\""},
		"search without key": {Options{Search: []string{"user.id"}}, "no search key"},
		"searched and kept":  {Options{Search: []string{"user.id"}, Tokens: tokenKey(t), Keep: []string{"user.*"}}, "\"user.id\" is also on `keep`"},
		"searched in clear":  {Options{Mode: ModeFields, Attributes: []string{"a"}, Search: []string{"user.id"}, Tokens: tokenKey(t)}, "\"user.id\" is not on `attributes`"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(c.options)
			assert.ErrorContains(t, err, c.want)
		})
	}
}

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"a", "a", true}, {"a", "ab", false}, {"*", "", true}, {"*", "anything", true}, {"k8s.*", "k8s.pod.name", true}, {"k8s.*", "k8s", false},
		{"*.name", "k8s.pod.name", true}, {"*.name", "name", false}, {"a*b", "ab", true}, {"a*b", "axxb", true}, {"a*b", "axxbc", false},
		{"aba*aba", "aba", false}, {"a*b*c", "aXbYc", true}, {"a*b*c", "acb", false}, {"**", "x", true}, {"a**", "a", true}, {"*b*", "abc", true},
	} {
		assert.Equal(t, c.want, newPattern(c.pattern).match(c.name), "%s %s", c.pattern, c.name)
	}
}

func TestRecordModeLeavesTheWaterfall(t *testing.T) {
	s, _ := fieldPair(t)
	td := traces(secret)
	original := copyOf(td)
	require.NoError(t, policyOf(t, Options{Keep: []string{"service.name", "http.*"}, Search: []string{"user.id"}}).SealTraces(s, td))
	span, was := firstSpan(td), firstSpan(original)
	assert.Equal(t, was.TraceID(), span.TraceID())
	assert.Equal(t, was.SpanID(), span.SpanID())
	assert.Equal(t, was.ParentSpanID(), span.ParentSpanID())
	assert.Equal(t, was.StartTimestamp(), span.StartTimestamp())
	assert.Equal(t, was.EndTimestamp(), span.EndTimestamp())
	assert.Equal(t, was.Kind(), span.Kind())
	assert.Equal(t, was.Status().Code(), span.Status().Code())
	assert.Equal(t, "sealed", span.Name())
	assert.Zero(t, span.Flags())
	assert.Zero(t, span.Events().Len())
	assert.Zero(t, span.Links().Len())
	assert.Zero(t, span.DroppedLinksCount())
	got := names(span.Attributes())
	assert.ElementsMatch(t, []string{"service.name", "http.status_code", "tok.user.id", "sealed.span"}, deduplicateChunks(got))

	resource := td.ResourceSpans().At(0)
	assert.ElementsMatch(t, []string{"service.name", "http.status_code", "tok.user.id", "sealed.resource", "sealed.key"}, deduplicateChunks(names(resource.Resource().Attributes())))
	assert.Empty(t, resource.SchemaUrl())
	scope := resource.ScopeSpans().At(0)
	assert.ElementsMatch(t, []string{"service.name", "http.status_code", "sealed.scope"}, deduplicateChunks(names(scope.Scope().Attributes())))
	assert.Equal(t, "sealed", scope.Scope().Name())
	assert.Empty(t, scope.SchemaUrl())
}

// deduplicateChunks removes the names of all chunks but the first.
func deduplicateChunks(names []string) (first []string) {
	for _, name := range names {
		if last := name[strings.LastIndexByte(name, '.')+1:]; last == "" || last[0] < '0' || last[0] > '9' {
			first = append(first, name)
		}
	}
	return first
}

func TestFieldsModeSealsOnlyWhatItNames(t *testing.T) {
	s, _ := fieldPair(t)
	td := traces(secret)
	original := copyOf(td)
	require.NoError(t, policyOf(t, Options{Mode: ModeFields, Attributes: []string{"str"}}).SealTraces(s, td))
	span, was := firstSpan(td), firstSpan(original)
	assert.Equal(t, was.Name(), span.Name())
	assert.Equal(t, was.Events().Len(), span.Events().Len())
	for _, m := range []pcommon.Map{span.Attributes(), span.Events().At(0).Attributes(), span.Links().At(1).Attributes(), td.ResourceSpans().At(0).Resource().Attributes(), td.ResourceSpans().At(0).ScopeSpans().At(0).Scope().Attributes()} {
		_, there := m.Get("str")
		assert.False(t, there)
		_, there = m.Get("user.id")
		assert.True(t, there)
		_, there = m.Get("tok.user.id")
		assert.False(t, there, "what came in with a name of ours must not stay")
	}
	bare := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(1)
	assert.Zero(t, bare.Attributes().Len(), "nothing is sealed of a span that has none of the attributes")
}

// Loki has one label for the trace id of a record and for an attribute trace_id, and a blob is bound to the id.
func TestAnAttributeThatHidesAnIDIsSealed(t *testing.T) {
	own, other := pcommon.TraceID{1, 2, 3}, pcommon.TraceID{9}
	span := pcommon.SpanID{4}
	for _, tt := range []struct {
		name, value string
		trace       pcommon.TraceID
		span        pcommon.SpanID
		stays       bool
	}{
		{"trace_id", other.String(), own, span, false},
		{"trace.id", other.String(), own, span, false},
		{"trace-id", "1-5759e988", own, span, false},
		{"span_id", "4711471", own, span, false},
		{"span.id", "x", own, span, false},
		{"trace_id", own.String(), own, span, true},
		{"span_id", span.String(), own, span, true},
		{"trace_id", other.String(), pcommon.TraceID{}, pcommon.SpanID{}, true},
		{"span_id", "x", own, pcommon.SpanID{}, true},
		{"traceid", other.String(), own, span, true},
	} {
		for mode, o := range map[string]Options{
			"fields": {Mode: ModeFields, Attributes: []string{"user.*"}},
			"record": {Keep: []string{"trace*", "span*"}},
		} {
			ld := plog.NewLogs()
			r := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
			r.SetTraceID(tt.trace)
			r.SetSpanID(tt.span)
			r.Attributes().PutStr(tt.name, tt.value)
			want := copyOfLogs(ld)
			sealer, opener := fieldPair(t)
			require.NoError(t, policyOf(t, o).SealLogs(sealer, ld))
			_, stays := r.Attributes().Get(tt.name)
			assert.Equal(t, tt.stays, stays, "%s %s=%s", mode, tt.name, tt.value)
			_, err := UnsealLogs(openWith(opener), ld)
			require.NoError(t, err)
			sameLogs(t, want, ld)
		}
	}
}

func TestForgedAttributesNeverStay(t *testing.T) {
	s, _ := fieldPair(t)
	for _, options := range []Options{{Keep: []string{"*"}}, {Mode: ModeFields, Attributes: []string{"x"}}} {
		td := traces(secret)
		require.NoError(t, policyOf(t, options).SealTraces(s, td))
		for _, m := range []pcommon.Map{firstSpan(td).Attributes(), td.ResourceSpans().At(0).Resource().Attributes()} {
			for name, v := range m.All() {
				if reserved(name) {
					assert.NotContains(t, v.Str(), "forged", name)
				}
			}
		}
	}
}

func TestTokensAreThoseOfTheKey(t *testing.T) {
	s, _ := fieldPair(t)
	td := traces(secret)
	require.NoError(t, policyOf(t, Options{Search: []string{"user.id", "http.status_code"}}).SealTraces(s, td))
	for _, m := range []pcommon.Map{firstSpan(td).Attributes(), td.ResourceSpans().At(0).Resource().Attributes()} {
		token, ok := m.Get("tok.user.id")
		require.True(t, ok)
		assert.Equal(t, tokenKey(t).Token("user.id", secret), token.Str())
		token, ok = m.Get("tok.http.status_code")
		require.True(t, ok)
		assert.Equal(t, tokenKey(t).Token("http.status_code", "200"), token.Str())
	}
}

func TestLongBlobsAreChunkedForTempo(t *testing.T) {
	s, o := fieldPair(t)
	r := rand.New(rand.NewPCG(1, 2))
	noise := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return string(b)
	}
	for _, n := range []int{0, 1400, 1500, 1536, 3072, 10_000, 100_000} {
		td := ptrace.NewTraces()
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("noise", noise(n))
		ss := rs.ScopeSpans().AppendEmpty()
		ss.Scope().Attributes().PutStr("noise", noise(n))
		for range 2 {
			ss.Spans().AppendEmpty().Attributes().PutStr("noise", noise(n))
		}
		original := copyOf(td)
		require.NoError(t, policyOf(t, Options{}).SealTraces(s, td))
		for _, m := range []pcommon.Map{rs.Resource().Attributes(), ss.Scope().Attributes(), firstSpan(td).Attributes()} {
			for name, v := range m.All() {
				assert.LessOrEqual(t, len(v.Str()), 2048, name)
			}
		}
		_, err := UnsealTraces(openWith(o), td)
		require.NoError(t, err)
		sameTraces(t, original, td)
	}
}

func TestBodiesAreOneText(t *testing.T) {
	s, _ := fieldPair(t)
	ld := logs(secret)
	require.NoError(t, policyOf(t, Options{}).SealLogs(s, ld))
	for _, r := range ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
		require.Equal(t, pcommon.ValueTypeStr, r.Body().Type())
		b, err := base64.RawURLEncoding.DecodeString(r.Body().Str())
		require.NoError(t, err)
		assert.EqualValues(t, 2, b[0])
		assert.Zero(t, r.Attributes().Len())
		assert.Empty(t, r.EventName())
	}
	assert.Empty(t, firstLog(ld).SeverityText(), "it is free text")
	assert.Equal(t, plog.SeverityNumberWarn, firstLog(ld).SeverityNumber())
}

func TestTheSameResourceHasTheSameBlob(t *testing.T) {
	s, _ := fieldPair(t)
	p := policyOf(t, Options{})
	blobs := func(version string) (string, string) {
		td := ptrace.NewTraces()
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("service.name", "shop")
		rs.Resource().Attributes().PutStr("service.version", version)
		ss := rs.ScopeSpans().AppendEmpty()
		ss.Scope().SetVersion(version)
		ss.Spans().AppendEmpty()
		require.NoError(t, p.SealTraces(s, td))
		r, _ := joinChunks(rs.Resource().Attributes(), nameResource)
		sc, _ := joinChunks(ss.Scope().Attributes(), nameScope)
		return r, sc
	}
	r1, s1 := blobs("1")
	r2, s2 := blobs("1")
	r3, s3 := blobs("2")
	assert.Equal(t, r1, r2)
	assert.Equal(t, s1, s2)
	assert.NotEqual(t, r1, r3)
	assert.NotEqual(t, s1, s3)

	other, _, err := seal.NewFieldPair([]byte("another data key"), [16]byte{42})
	require.NoError(t, err)
	s = other
	r4, _ := blobs("1")
	assert.NotEqual(t, r1, r4, "a new key has blobs of its own")
}

func TestTheCacheOfBlobsIsBounded(t *testing.T) {
	c := &blobCache{blobs: map[string]sharedBlob{}}
	for i := range 5000 {
		c.get(fmt.Append(nil, i, strings.Repeat("x", i)), func() sharedBlob { return sharedBlob{text: "blob"} })
		require.LessOrEqual(t, len(c.blobs), maxBlobs)
		require.LessOrEqual(t, c.size, maxBlobSize)
	}
	size := 0
	for k, v := range c.blobs {
		size += len(k) + len(v.text)
	}
	assert.Equal(t, size, c.size)
	n := len(c.blobs)
	c.get(make([]byte, maxBlobSize+1), func() sharedBlob { return sharedBlob{} })
	assert.Len(t, c.blobs, n, "what is larger than the cache is not in it")

	var all caches
	for range 10 {
		s, _ := fieldPair(t)
		assert.Same(t, all.of(s), all.of(s))
	}
	assert.Len(t, all.known, maxCaches)
}

func TestNamesAreKeptUpToABound(t *testing.T) {
	p := policyOf(t, Options{Keep: []string{"keep.*"}})
	for i := range 20_000 {
		name := fmt.Sprint("keep.", i)
		require.False(t, p.keys.get(name).sealed)
		require.True(t, p.keys.get("x"+name).sealed)
	}
	long := strings.Repeat("long", 100)
	assert.NotSame(t, p.keys.get(long), p.keys.get(long))
	assert.LessOrEqual(t, p.keys.count, maxKeys)
}

func TestAnExhaustedKeyLeavesTheDataAsItIs(t *testing.T) {
	s, _ := fieldPair(t)
	for range 4 { // 2^32 in parts that an int of 32 bits holds
		_, err := s.Reserve(1 << 30)
		require.NoError(t, err)
	}
	p := policyOf(t, Options{})
	td, ld := traces(secret), logs(secret)
	original, originalLogs := copyOf(td), copyOfLogs(ld)
	assert.ErrorIs(t, p.SealTraces(s, td), seal.ErrKeyExhausted)
	assert.ErrorIs(t, p.SealLogs(s, ld), seal.ErrKeyExhausted)
	sameTraces(t, original, td)
	sameLogs(t, originalLogs, ld)
}

func TestNothingIsReservedForNothing(t *testing.T) {
	s, _ := fieldPair(t)
	require.NoError(t, policyOf(t, Options{}).SealTraces(s, ptrace.NewTraces()))
	require.NoError(t, policyOf(t, Options{}).SealLogs(s, plog.NewLogs()))
	assert.Zero(t, s.Sealed())
}

func TestTheSizeOfTheLargestResourceIsTold(t *testing.T) {
	sealer, _ := fieldPair(t)
	var sizes Sizes
	ld := plog.NewLogs()
	for _, text := range []string{"a", strings.Repeat("incompressible? no ", 10), "b"} {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("note", text)
		rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	}
	require.NoError(t, policyOf(t, Options{OnSealed: func(s Sizes) { sizes = s }}).SealLogs(sealer, ld))
	largest := 0
	for _, rl := range ld.ResourceLogs().All() {
		size := 0
		for _, v := range rl.Resource().Attributes().All() {
			size += len(v.Str())
		}
		largest = max(largest, size)
	}
	assert.Equal(t, largest, sizes.Resource)
}
