// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmfilterprocessor

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"
)

// BenchmarkLogs is what a record costs, of 200 bytes each, where one in five is dropped.
func BenchmarkLogs(b *testing.B) {
	rules := map[string]any{
		"searches": map[string]any{"name": "rule", "drop": true, "body_contains": []any{"DEBUG", "/healthz"}},
		"severity": map[string]any{"name": "rule", "drop": true, "severity_below": "INFO"},
	}
	for name, rule := range rules {
		for _, records := range []int{1, 100, 1000} {
			b.Run(fmt.Sprintf("%s/%d", name, records), func(b *testing.B) {
				benchmarkLogs(b, map[string]any{"module": "builtin:rules", "config": map[string]any{"rules": []any{rule}}}, accessLog(records))
			})
		}
	}
}

// BenchmarkEngines is what a record costs with the built-in filters that need no settings, compiled and interpreted. An
// edge node of 32 bits interprets.
func BenchmarkEngines(b *testing.B) {
	for _, module := range []string{"redundancy", "dedup", "probes", "rules"} {
		for _, engine := range []string{"compiler", "interpreter"} {
			b.Run(module+"/"+engine, func(b *testing.B) {
				cfg := NewFactory().CreateDefaultConfig().(*Config)
				cfg.Module, cfg.interpreter = "builtin:"+module, engine == "interpreter"
				benchmarkConfig(b, cfg, accessLog(1000))
			})
		}
	}
}

// BenchmarkRedact is what a record costs where one in five has an e-mail address.
func BenchmarkRedact(b *testing.B) {
	input := accessLog(1000)
	for i, r := range input.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
		if i%5 == 0 {
			r.Body().SetStr(r.Body().Str()[:150] + " mail=jo.doe@example.com")
		}
	}
	for name, detect := range map[string][]any{"email": {"email"}, "email and card": {"email", "card"}, "all but ip": {"email", "card", "cn_id", "phone", "bearer", "secret"}} {
		b.Run(name, func(b *testing.B) {
			benchmarkLogs(b, map[string]any{
				"module": "builtin:redact", "allow": []any{"attributes", "body"}, "config": map[string]any{"detect": detect},
			}, input)
		})
	}
}

func benchmarkLogs(b *testing.B, config map[string]any, input plog.Logs) {
	cfg := NewFactory().CreateDefaultConfig().(*Config)
	require.NoError(b, confmap.NewFromStringMap(config).Unmarshal(cfg))
	benchmarkConfig(b, cfg, input)
}

func benchmarkConfig(b *testing.B, cfg *Config, input plog.Logs) {
	factory := NewFactory()
	p, err := factory.CreateLogs(b.Context(), processortest.NewNopSettings(factory.Type()), cfg, consumertest.NewNop())
	require.NoError(b, err)
	require.NoError(b, p.Start(b.Context(), componenttest.NewNopHost()))
	defer func() { require.NoError(b, p.Shutdown(context.Background())) }()
	batch := plog.NewLogs()
	var spent time.Duration // the copies left out
	for b.Loop() {
		input.CopyTo(batch)
		begin := time.Now()
		if err := p.ConsumeLogs(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
		spent += time.Since(begin)
	}
	b.ReportMetric(float64(spent.Nanoseconds())/float64(b.N*input.LogRecordCount()), "ns/record")
	st := p.(*wasmFilter).filter.Stats()
	b.ReportMetric(float64(st.GuestTime.Nanoseconds())/float64(st.In), "guest-ns/record")
}

// accessLog is of records of 200 bytes, of which one in ten has a text and one another.
func accessLog(records int) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "checkout")
	logs := rl.ScopeLogs().AppendEmpty().LogRecords()
	for i := range records {
		r := logs.AppendEmpty()
		r.SetSeverityNumber(plog.SeverityNumberInfo)
		text := fmt.Sprintf(`10.1.%d.%d - - "POST /api/orders/%d HTTP/1.1" 201 %d "https://shop.example/cart" `, i%251, i%241, 1000+i, 37*i%9001)
		switch i % 10 {
		case 3:
			text = fmt.Sprintf(`10.1.%d.%d - - "GET /healthz HTTP/1.1" 200 2 "-" `, i%251, i%241)
		case 7:
			r.SetSeverityNumber(plog.SeverityNumberDebug)
			text = fmt.Sprintf("DEBUG cache miss for key cart:%d after %d us ", i, 13*i%997)
		}
		r.Body().SetStr(text + strings.Repeat("upstream=10.0.0.7:8080 ", 10)[:200-len(text)])
	}
	return ld
}
