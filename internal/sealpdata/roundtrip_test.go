// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sealpdata

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sealgate/sealgate/seal"
	"github.com/sealgate/sealgate/seal/compact"
	"github.com/sealgate/sealgate/test/fleet"
)

const secret = "s3cr3t-Plaintext"

var policies = map[string]Options{
	"record":                      {},
	"record, kept":                {Keep: []string{"service.name", "str", "k8s.*"}},
	"record, all kept":            {Keep: []string{"*"}},
	"record, searched":            {Search: []string{"user.id", "http.status_code", "list"}},
	"record, kept and searched":   {Keep: []string{"user.name"}, Search: []string{"user.id"}},
	"fields":                      {Mode: ModeFields, Attributes: []string{"user.id", "str", "list"}},
	"fields, all":                 {Mode: ModeFields, Attributes: []string{"*"}},
	"fields that are not there":   {Mode: ModeFields, Attributes: []string{"no.such.*"}},
	"fields, nested":              {Mode: ModeFields, Attributes: []string{"list.deeper.*"}},
	"fields, searched and sealed": {Mode: ModeFields, Attributes: []string{"user.*"}, Search: []string{"user.id"}},
}

func TestTracesComeBackToTheBit(t *testing.T) {
	for name, options := range policies {
		t.Run(name, func(t *testing.T) {
			s, o := fieldPair(t)
			for _, original := range []ptrace.Traces{traces(secret), fleet.Spans(3, 300)} {
				td := copyOf(original)
				require.NoError(t, policyOf(t, options).SealTraces(s, td))
				stats, err := UnsealTraces(openWith(o), td)
				require.NoError(t, err)
				assert.Zero(t, stats.Failed)
				assert.Equal(t, original.SpanCount(), stats.Unsealed+stats.Plain)
				sameTraces(t, original, td)
			}
		})
	}
}

func TestLogsComeBackToTheBit(t *testing.T) {
	for name, options := range policies {
		t.Run(name, func(t *testing.T) {
			s, o := fieldPair(t)
			for _, original := range []plog.Logs{logs(secret), fleet.LogRecords(3, 300)} {
				ld := copyOfLogs(original)
				require.NoError(t, policyOf(t, options).SealLogs(s, ld))
				stats, err := UnsealLogs(openWith(o), ld)
				require.NoError(t, err)
				assert.Equal(t, Stats{Unsealed: original.LogRecordCount()}, stats)
				sameLogs(t, original, ld)
			}
		})
	}
}

func TestWhatIsSealedTwiceComesBackInTwoSteps(t *testing.T) {
	for name, options := range policies {
		t.Run(name, func(t *testing.T) {
			inner, innerOpener := fieldPair(t)
			outer, outerOpener, err := seal.NewFieldPair([]byte("another data key"), [16]byte{42})
			require.NoError(t, err)
			original := traces(secret)
			td := copyOf(original)
			p := policyOf(t, options)
			require.NoError(t, p.SealTraces(inner, td))
			once := copyOf(td)
			require.NoError(t, p.SealTraces(outer, td))
			_, err = UnsealTraces(openWith(outerOpener), td)
			require.NoError(t, err)
			sameTraces(t, once, td)
			_, err = UnsealTraces(openWith(innerOpener), td)
			require.NoError(t, err)
			sameTraces(t, original, td)
		})
	}
}

func TestNothingSecretStaysInTheClear(t *testing.T) {
	s, _ := fieldPair(t)
	for name, options := range map[string]Options{
		"record":           {Search: []string{"user.id"}},
		"record, kept":     {Keep: []string{"service.name", "int"}},
		"fields, all":      {Mode: ModeFields, Attributes: []string{"*"}},
		"record, kept all": {Keep: []string{"*.name", "i*t"}},
	} {
		t.Run(name, func(t *testing.T) {
			td := traces(secret)
			if options.Mode == ModeFields {
				clearAllButAttributes(td)
			}
			require.NoError(t, policyOf(t, options).SealTraces(s, td))
			assert.NotContains(t, bytesOf(t, td), secret)
			if options.Mode == ModeRecord {
				ld := logs(secret)
				require.NoError(t, policyOf(t, options).SealLogs(s, ld))
				assert.NotContains(t, bytesOfLogs(t, ld), secret)
			}
		})
	}
}

// clearAllButAttributes removes what the fields mode does not seal.
func clearAllButAttributes(td ptrace.Traces) {
	for _, rs := range td.ResourceSpans().All() {
		rs.SetSchemaUrl("")
		for _, ss := range rs.ScopeSpans().All() {
			ss.SetSchemaUrl("")
			ss.Scope().SetName("")
			for _, span := range ss.Spans().All() {
				span.SetName("")
				span.TraceState().FromRaw("")
				span.Status().SetMessage("")
				for _, e := range span.Events().All() {
					e.SetName("")
				}
				for _, l := range span.Links().All() {
					l.TraceState().FromRaw("")
				}
			}
		}
	}
}

