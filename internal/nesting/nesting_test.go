// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package nesting

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// place is where a value may be in a request.
type place struct {
	message Message
	// put puts the value there and returns the request in protobuf and in JSON.
	put func(t testing.TB, fill func(pcommon.Value)) (proto, json []byte)
}

func places() map[string]place {
	all := map[string]place{}
	traces := func(name string, at func(ptrace.ResourceSpans) pcommon.Value) {
		all["traces/"+name] = place{Traces, func(t testing.TB, fill func(pcommon.Value)) ([]byte, []byte) {
			td := ptrace.NewTraces()
			fill(at(td.ResourceSpans().AppendEmpty()))
			proto, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
			require.NoError(t, err)
			json, err := (&ptrace.JSONMarshaler{}).MarshalTraces(td)
			require.NoError(t, err)
			return proto, json
		}}
	}
	spanOf := func(rs ptrace.ResourceSpans) ptrace.Span { return rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty() }
	in := func(m pcommon.Map) pcommon.Value { return m.PutEmpty("k") }
	traces("resource", func(rs ptrace.ResourceSpans) pcommon.Value { return in(rs.Resource().Attributes()) })
	traces("scope", func(rs ptrace.ResourceSpans) pcommon.Value {
		return in(rs.ScopeSpans().AppendEmpty().Scope().Attributes())
	})
	traces("span", func(rs ptrace.ResourceSpans) pcommon.Value { return in(spanOf(rs).Attributes()) })
	traces("event", func(rs ptrace.ResourceSpans) pcommon.Value {
		return in(spanOf(rs).Events().AppendEmpty().Attributes())
	})
	traces("link", func(rs ptrace.ResourceSpans) pcommon.Value { return in(spanOf(rs).Links().AppendEmpty().Attributes()) })

	logs := func(name string, at func(plog.ResourceLogs) pcommon.Value) {
		all["logs/"+name] = place{Logs, func(t testing.TB, fill func(pcommon.Value)) ([]byte, []byte) {
			ld := plog.NewLogs()
			fill(at(ld.ResourceLogs().AppendEmpty()))
			proto, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
			require.NoError(t, err)
			json, err := (&plog.JSONMarshaler{}).MarshalLogs(ld)
			require.NoError(t, err)
			return proto, json
		}}
	}
	recordOf := func(rl plog.ResourceLogs) plog.LogRecord {
		return rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	}
	logs("resource", func(rl plog.ResourceLogs) pcommon.Value { return in(rl.Resource().Attributes()) })
	logs("scope", func(rl plog.ResourceLogs) pcommon.Value {
		return in(rl.ScopeLogs().AppendEmpty().Scope().Attributes())
	})
	logs("record", func(rl plog.ResourceLogs) pcommon.Value { return in(recordOf(rl).Attributes()) })
	logs("body", func(rl plog.ResourceLogs) pcommon.Value { return recordOf(rl).Body() })

	metrics := func(name string, at func(pmetric.ResourceMetrics) pcommon.Value) {
		all["metrics/"+name] = place{Metrics, func(t testing.TB, fill func(pcommon.Value)) ([]byte, []byte) {
			md := pmetric.NewMetrics()
			fill(at(md.ResourceMetrics().AppendEmpty()))
			proto, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(md)
			require.NoError(t, err)
			json, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(md)
			require.NoError(t, err)
			return proto, json
		}}
	}
	metricOf := func(rm pmetric.ResourceMetrics) pmetric.Metric {
		return rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	}
	metrics("resource", func(rm pmetric.ResourceMetrics) pcommon.Value { return in(rm.Resource().Attributes()) })
	metrics("scope", func(rm pmetric.ResourceMetrics) pcommon.Value {
		return in(rm.ScopeMetrics().AppendEmpty().Scope().Attributes())
	})
	metrics("metadata", func(rm pmetric.ResourceMetrics) pcommon.Value { return in(metricOf(rm).Metadata()) })
	metrics("gauge", func(rm pmetric.ResourceMetrics) pcommon.Value {
		return in(metricOf(rm).SetEmptyGauge().DataPoints().AppendEmpty().Attributes())
	})
	metrics("sum", func(rm pmetric.ResourceMetrics) pcommon.Value {
		return in(metricOf(rm).SetEmptySum().DataPoints().AppendEmpty().Attributes())
	})
	metrics("histogram", func(rm pmetric.ResourceMetrics) pcommon.Value {
		return in(metricOf(rm).SetEmptyHistogram().DataPoints().AppendEmpty().Attributes())
	})
	metrics("exponential histogram", func(rm pmetric.ResourceMetrics) pcommon.Value {
		return in(metricOf(rm).SetEmptyExponentialHistogram().DataPoints().AppendEmpty().Attributes())
	})
	metrics("summary", func(rm pmetric.ResourceMetrics) pcommon.Value {
		return in(metricOf(rm).SetEmptySummary().DataPoints().AppendEmpty().Attributes())
	})
	metrics("exemplar of a number", func(rm pmetric.ResourceMetrics) pcommon.Value {
		return in(metricOf(rm).SetEmptyGauge().DataPoints().AppendEmpty().Exemplars().AppendEmpty().FilteredAttributes())
	})
	metrics("exemplar of a histogram", func(rm pmetric.ResourceMetrics) pcommon.Value {
		return in(metricOf(rm).SetEmptyHistogram().DataPoints().AppendEmpty().Exemplars().AppendEmpty().FilteredAttributes())
	})
	metrics("exemplar of an exponential histogram", func(rm pmetric.ResourceMetrics) pcommon.Value {
		return in(metricOf(rm).SetEmptyExponentialHistogram().DataPoints().AppendEmpty().Exemplars().AppendEmpty().FilteredAttributes())
	})
	return all
}

