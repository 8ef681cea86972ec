// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/wasmfilters/internal/filtertest"
	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest"
	"github.com/sealgate/sealgate/wasmhost"
)

// files are the paths of the modules.
func files(t testing.TB) map[string]string {
	out := map[string]string{}
	for _, language := range languages(t) {
		out[language] = module(language)
	}
	if !testing.Short() {
		out["go"] = sdktest.Compile(t, ".")
	}
	return out
}

func newRuntime(t testing.TB) *wasmhost.Runtime {
	r, err := wasmhost.NewRuntime(t.Context(), wasmhost.RuntimeOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, r.Close(context.Background())) })
	return r
}

func load(t testing.TB, r *wasmhost.Runtime, file string) *wasmhost.Module {
	m, err := r.LoadFile(t.Context(), file, "")
	require.NoError(t, err)
	return m
}

func newHost(t testing.TB, m *wasmhost.Module, config string) *wasmhost.Filter {
	f, err := wasmhost.NewFilter(t.Context(), m, wasmhost.Options{Config: []byte(config), Instances: 1})
	require.NoError(t, err)
	return f
}

func judge(t testing.TB, f *wasmhost.Filter, r wasmhost.Records) []wasmhost.Verdict {
	out := make([]wasmhost.Verdict, r.Len())
	require.NoError(t, f.Judge(t.Context(), r, out))
	return out
}

func TestTheHostLosesNothingByAFilterInAnyLanguage(t *testing.T) {
	for language, file := range files(t) {
		t.Run(language, func(t *testing.T) {
			f := newHost(t, load(t, newRuntime(t), file), `{"contains":["/healthz"]}`)
			lines := sdktest.Lines(3000)
			lines[3].Protected = true
			judge(t, f, filtertest.HostRecords(lines))
			st := f.Stats()
			assert.Zero(t, st.Errors, st.LastError)
			assert.EqualValues(t, []uint64{3000, 2401, 300, 299}, []uint64{st.In, st.Kept, st.Dropped, st.Represented})
			reports, err := f.Close(t.Context())
			require.NoError(t, err)
			require.Len(t, reports, 1)
			assert.EqualValues(t, 299, reports[0].Count)
			assert.Equal(t, lines[13].Time, reports[0].First)
			assert.Equal(t, lines[2993].Time, reports[0].Last)
			assert.Equal(t, "/healthz", reports[0].Text)
			assert.Equal(t, "contains: /healthz", f.RuleName(reports[0].Rule))
			assert.Zero(t, f.Stats().Mismatch)
		})
	}
}

// TestAFilterIsReplacedByThatOfAnotherLanguage, with what it had counted.
func TestAFilterIsReplacedByThatOfAnotherLanguage(t *testing.T) {
	r := newRuntime(t)
	names := languages(t)
	f := newHost(t, load(t, r, module(names[0])), `{}`)
	body := filtertest.HostRecords{{Time: 5, Body: "GET /healthz"}}
	for _, language := range names {
		judge(t, f, body)
		require.NoError(t, f.Swap(t.Context(), load(t, r, module(language))))
	}
	reports, err := f.Close(t.Context())
	require.NoError(t, err)
	require.Len(t, reports, 1)
	assert.EqualValues(t, len(names), reports[0].Count)
}

func TestTheHostTellsWhyAConfigurationIsRefused(t *testing.T) {
	for _, language := range languages(t) {
		m := load(t, newRuntime(t), module(language))
		_, err := wasmhost.NewFilter(t.Context(), m, wasmhost.Options{Config: []byte(`{"below":"info"}`)})
		require.ErrorContains(t, err, noSeverity, language)
	}
}

// BenchmarkHost is what a record costs with the host's work: searches, columns, the
// call and the guest, with its fuel.
func BenchmarkHost(b *testing.B) {
	var lines wasmhost.Records = filtertest.HostRecords(sdktest.Lines(1000))
	for language, file := range files(b) {
		b.Run(language, func(b *testing.B) {
			f := newHost(b, load(b, newRuntime(b), file), `{"contains":["/healthz"]}`)
			out := make([]wasmhost.Verdict, lines.Len())
			judge(b, f, lines)
			before := f.Stats()
			b.ReportAllocs()
			for b.Loop() {
				if err := f.Judge(context.Background(), lines, out); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			st := f.Stats()
			n := float64(st.In - before.In)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/n, "ns/record")
			b.ReportMetric(float64((st.GuestTime-before.GuestTime).Nanoseconds())/n, "guest-ns/record")
			b.ReportMetric(float64(st.FuelUsed-before.FuelUsed)/n, "fuel/record")
			b.ReportMetric(float64(st.MemoryBytes)/1024, "KiB")
			_, err := f.Close(context.Background())
			require.NoError(b, err)
		})
	}
}

// BenchmarkStart is from the bytes of a module to a filter that is ready, without a cache.
func BenchmarkStart(b *testing.B) {
	for language, file := range files(b) {
		wasm, err := os.ReadFile(file)
		require.NoError(b, err)
		b.Run(language, func(b *testing.B) {
			r := newRuntime(b)
			for b.Loop() {
				m, err := r.Load(context.Background(), wasm, "")
				require.NoError(b, err)
				_, err = newHost(b, m, `{}`).Close(context.Background())
				require.NoError(b, err)
			}
			b.ReportMetric(float64(len(wasm)), "bytes")
		})
	}
}
