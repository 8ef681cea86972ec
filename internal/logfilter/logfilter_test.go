// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package logfilter

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/wasmhost"
)

const warn = uint8(plog.SeverityNumberWarn)

// one is a batch of one record.
func one(change func(plog.LogRecord)) plog.Logs {
	ld := plog.NewLogs()
	change(ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty())
	return ld
}

func record(ld plog.Logs) plog.LogRecord {
	return ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
}

func TestSeverityIsInferred(t *testing.T) {
	body := func(s string) func(plog.LogRecord) { return func(r plog.LogRecord) { r.Body().SetStr(s) } }
	for name, tt := range map[string]struct {
		change  func(plog.LogRecord)
		number  uint8
		text    string
		protect bool
	}{
		"JSON":             {body(`{"level":"error","msg":"x"}`), 17, "error", true},
		"pino":             {body(`{"level":50,"time":1735812001000,"pid":7,"hostname":"cart-1","msg":"charge failed"}`), 17, "50", true},
		"plain":            {body("order placed"), 0, "", false},
		"info":             {body("INFO order placed"), 9, "INFO", false},
		"a panic":          {body("panic: runtime error: index out of range"), 21, "panic", true},
		"a failed request": {body(`10.0.0.9 - - [02/Jan/2025:10:00:00 +0000] "GET /pay HTTP/1.1" 503 19`), 17, "", true},
		"info that failed": {body(`INFO:     10.0.2.1:30 - "GET /api/health HTTP/1.1" 503 Service Unavailable`), 9, "INFO", true},
		"severity text":    {func(r plog.LogRecord) { r.SetSeverityText("Critical") }, 18, "Critical", true},
		"attribute":        {func(r plog.LogRecord) { r.Attributes().PutStr("level", "warning") }, 13, "warning", true},
		"numeric attribute": {func(r plog.LogRecord) {
			r.Attributes().PutInt("level", 50)
			r.Attributes().PutInt("pid", 7)
			r.Attributes().PutStr("hostname", "h")
		}, 17, "", true},
		"body map":     {func(r plog.LogRecord) { r.Body().SetEmptyMap().PutStr("Level", "Error") }, 17, "Error", true},
		"nested":       {func(r plog.LogRecord) { r.Body().SetEmptyMap().PutEmptyMap("log").PutStr("level", "error") }, 17, "error", true},
		"message":      {func(r plog.LogRecord) { r.Body().SetEmptyMap().PutStr("message", "panic: boom") }, 21, "panic", true},
		"level a map":  {func(r plog.LogRecord) { r.Body().SetEmptyMap().PutEmptyMap("level").PutStr("x", "error") }, 0, "", false},
		"stated":       {func(r plog.LogRecord) { r.SetSeverityNumber(9); r.Body().SetStr("ERROR x") }, 9, "", false},
		"out of range": {func(r plog.LogRecord) { r.SetSeverityNumber(99); r.Body().SetStr("ERROR x") }, 17, "ERROR", true},
	} {
		t.Run(name, func(t *testing.T) {
			v := &View{Guard: Guard{Severity: warn}, Infer: InferGuard}
			b := v.Batch(t.Context(), one(tt.change))
			defer b.Release()
			assert.Equal(t, tt.number, b.Severity(0))
			assert.Equal(t, tt.protect, b.Protected(0))
			if b.stated(0) == 0 {
				assert.Equal(t, tt.text, b.inferred(0).text)
			}
		})
	}
}

func TestInferOffLooksAtNothing(t *testing.T) {
	v := &View{Guard: Guard{Severity: warn}}
	b := v.Batch(t.Context(), one(func(r plog.LogRecord) { r.Body().SetStr("panic: boom") }))
	defer b.Release()
	assert.Zero(t, b.Severity(0))
	assert.False(t, b.Protected(0))
}

func TestSevereRecordsCountAsErrors(t *testing.T) {
	ld := one(func(r plog.LogRecord) { r.Body().SetStr("INFO x exited with code 137") })
	for severity, want := range map[plog.SeverityNumber]bool{0: false, plog.SeverityNumberWarn: true, plog.SeverityNumberError: true, plog.SeverityNumberFatal: false} {
		v := &View{Guard: Guard{Severity: uint8(severity)}, Infer: InferGuard}
		b := v.Batch(t.Context(), ld)
		assert.Equal(t, want, b.Protected(0), severity)
		b.Release()
	}
}

func TestSetWritesTheSeverityOfKeptRecords(t *testing.T) {
	for mode, want := range map[Infer]plog.SeverityNumber{InferOff: 0, InferGuard: 0, InferSet: plog.SeverityNumberError} {
		ld := plog.NewLogs()
		records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
		for range 2 {
			records.AppendEmpty().Body().SetStr("level=error msg=x")
		}
		stated := records.AppendEmpty()
		stated.Body().SetStr("level=error msg=x")
		stated.SetSeverityNumber(9)
		v := &View{Infer: mode}
		b := v.Batch(t.Context(), ld)
		b.Verdicts[1].Action = wasmhost.Drop
		c := b.Settle(nil, func(wasmhost.RuleID) string { return "r" })
		assert.Equal(t, 2, c.Kept)
		b.Remove(ld)
		require.Equal(t, 2, records.Len())
		assert.Equal(t, want, records.At(0).SeverityNumber())
		assert.Equal(t, mode == InferSet, records.At(0).SeverityText() == "error")
		assert.Equal(t, plog.SeverityNumberInfo, records.At(1).SeverityNumber(), "a stated one stays")
		b.Release()
	}
}