// maps and lists nest a value n levels deep.
func maps(n int) func(pcommon.Value) {
	return func(v pcommon.Value) {
		for range n {
			v = v.SetEmptyMap().PutEmpty("")
		}
	}
}

func lists(n int) func(pcommon.Value) {
	return func(v pcommon.Value) {
		for range n {
			v = v.SetEmptySlice().AppendEmpty()
		}
	}
}

// padded nests like fill, among values that are long.
func padded(fill func(pcommon.Value)) func(pcommon.Value) {
	return func(v pcommon.Value) {
		m := v.SetEmptyMap()
		m.PutStr("before", strings.Repeat("x", 900))
		fill(m.PutEmpty("k"))
		m.PutStr("after", strings.Repeat("x", 900))
	}
}

func TestTheDepthIsLimitedInProtobuf(t *testing.T) {
	for name, p := range places() {
		t.Run(name, func(t *testing.T) {
			for _, nest := range []func(int) func(pcommon.Value){maps, lists} {
				good, _ := p.put(t, nest(MaxLevels))
				require.NoError(t, Check(p.message, good))
				good, _ = p.put(t, padded(nest(MaxLevels-1)))
				require.NoError(t, Check(p.message, good))
				for _, n := range []int{MaxLevels + 1, 1000} {
					bad, _ := p.put(t, nest(n))
					require.ErrorIs(t, Check(p.message, bad), ErrTooDeep)
					bad, _ = p.put(t, padded(nest(n-1)))
					require.ErrorIs(t, Check(p.message, bad), ErrTooDeep)
				}
			}
		})
	}
}

func TestTheDepthIsLimitedInJSON(t *testing.T) {
	for name, p := range places() {
		t.Run(name, func(t *testing.T) {
			_, good := p.put(t, padded(maps(91)))
			require.NoError(t, CheckJSON(good))
			_, good = p.put(t, lists(123))
			require.NoError(t, CheckJSON(good))
			for _, nest := range []func(int) func(pcommon.Value){maps, lists} {
				_, bad := p.put(t, nest(MaxLevels+1))
				require.ErrorIs(t, CheckJSON(bad), ErrTooDeep)
			}
		})
	}
}

// What one gateway accepts in JSON, the next one accepts in protobuf.
func TestJSONIsNotDeeperThanProtobuf(t *testing.T) {
	for name, p := range places() {
		for _, nest := range []func(int) func(pcommon.Value){maps, lists} {
			for n := range 2 * MaxLevels {
				proto, json := p.put(t, nest(n))
				if CheckJSON(json) == nil {
					require.NoError(t, Check(p.message, proto), "%s, %d levels", name, n)
				}
			}
		}
	}
}

func TestOldScopesAreScanned(t *testing.T) {
	for m, values := range map[Message][]byte{Traces: {2<<3 | 2, 9<<3 | 2, 2<<3 | 2}, Logs: {2<<3 | 2, 5<<3 | 2}, Metrics: {2<<3 | 2, 12<<3 | 2, 2<<3 | 2}} {
		b := deep(200)
		for i := range values {
			b = field(values[len(values)-1-i:][:1], b)
		}
		b = field([]byte{1<<3 | 2}, field([]byte{0xc2, 0x3e}, b)) // field 1000
		require.ErrorIs(t, Check(m, b), ErrTooDeep)
	}
}

// field returns a field of bytes.
func field(tag, content []byte) []byte {
	return slices.Concat(tag, lengthOf(len(content)), content)
}

// deep returns a value of lists.
func deep(n int) (b []byte) {
	for range n {
		b = field([]byte{5<<3 | 2}, field([]byte{1<<3 | 2}, b))
	}
	return b
}

