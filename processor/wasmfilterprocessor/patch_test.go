// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmfilterprocessor

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
)

const (
	redactFilter  = "github.com/sealgate/sealgate/wasmfilters/shipped/redact"
	patchesFilter = "./testdata/patches"
	allowAll      = "allow: [attributes, body, severity]"
)

// one is a batch of one record.
func one(change func(plog.LogRecord)) plog.Logs {
	ld := logs(line{body: "to a@b.co, c@d.eu", severity: info})
	change(ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0))
	return ld
}

func (h *harness) last() plog.LogRecord {
	all := h.sink.AllLogs()
	return all[len(all)-1].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
}

func text(r plog.LogRecord) string {
	m := r.Attributes().AsRaw()
	delete(m, "do")
	return fmt.Sprint(r.Body().AsRaw(), " ", m, " ", int(r.SeverityNumber()), r.SeverityText())
}

func TestPatches(t *testing.T) {
	h := start(t, "module: "+guest(t, patchesFilter)+"\n"+allowAll)
	for do, want := range map[string]string{
		"match 0 X;match 1 YY":                 "to X, YY map[a:1 mail:e@f.org n:7] 9I",
		"match 2 -":                            "to a@b.co, c@d.eu map[a:1 mail:- n:7] 9I",
		"range 0 2 for":                        "for a@b.co, c@d.eu map[a:1 mail:e@f.org n:7] 9I",
		"range 0 0 x;range 0 2 y":              "xy a@b.co, c@d.eu map[a:1 mail:e@f.org n:7] 9I",
		"range 17 0 !;match 0 X":               "to X, c@d.eu! map[a:1 mail:e@f.org n:7] 9I",
		"body new":                             "new map[a:1 mail:e@f.org n:7] 9I",
		"set a 2;set b 3":                      "to a@b.co, c@d.eu map[a:2 b:3 mail:e@f.org n:7] 9I",
		"delete n":                             "to a@b.co, c@d.eu map[a:1 mail:e@f.org] 9I",
		"severity 17":                          "to a@b.co, c@d.eu map[a:1 mail:e@f.org n:7] 17",
		"route eu":                             "to a@b.co, c@d.eu map[a:1 mail:e@f.org n:7 sealgate.route:eu] 9I",
		"delete a;match 2 -;body x;severity 0": "x map[mail:- n:7] 0",
		"":                                     "to a@b.co, c@d.eu map[a:1 mail:e@f.org n:7] 9I",
	} {
		before := h.count(t, "patches", "patch")
		require.NoError(t, h.ConsumeLogs(t.Context(), one(record(do))))
		assert.Equal(t, want, text(h.last()), do)
		if do != "" {
			assert.EqualValues(t, 1+strings.Count(do, ";"), h.count(t, "patches", "patch")-before, do)
		}
	}
	assert.Zero(t, h.count(t, "patches_refused"))
	h.conserved(t)
}

// record has attributes, and says what is to be done to it.
func record(do string) func(plog.LogRecord) {
	return func(r plog.LogRecord) {
		r.SetSeverityText("I")
		r.Attributes().PutStr("a", "1")
		r.Attributes().PutStr("mail", "e@f.org")
		r.Attributes().PutInt("n", 7)
		r.Attributes().PutStr("do", do)
	}
}