func TestNamesThatAreThereTwiceComeBackTwice(t *testing.T) {
	s, o := fieldPair(t)
	td := ptrace.NewTraces()
	span := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	twice := mapOf([]string{"a", "b", "a", "a"})
	i := int64(0)
	for _, v := range twice.All() {
		v.SetInt(i)
		i++
	}
	twice.CopyTo(span.Attributes())
	twice.MoveTo(span.Attributes().PutEmptyMap("map"))
	original := copyOf(td)
	require.NoError(t, policyOf(t, Options{}).SealTraces(s, td))
	_, err := UnsealTraces(openWith(o), td)
	require.NoError(t, err)
	sameTraces(t, original, td)
}

func TestManyAttributesComeBackFast(t *testing.T) {
	s, o := fieldPair(t)
	td := ptrace.NewTraces()
	span := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	var names []string
	for i := range 100_000 {
		names = append(names, fmt.Sprint("attribute.", i))
	}
	mapOf(names).MoveTo(span.Attributes())
	original := copyOf(td)
	p := policyOf(t, Options{})
	require.NoError(t, p.SealTraces(s, td))
	_, err := UnsealTraces(openWith(o), td)
	require.NoError(t, err)
	sameTraces(t, original, td)
	assert.LessOrEqual(t, p.keys.count, maxKeys)
}

func TestValuesTooDeepAreReplacedAndTheRestComesBack(t *testing.T) {
	s, o := fieldPair(t)
	td := ptrace.NewTraces()
	span := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetName("kept")
	v := span.Attributes().PutEmpty("deep")
	for range compact.MaxDepth + 500 {
		v = v.SetEmptySlice().AppendEmpty()
	}
	require.NoError(t, policyOf(t, Options{}).SealTraces(s, td))
	stats, err := UnsealTraces(openWith(o), td)
	require.NoError(t, err)
	assert.Equal(t, 1, stats.Unsealed)
	assert.Equal(t, "kept", firstSpan(td).Name())
	v, _ = firstSpan(td).Attributes().Get("deep")
	depth := 0
	for ; v.Type() == pcommon.ValueTypeSlice; depth++ {
		v = v.Slice().At(0)
	}
	assert.Equal(t, compact.MaxDepth, depth)
	assert.Equal(t, tooDeep, v.Str())
}

func TestManyAtOnceUnderOnePolicyAndKey(t *testing.T) {
	s, o := fieldPair(t)
	p := policyOf(t, Options{Keep: []string{"service.name"}, Search: []string{"user.id"}})
	var workers sync.WaitGroup
	for w := range 8 {
		workers.Go(func() {
			for i := range 5 {
				td := fleet.Spans(uint64(w*100+i), 200)
				td.ResourceSpans().At(0).Resource().Attributes().PutStr(fmt.Sprint("key.", w, ".", i), "x")
				original := copyOf(td)
				ld := fleet.LogRecords(uint64(w*100+i), 50)
				originalLogs := copyOfLogs(ld)
				if !assert.NoError(t, p.SealTraces(s, td)) || !assert.NoError(t, p.SealLogs(s, ld)) {
					return
				}
				_, err := UnsealTraces(openWith(o), td)
				assert.NoError(t, err)
				assert.Equal(t, bytesOf(t, original), bytesOf(t, td))
				_, err = UnsealLogs(openWith(o), ld)
				assert.NoError(t, err)
				assert.Equal(t, bytesOfLogs(t, originalLogs), bytesOfLogs(t, ld))
			}
		})
	}
	workers.Wait()
}

func TestASpanCostsOneAllocation(t *testing.T) {
	const spans = 1000
	s, _ := fieldPair(t)
	p := policyOf(t, Options{Keep: []string{"service.name"}})
	td := ptrace.NewTraces()
	ss := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for range spans {
		span := ss.AppendEmpty()
		span.SetName("GET /api/orders/{id}")
		for i := range 14 {
			span.Attributes().PutStr(fmt.Sprint("http.request.header.h", i), strings.Repeat("v", i))
		}
		span.Events().AppendEmpty().SetName("e")
	}
	const runs = 5
	var copies [runs + 1]ptrace.Traces
	for i := range copies {
		copies[i] = copyOf(td)
	}
	i := 0
	allocs := testing.AllocsPerRun(runs, func() {
		require.NoError(t, p.SealTraces(s, copies[i]))
		i++
	})
	t.Logf("%.0f allocations for %d spans", allocs, spans)
	if !raceDetector && strconv.IntSize == 64 { // on 32 bits SM4 has no assembler, and the cipher itself allocates
		assert.LessOrEqual(t, allocs, float64(spans+20))
	}
}

// The goal is 200 bytes for a span that has 690 in OTLP: every byte of it is
// encrypted, put into base64 and stored.
func TestATypicalSpanIsSmall(t *testing.T) {
	const spans = 2000
	s, _ := fieldPair(t)
	td := fleet.Spans(5, spans)
	require.NoError(t, policyOf(t, Options{}).SealTraces(s, td))
	size := 0
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				text, _ := joinChunks(span.Attributes(), nameSpan)
				size += base64.RawURLEncoding.DecodedLen(len(text))
			}
		}
	}
	t.Logf("%d bytes a span", size/spans)
	assert.Less(t, size/spans, 200)
}