func TestMalformedRequestsAreRefused(t *testing.T) {
	long := strings.Repeat("x", 1000)
	for name, b := range map[string]string{
		"a group":                        "\x0b\x0c",
		"the end of a group":             "\x0c",
		"an unknown wire type":           "\x0e",
		"field 0":                        "\x02\x00",
		"a field that is negative":       "\x82\x80\x80\x80\x80\x02\x00",
		"a varint without an end":        strings.Repeat("\x80", 11),
		"a length that is negative":      "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
		"a field longer than its parent": nested(997, "\x12\xe7\x07"+long),
		"a number beyond its parent":     nested(1000, "\x12\xdf\x07"+long[:991]+"\x09\x01\x01\x01\x01\x01\x01\x01\x01"),
		"a varint beyond its parent":     nested(1000, "\x12\xe2\x07"+long[:994]+"\x08\x80\x80\x80\x01"),
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorIs(t, Check(Traces, []byte(b)), ErrMalformed)
			_, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces([]byte(b))
			if name != "a group" {
				assert.Error(t, err, "the decoder refuses it, too")
			}
		})
	}
}

// nested returns a request with one message that claims a length of n bytes.
func nested(n int, content string) string {
	return "\x0a" + string(lengthOf(n)) + content
}

// A truncated request is left to the decoder, which says what is wrong.
func TestATruncatedRequestIsNotTooDeep(t *testing.T) {
	for name, p := range places() {
		proto, json := p.put(t, padded(maps(40)))
		for i := range proto {
			require.NoError(t, Check(p.message, proto[:i]), name)
		}
		for i := range json {
			require.NoError(t, CheckJSON(json[:i]), name)
		}
	}
}

func TestPartsOfAnySizeAreScannedAlike(t *testing.T) {
	for name, p := range places() {
		for _, n := range []int{10, MaxLevels + 1} {
			proto, json := p.put(t, padded(maps(n)))
			for _, size := range []int{1, 2, 3, 7, 512} {
				assert.Equal(t, Check(p.message, proto), inParts(NewProto(p.message), proto, size), name)
				assert.Equal(t, CheckJSON(json), inParts(new(JSON), json, size), name)
			}
		}
	}
}

func inParts(s Scanner, b []byte, size int) error {
	for len(b) > 0 {
		n := min(size, len(b))
		if err := s.Scan(b[:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

func TestBracketsInStringsDoNotCount(t *testing.T) {
	brackets := strings.Repeat("[{", MaxBrackets)
	for text, bad := range map[string]bool{
		`{"a":"` + brackets + `"}`:             false,
		`{"a":"\"` + brackets + `"}`:           false,
		`{"a":"\\\"` + brackets + `"}`:         false,
		`{"a":"\\","b":"` + brackets + `"}`:    false,
		`{"` + brackets + `":1}`:               false,
		`{"a":"\\",` + brackets:                true,
		`{"a":"\\\\",` + brackets:              true,
		`{"a":"\u005c",` + brackets:            true,
		`{"a":"x"` + brackets:                  true,
		strings.Repeat("[]{}", 10*MaxBrackets): false,
	} {
		for _, size := range []int{1, 2, 3, 1000} {
			err := inParts(new(JSON), []byte(text), size)
			if bad {
				require.ErrorIs(t, err, ErrTooDeep, text[:20])
				continue
			}
			require.NoError(t, err, text[:20])
		}
	}
}

// Only the beginning of the message has to arrive.
func TestADepthOfMillionsIsRefusedAtOnce(t *testing.T) {
	s := NewProto(Logs)
	header := bodyOf(1 << 30)
	err := s.Scan(header)
	for i := 0; err == nil && i < 2*MaxLevels; i++ {
		remaining := 1<<30 - 12*i
		err = s.Scan(append([]byte{5<<3 | 2}, lengthOf(remaining-6)...))
		if err == nil {
			err = s.Scan(append([]byte{1<<3 | 2}, lengthOf(remaining-12)...))
		}
	}
	require.ErrorIs(t, err, ErrTooDeep)
}

// bodyOf returns what precedes the body of a log record of n bytes.
func bodyOf(n int) []byte {
	var b []byte
	for i, tag := range []byte{1<<3 | 2, 2<<3 | 2, 2<<3 | 2, 5<<3 | 2} {
		b = append(append(b, tag), lengthOf(n+6*(3-i))...)
	}
	return b
}

func lengthOf(n int) (b []byte) {
	for ; n >= 0x80; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return append(b, byte(n))
}

func TestAScanAllocatesNothing(t *testing.T) {
	for name, p := range places() {
		proto, json := p.put(t, padded(maps(40)))
		assert.Zero(t, testing.AllocsPerRun(10, func() { _ = Check(p.message, proto) }), name)
		assert.Zero(t, testing.AllocsPerRun(10, func() { _ = CheckJSON(json) }), name)
	}
}

func TestMessagesSayWhatToDo(t *testing.T) {
	for _, err := range []error{Check(Logs, field([]byte{10}, field([]byte{18}, field([]byte{18}, field([]byte{42}, deep(200)))))), CheckJSON([]byte(strings.Repeat("[", 1000)))} {
		require.Error(t, err)
		assert.Contains(t, err.Error(), "flatten the value, or send it as text")
	}
	assert.Contains(t, fmt.Sprint(Check(Logs, []byte("\x0b\x0c"))), "group")
}