func TestARecordWhosePatchIsRefusedStaysAsItCame(t *testing.T) {
	h := start(t, "module: "+guest(t, patchesFilter)+"\n"+allowAll)
	for do, reason := range map[string]string{
		"range 15 5 x": "range", "range -1 1 x": "range", "range 5 -1 x": "range", "match 3 x": "range", "match -1 x": "range",
		"range 0 4 x;range 3 2 y": "overlap", "match 0 x;match 0 y": "overlap", "range 4 1 x;match 0 y": "overlap", "body x;body y": "overlap",
		"body x;match 0 y": "overlap", "set a 1;set a 2": "overlap", "set a 1;delete a": "overlap", "match 2 x;delete mail": "overlap",
		"severity 1;severity 2": "overlap", "route a;route b": "overlap",
		"delete nothing": "missing", "huge 65537": "size", "set  x": "size", "set " + strings.Repeat("k", 257) + " x": "size", "route " + strings.Repeat("r", 257): "size",
		"invalid": "utf8", "set sealgate.represents 1": "reserved_key", "delete sealgate.sealed": "reserved_key", "severity 25": "severity",
	} {
		before := h.count(t, "patches_refused")
		input := one(record("set ok 1;" + do))
		want := text(input.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0))
		require.NoError(t, h.ConsumeLogs(t.Context(), input))
		assert.Equal(t, want, text(h.last()), do)
		assert.EqualValues(t, 1, h.count(t, "patches_refused")-before, do)
		assert.Positive(t, h.refused(t, reason), do)
	}
	assert.Zero(t, h.count(t, "patches"))
}

// refused is how many records a reason has.
func (h *harness) refused(t *testing.T, reason string) (n int64) {
	m, err := h.telemetry.GetMetric("otelcol_processor_wasmfilter_patches_refused")
	require.NoError(t, err)
	for _, dp := range points(m.Data) {
		if v, _ := dp.Attributes.Value("reason"); v.AsString() == reason {
			n += dp.Value
		}
	}
	return n
}

func TestACharacterIsNotCut(t *testing.T) {
	h := start(t, "module: "+guest(t, patchesFilter)+"\n"+allowAll)
	for do, want := range map[string]string{"range 0 3 x": "x码", "range 1 2 x": "密码", "range 0 1 x": "密码"} {
		require.NoError(t, h.ConsumeLogs(t.Context(), one(func(r plog.LogRecord) {
			r.Body().SetStr("密码")
			r.Attributes().PutStr("do", do)
		})))
		assert.Equal(t, want, h.last().Body().Str(), do)
	}
	assert.EqualValues(t, 2, h.refused(t, "range"))
}

func TestABodyThatIsNoStringHasNoRange(t *testing.T) {
	h := start(t, "module: "+guest(t, patchesFilter)+"\n"+allowAll)
	for do, want := range map[string]any{
		"range 0 1 x": map[string]any{"to": []any{"a@b.co", int64(1)}}, "match 0 x": map[string]any{"to": []any{"x", int64(1)}}, "body x": "x",
	} {
		require.NoError(t, h.ConsumeLogs(t.Context(), one(func(r plog.LogRecord) {
			require.NoError(t, r.Body().FromRaw(map[string]any{"to": []any{"a@b.co", 1}}))
			r.Attributes().PutStr("do", do)
		})))
		assert.Equal(t, want, h.last().Body().AsRaw(), do)
	}
	assert.EqualValues(t, 1, h.refused(t, "missing"))
}

func TestPatchesOfDroppedRecordsHaveNoEffectAndProtectedOnesAreChanged(t *testing.T) {
	h := start(t, "module: "+guest(t, patchesFilter)+"\n"+allowAll)
	ld := logs(line{body: "1", severity: info}, line{body: "2", severity: warn}, line{body: "3", severity: info})
	for i, do := range []string{"body x;drop", "severity 1;body y;drop", "severity 21;body z;drop"} {
		ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(i).Attributes().PutStr("do", do)
	}
	require.NoError(t, h.ConsumeLogs(t.Context(), ld))
	assert.Equal(t, []string{"y"}, h.bodies(), "never_drop sees the severity that came in")
	assert.EqualValues(t, 2, h.count(t, "patches"))
	assert.EqualValues(t, 2, h.count(t, "dropped", "patch"))
	h.conserved(t)
}

func TestNothingIsChangedThatIsNotAllowed(t *testing.T) {
	for _, allow := range []string{"", "allow: []", "allow: [body, severity]"} {
		_, err := tryStart(t, "module: "+guest(t, patchesFilter)+"\n"+allow)
		require.ErrorContains(t, err, "`allow`")
		require.ErrorContains(t, err, "not allowed")
	}
}

