// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest"
)

var benchmarks = []struct{ name, config string }{
	{"severity", `{"rules":[{"name":"debug","drop":true,"severity_below":"INFO"}]}`},
	{"two texts", `{"rules":[{"name":"health","drop":true,"body_contains":"/healthz"},{"name":"debug","drop":true,"body_contains":"DEBUG"}]}`},
	{"fifty rules", fifty()},
	{"fifty rules and 200 more texts, hardly two records alike", wide()},
	{"pattern", `{"rules":[{"name":"gets","drop":true,"body_matches":"*GET*orders*200*"}]}`},
	{"pattern with an asterisk as it is", `{"rules":[{"name":"gets","drop":true,"body_matches":"*GET*orders*\\**"}]}`},
	{"attribute", `{"rules":[{"name":"route","drop":true,"attribute":"http.route","equals":"/healthz"}]}`},
	{"resource", `{"rules":[{"name":"kube","drop":true,"resource_attribute":"service.name","matches":"kube-*"}]}`},
}

func fifty() string {
	var rules []string
	for i := range 50 {
		rules = append(rules, fmt.Sprintf(`{"name":"%d","drop":true,"severity_below":"WARN","body_contains":"<%d>"}`, i, i))
	}
	return `{"rules":[` + strings.Join(rules, ",") + `]}`
}

func wide() string {
	return strings.Replace(fifty(), `"<49>"`, `["/healthz",`+numbers(200)+`]`, 1)
}

func bench(t testing.TB) sdktest.Module { return sdktest.Bench(t, shipped) }

func BenchmarkNative(b *testing.B) { benchmark(b, native()) }

func BenchmarkWASM(b *testing.B) { benchmark(b, bench(b)) }

func benchmark(b *testing.B, m sdktest.Module) {
	for _, bm := range benchmarks {
		b.Run(bm.name, func(b *testing.B) { sdktest.Benchmark(b, m, bm.config, sdktest.Lines(1000)) })
	}
}

func TestJudgingAllocatesNothing(t *testing.T) {
	for _, bm := range benchmarks {
		g := sdk.NewGuest(New())
		g.Configure([]byte(bm.config))
		m := sdktest.Start(t, native(), bm.config).Manifest
		chunk := sdktest.Encode(&m, sdktest.Options{}, sdktest.Lines(100)...)
		g.Filter(chunk)
		require.Zero(t, testing.AllocsPerRun(100, func() { g.Filter(chunk) }), bm.name)
	}
}

func TestTheMemoryOfAModuleStaysAsItIs(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a module")
	}
	run := sdktest.Start(t, bench(t), several)
	var before uint32
	for round := range 1000 {
		run.Judge(sdktest.Lines(100)...)
		if round == 10 {
			before = sdktest.Memory(run.Driver)
		}
	}
	require.Equal(t, before, sdktest.Memory(run.Driver), "a hundred thousand records later")
	require.Less(t, before, uint32(8<<20))
}
