// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package logfilter

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/wasmhost"
)

// patches are those of record 0.
type patches []wasmhost.Patch

func (p patches) Patches(visit func(int, []wasmhost.Patch)) { visit(0, p) }

// apply applies patches to a record, and says why they are refused, if they are.
func apply(t testing.TB, ld plog.Logs, p ...wasmhost.Patch) Refusal {
	t.Helper()
	b := (&View{}).Batch(context.Background(), ld)
	defer b.Release()
	for why, n := range b.Apply(patches(p)).PatchesRefused {
		if n > 0 {
			return Refusal(why)
		}
	}
	return accepted
}

// nested is a record with texts everywhere: the body has 0, 1 and 2, the attributes 3 to 6.
func nested(t testing.TB) plog.Logs {
	return one(func(r plog.LogRecord) {
		require.NoError(t, r.Body().FromRaw(map[string]any{"a": []any{"x", 7, true}}))
		r.Body().Map().PutStr("b", "y")
		r.Attributes().PutStr("c", "z")
		r.Attributes().PutDouble("d", 1.5)
		r.Attributes().PutDouble("e", 1e9)
		r.Attributes().PutEmptyMap("f").PutEmptySlice("g").AppendEmpty().SetStr("密码")
		r.Attributes().PutEmptyBytes("h").FromRaw([]byte("no text"))
		r.Attributes().PutInt("i", -3)
	})
}

func TestTextsAreEverythingThatIsOne(t *testing.T) {
	b := (&View{}).Batch(t.Context(), nested(t))
	defer b.Release()
	var all []string
	b.Texts(0, func(x wasmhost.Text) { all = append(all, fmt.Sprint(x.Name, "=", x.Value, " ", x.Attribute)) })
	assert.Equal(t, []string{"a=x false", "a=7 false", "b=y false", "c=z true", "e=1000000000 true", "g=密码 true", "i=-3 true"}, all)
}

func TestEveryTextCanBeReplaced(t *testing.T) {
	for text, want := range []string{
		`{"a":["-",7,true],"b":"y"}`, `{"a":["x","-",true],"b":"y"}`, `{"a":["x",7,true],"b":"-"}`,
		"c", "e", "f", "i",
	} {
		ld := nested(t)
		size := []int{1, 1, 1, 1, 10, 6, 2}[text]
		require.Equal(t, accepted, apply(t, ld, wasmhost.Patch{Kind: wasmhost.PatchMatch, Text: text, End: size, Value: "-"}))
		r := record(ld)
		if strings.HasPrefix(want, "{") {
			assert.Equal(t, want, r.Body().AsString())
			continue
		}
		v, ok := r.Attributes().Get(want)
		require.True(t, ok)
		assert.Contains(t, []string{"-", `{"g":["-"]}`}, v.AsString())
	}
}

func TestTheGrowthOfARecordIsBounded(t *testing.T) {
	edit := func(size int) wasmhost.Patch {
		return wasmhost.Patch{Kind: wasmhost.PatchMatch, Text: 3, End: 1, Value: strings.Repeat("x", size)}
	}
	assert.Equal(t, accepted, apply(t, nested(t), edit(maxGrowth+1)))
	assert.Equal(t, RefusedSize, apply(t, nested(t), edit(maxGrowth+2)))
	// A text that goes makes room.
	assert.Equal(t, accepted, apply(t, nested(t), edit(maxGrowth+2), wasmhost.Patch{Kind: wasmhost.PatchDeleteAttribute, Key: "f"},
		wasmhost.Patch{Kind: wasmhost.PatchMatch, Text: 4, End: 10}))
}

func TestPatchesOfOneAttributeOverlap(t *testing.T) {
	inF := wasmhost.Patch{Kind: wasmhost.PatchMatch, Text: 5, End: 3, Value: "-"}
	assert.Equal(t, RefusedOverlap, apply(t, nested(t), inF, wasmhost.Patch{Kind: wasmhost.PatchDeleteAttribute, Key: "f"}))
	assert.Equal(t, RefusedOverlap, apply(t, nested(t), wasmhost.Patch{Kind: wasmhost.PatchMatch, Text: 1, End: 1}, wasmhost.Patch{Kind: wasmhost.PatchBody}))
	assert.Equal(t, RefusedRange, apply(t, nested(t), wasmhost.Patch{Kind: wasmhost.PatchMatch, Text: 7}), "there are seven texts")
	inF.End = 2
	assert.Equal(t, RefusedRange, apply(t, nested(t), inF), "a character is cut")
}

// FuzzApply finds that a record whose patches are refused is as it was, and that a patched one is UTF-8.
func FuzzApply(f *testing.F) {
	f.Add("to a@b.co", uint8(1), 0, 3, 9, "key", "value", uint8(4), 0, 0, 2)
	f.Add("密码", uint8(2), 0, 1, 2, "k", "\xff", uint8(6), 1, 0, 0)
	f.Fuzz(func(t *testing.T, body string, kind uint8, text, start, end int, key, value string, kind2 uint8, text2, start2, end2 int) {
		ld := nested(t)
		record(ld).Body().SetStr(body)
		before := plog.NewLogs()
		ld.CopyTo(before)
		why := apply(t, ld,
			wasmhost.Patch{Kind: wasmhost.PatchKind(kind%7 + 1), Text: text, Start: start, End: end, Key: key, Value: value, Severity: kind},
			wasmhost.Patch{Kind: wasmhost.PatchKind(kind2%7 + 1), Text: text2, Start: start2, End: end2, Key: value, Value: key, Severity: kind2})
		if why != accepted {
			assert.Equal(t, record(before).Attributes().AsRaw(), record(ld).Attributes().AsRaw())
			assert.Equal(t, record(before).Body().AsRaw(), record(ld).Body().AsRaw())
			assert.Equal(t, record(before).SeverityNumber(), record(ld).SeverityNumber())
			return
		}
		if utf8.ValidString(body) {
			assert.True(t, utf8.ValidString(record(ld).Body().AsString()))
		}
		for name := range record(ld).Attributes().All() {
			assert.True(t, utf8.ValidString(name))
			assert.True(t, !strings.HasPrefix(name, reserved) || name == AttrRoute)
		}
	})
}
