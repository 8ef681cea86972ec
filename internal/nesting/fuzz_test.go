// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package nesting

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// levelsOf returns how many lists and maps enclose the deepest value.
func levelsOf(v pcommon.Value) (deepest int) {
	switch v.Type() {
	case pcommon.ValueTypeMap:
		return 1 + levelsOfMap(v.Map())
	case pcommon.ValueTypeSlice:
		for _, e := range v.Slice().All() {
			deepest = max(deepest, levelsOf(e))
		}
		return 1 + deepest
	}
	return 0
}

func levelsOfMap(m pcommon.Map) (deepest int) {
	for _, v := range m.All() {
		deepest = max(deepest, levelsOf(v))
	}
	return deepest
}

func levelsOfLogs(ld plog.Logs) (deepest int) {
	for _, rl := range ld.ResourceLogs().All() {
		deepest = max(deepest, levelsOfMap(rl.Resource().Attributes()))
		for _, sl := range rl.ScopeLogs().All() {
			deepest = max(deepest, levelsOfMap(sl.Scope().Attributes()))
			for _, lr := range sl.LogRecords().All() {
				deepest = max(deepest, levelsOfMap(lr.Attributes()), levelsOf(lr.Body()))
			}
		}
	}
	return deepest
}

// decoders has the decoder of each request. A result of -1 levels is one that nobody counted.
var decoders = map[Message]func([]byte) (levels int, err error){
	Traces: func(b []byte) (int, error) {
		_, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(b)
		return -1, err
	},
	Logs: func(b []byte) (int, error) {
		ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(b)
		if err != nil {
			return 0, err
		}
		return levelsOfLogs(ld), nil
	},
	Metrics: func(b []byte) (int, error) {
		_, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(b)
		return -1, err
	},
}

// An accepted request is never too deep for the decoder, and a request that the decoder accepts
// is refused only for its depth or for a group.
func FuzzProto(f *testing.F) {
	for _, p := range places() {
		for _, n := range []int{0, 3, MaxLevels, MaxLevels + 1} {
			good, _ := p.put(f, padded(maps(n)))
			f.Add(uint8(p.message), uint8(7), good)
			good, _ = p.put(f, lists(n))
			f.Add(uint8(p.message), uint8(1), good)
		}
	}
	f.Add(uint8(Traces), uint8(3), []byte("\x0b\x0c\x12\x00"))
	f.Fuzz(func(t *testing.T, which, size uint8, b []byte) {
		m := Traces + Message(which%3)
		refusal := Check(m, b)
		require.Equal(t, refusal, inParts(NewProto(m), b, int(size)+1), "parts of another size")
		if errors.Is(refusal, ErrTooDeep) {
			if len(b) > 1<<20 {
				return // it may be too deep for the decoder
			}
			if levels, err := decoders[m](b); err == nil && levels >= 0 {
				require.Greater(t, levels, MaxLevels)
			}
			return
		}
		levels, err := decoders[m](b)
		switch {
		case err != nil || errors.Is(refusal, errGroup):
		case refusal != nil:
			t.Fatalf("the decoder accepts what is refused: %v", refusal)
		default:
			require.LessOrEqual(t, levels, MaxLevels)
		}
	})
}

// An accepted request is never too deep for the decoder, and a good one is never refused.
func FuzzJSON(f *testing.F) {
	for _, p := range places() {
		for _, n := range []int{0, 3, 92, 93, MaxLevels + 1} {
			_, good := p.put(f, padded(maps(n)))
			f.Add(uint8(7), good)
		}
	}
	f.Add(uint8(1), []byte(`{"a\\\"[":"\\","b":[[]]}`))
	f.Fuzz(func(t *testing.T, size uint8, b []byte) {
		refusal := CheckJSON(b)
		require.Equal(t, refusal, inParts(new(JSON), b, int(size)+1), "parts of another size")
		ld, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(b)
		if err == nil && refusal == nil {
			require.LessOrEqual(t, levelsOfLogs(ld), MaxLevels)
		}
		if refusal == nil {
			return
		}
		open, deepest := 0, 0
		for _, c := range b {
			switch c {
			case '[', '{':
				open++
			case ']', '}':
				open--
			}
			deepest = max(deepest, open)
		}
		require.Greater(t, deepest+countClosing(b), MaxBrackets, "there are not that many brackets")
	})
}

func countClosing(b []byte) (n int) {
	for _, c := range b {
		if c == ']' || c == '}' {
			n++
		}
	}
	return n
}
