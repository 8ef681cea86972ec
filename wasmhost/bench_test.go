// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/wasmhost/columns"
)

const searches = `{"name":"test","columns":["severity","needles"],"needles":[{"text":"/healthz"},{"text":"DEBUG"}],"rules":["noise"]}`

// perRecord runs a filter over batches of some sizes, and says what a record costs.
func perRecord(b *testing.B, module func(*Runtime) *Module, opts Options) {
	for _, n := range []int{1, 100, 1000, 8192} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			f := newFilter(b, module(goRuntime(b)), opts)
			recs, out := lines(n), make([]Verdict, n)
			b.ReportAllocs()
			for b.Loop() {
				if err := f.Judge(context.Background(), recs, out); err != nil {
					b.Fatal(err)
				}
			}
			st := f.Stats()
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/record")
			b.ReportMetric(float64(st.GuestTime.Nanoseconds())/float64(st.In), "guest-ns/record")
			b.ReportMetric(float64(st.FuelUsed)/float64(st.In), "fuel/record")
		})
	}
}

func BenchmarkSeverity(b *testing.B) {
	perRecord(b, func(r *Runtime) *Module { return load(b, r, guestParts{}) }, Options{})
}

func BenchmarkTwoNeedles(b *testing.B) {
	perRecord(b, func(r *Runtime) *Module { return load(b, r, guestParts{manifest: searches}) }, Options{})
}

func BenchmarkGoGuestTwoNeedles(b *testing.B) {
	perRecord(b, func(r *Runtime) *Module { return loadGo(b, r) }, Options{Config: []byte(`{"mode":"needles"}`)})
}

// BenchmarkNativeTwoNeedles is what the same decision costs without a sandbox.
func BenchmarkNativeTwoNeedles(b *testing.B) {
	set, err := columns.NewNeedles([]columns.Needle{{Text: "/healthz"}, {Text: "DEBUG"}})
	require.NoError(b, err)
	recs := lines(1000)
	var hits columns.Hits
	for b.Loop() {
		for i := range recs.Len() {
			set.Match(recs.Body(i), &hits)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*1000), "ns/record")
}

func BenchmarkNativeTwoSearches(b *testing.B) {
	recs := lines(1000)
	found := 0
	for b.Loop() {
		for i := range recs.Len() {
			if body := recs.Body(i); strings.Contains(body, "/healthz") || strings.Contains(body, "DEBUG") {
				found++
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*1000), "ns/record")
}

// BenchmarkWarmStart is from the bytes of a guest of standard Go to a filter that is ready, with a
// warm cache of compiled code.
func BenchmarkWarmStart(b *testing.B) {
	dir := b.TempDir()
	start := func() {
		r, err := NewRuntime(context.Background(), RuntimeOptions{CacheDir: dir})
		require.NoError(b, err)
		f, err := NewFilter(context.Background(), loadGo(b, r), Options{})
		require.NoError(b, err)
		_, err = f.Close(context.Background())
		require.NoError(b, err)
		require.NoError(b, r.Close(context.Background()))
	}
	start()
	b.ReportAllocs()
	for b.Loop() {
		start()
	}
}