func TestOnErrorDecidesWhereAFilterThatChangesFails(t *testing.T) {
	for onError, want := range map[string][]string{"pass": {"a", "b"}, "drop": nil, "refuse": nil} {
		h := start(t, "module: "+guest(t, patchesFilter)+"\n"+allowAll+"\non_error: "+onError)
		ld := logs(line{body: "a", severity: info}, line{body: "b", severity: info})
		for i, do := range []string{"body x", "trap"} {
			ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(i).Attributes().PutStr("do", do)
		}
		err := h.ConsumeLogs(t.Context(), ld)
		assert.Equal(t, onError == "refuse", err != nil)
		assert.Equal(t, want, h.bodies(), onError)
		assert.Equal(t, []string{"a", "b"}, bodies(ld), "a batch that goes back is as it came")
		assert.Zero(t, h.count(t, "patches"))
	}
}

func TestRedact(t *testing.T) {
	h := start(t, "module: "+guest(t, redactFilter)+`
allow: [attributes, body]
config:
  actions: {card: mask, email: hash}
  key: 000102030405060708090a0b0c0d0e0f
  patterns: {employee: 'EMP-[0-9]+'}
`)
	require.NoError(t, h.ConsumeLogs(t.Context(), one(func(r plog.LogRecord) {
		r.Body().SetStr("paid with 4111 1111 1111 1111 by jo@example.com, token=abc from 10.0.0.7, EMP-17, 联系 13800138000")
		r.Attributes().PutStr("user.password", "hunter2")
		r.Attributes().PutStr("http.route", "/cart")
		r.Attributes().PutInt("card", 4111111111111111)
		r.Attributes().PutDouble("price", 41.5)
		r.Attributes().PutEmptyMap("peer").PutEmptySlice("ips").AppendEmpty().SetStr("::1")
	})))
	r := h.last()
	assert.Equal(t, "paid with **** **** **** 1111 by [email:52b09a690042b126], token=[REDACTED:secret] from [REDACTED:ip], [REDACTED:employee], 联系 [REDACTED:phone]", r.Body().Str())
	assert.Equal(t, map[string]any{
		"user.password": "[REDACTED:secret]", "http.route": "/cart", "card": "************1111", "price": 41.5,
		"peer": map[string]any{"ips": []any{"[REDACTED:ip]"}},
	}, r.Attributes().AsRaw())
	assert.EqualValues(t, 9, h.count(t, "patches"))
	assert.EqualValues(t, 2, h.count(t, "patches", "card"))
	h.conserved(t)
}

func TestRedactFindsAllOfALongRecord(t *testing.T) {
	h := start(t, "module: "+guest(t, redactFilter)+"\nallow: [body, attributes]")
	for _, n := range []int{1, 100, 5000} {
		require.NoError(t, h.ConsumeLogs(t.Context(), one(func(r plog.LogRecord) { r.Body().SetStr(strings.Repeat("::1 ", n)) })))
		assert.NotContains(t, h.last().Body().Str(), "::1", n)
	}
	assert.Zero(t, h.count(t, "patches_refused"))
	assert.Zero(t, h.count(t, "errors"))
}

func TestManySendersAreRedacted(t *testing.T) {
	h := start(t, "module: "+guest(t, redactFilter)+"\nallow: [body, attributes]")
	hammer(t, h.Logs, func(k int) plog.Logs {
		return logs(line{body: fmt.Sprintf("mail %d to x%d@example.com", k, k), severity: info})
	})
	for _, body := range h.bodies() {
		assert.NotContains(t, body, "@")
	}
	h.conserved(t)
}

// hammer sends batches from many goroutines.
func hammer(t *testing.T, p processor.Logs, batch func(int) plog.Logs) {
	errs := make(chan error, 16)
	for s := range cap(errs) {
		go func() {
			var err error
			for k := 0; k < 50 && err == nil; k++ {
				err = p.ConsumeLogs(t.Context(), batch(s*1000+k))
			}
			errs <- err
		}()
	}
	for range cap(errs) {
		require.NoError(t, <-errs)
	}
}