func withTenant(ctx context.Context, tenant string) context.Context {
	return client.NewContext(ctx, client.Info{Metadata: client.NewMetadata(map[string][]string{"x-scope-orgid": {tenant}, "user-agent": {tenant}})})
}

func TestResourcesOfTwoTenantsDiffer(t *testing.T) {
	ld := one(func(plog.LogRecord) {})
	key := func(v *View, tenant string) uint64 {
		b := v.Batch(withTenant(t.Context(), tenant), ld)
		defer b.Release()
		return b.ResourceKey(0)
	}
	v := &View{MetadataKeys: []string{"X-Scope-OrgID"}}
	assert.Equal(t, key(v, "a"), key(v, "a"))
	assert.NotEqual(t, key(v, "a"), key(v, "b"))
	assert.Equal(t, key(&View{}, "a"), key(&View{}, "b"))
	assert.Equal(t, key(&View{MetadataKeys: []string{"X-None"}}, "a"), key(&View{MetadataKeys: []string{"X-None"}}, "b"))
}

func TestKeysDoNotDependOnTheOrderOfAttributes(t *testing.T) {
	ld := plog.NewLogs()
	for _, names := range [][]string{{"a", "b"}, {"b", "a"}, {"c"}} {
		rl := ld.ResourceLogs().AppendEmpty()
		scope := rl.ScopeLogs().AppendEmpty()
		for _, n := range names {
			rl.Resource().Attributes().PutStr(n, "x")
			scope.Scope().Attributes().PutStr(n, "x")
		}
		scope.LogRecords().AppendEmpty()
	}
	b := (&View{}).Batch(t.Context(), ld)
	defer b.Release()
	assert.Equal(t, b.ResourceKey(0), b.ResourceKey(1))
	assert.NotEqual(t, b.ResourceKey(0), b.ResourceKey(2))
	assert.Equal(t, b.ScopeKey(0), b.ScopeKey(1))
	assert.NotEqual(t, b.ScopeKey(0), b.ScopeKey(2))
	assert.Equal(t, 2, b.Resource(2))
}

// TestEqualBodiesAreInferredAlike holds records of a large batch, whose equal bodies are read once, to each alone.
func TestEqualBodiesAreInferredAlike(t *testing.T) {
	bodies := []string{"order placed", "ERROR x", `{"level":"warn","msg":"y"}`, "exited with code 137", "", "level=30"}
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for i := range 300 {
		r := records.AppendEmpty()
		r.Body().SetStr(bodies[i*i%len(bodies)])
		switch i % 7 {
		case 3:
			r.Attributes().PutStr("level", "debug")
		case 4:
			r.Attributes().PutInt("exit_code", 1)
		case 5:
			r.Attributes().PutStr("pid", "7")
		case 6:
			r.Attributes().PutStr("log.iostream", "stderr")
		}
	}
	v := &View{Guard: Guard{Severity: warn}, Infer: InferGuard}
	b := v.Batch(t.Context(), ld)
	defer b.Release()
	for i, r := range records.All() {
		alone := v.Batch(t.Context(), one(r.CopyTo))
		assert.Equal(t, alone.Severity(0), b.Severity(i), i)
		assert.Equal(t, alone.Protected(0), b.Protected(i), i)
		assert.Equal(t, alone.inferred(0).text, b.inferred(i).text, i)
		alone.Release()
	}
}

func TestABatchIsReadWithoutAllocation(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector empties pools")
	}
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for range 100 {
		r := records.AppendEmpty()
		r.Body().SetStr(`{"ts":1,"level":"error","msg":"x"}`)
		r.Attributes().PutStr("a", "b")
		r.Attributes().PutInt("n", 1<<40)
	}
	v := &View{Guard: Guard{Severity: warn, Attributes: map[string]string{"audit": "*"}}, Infer: InferGuard}
	visits := 0
	visit := func(string, wasmhost.Value) { visits++ }
	assert.LessOrEqual(t, testing.AllocsPerRun(50, func() {
		b := v.Batch(t.Context(), ld)
		for i := range b.Len() {
			b.Severity(i)
			b.Protected(i)
			b.Attributes(i, visit)
		}
		b.Release()
	}), 1.0) // a collection may empty the pool
	assert.Positive(t, visits)
}

func FuzzInfer(f *testing.F) {
	f.Add(`{"level":"error"}`, "level", "x")
	f.Add("E0102 10:00:00.000000 1 x.go:1] y", "severity_text", "warn")
	f.Fuzz(func(t *testing.T, body, name, value string) {
		ld := one(func(r plog.LogRecord) {
			r.Body().SetEmptyMap().PutStr(name, value)
			r.Body().Map().PutStr("message", body)
			r.Body().Map().PutEmptyMap("log").PutStr(name, value)
			r.SetSeverityText(value)
			r.Attributes().PutStr(name, value)
		})
		v := &View{Guard: Guard{Severity: warn}, Infer: InferSet}
		b := v.Batch(t.Context(), ld)
		if n := b.Severity(0); n > 24 {
			t.Fatalf("severity %d", n)
		}
		b.Settle(nil, func(wasmhost.RuleID) string { return "" })
		b.Release()
	})
}
