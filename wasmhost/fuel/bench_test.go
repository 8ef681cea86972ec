// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fuel_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero/api"

	"github.com/sealgate/sealgate/wasmhost/fuel"
)

func BenchmarkInstrument(b *testing.B) {
	guest := buildGuest(b)
	b.SetBytes(int64(len(guest)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := fuel.Instrument(guest, fuel.Limits{Budget: 1}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkGuard reports guarded over unguarded time in one run: for each layout of the
// code that of the fastest of many calls, and of those the median, least and greatest.
func BenchmarkGuard(b *testing.B) {
	b.Run("C/hash", func(b *testing.B) { guard(b, both(b, layouts(hash)), "f", 65536) })
	b.Run("C/scan", func(b *testing.B) { guard(b, both(b, layouts(scan)), "f", 65536) })
	guests := both(b, shifted(buildGuest(b)))
	b.Run("Go/search", func(b *testing.B) { guard(b, guests, "search") })
	b.Run("Go/mask", func(b *testing.B) { guard(b, guests, "mask") })
	b.Run("Go/churn", func(b *testing.B) { guard(b, guests, "churn", 2000) })
}

// hash is FNV-1a over the first bytes of memory, as a C compiler writes it:
//
//	loop
//	  h = (h ^ mem[i]) * 16777619; i += 1
//	  br_if 0 (i != n)
//	end
var hash = join(b(0x03, 0x40),
	b(0x20, 1, 0x20, 2, 0x2d, 0, 0, 0x73), i32(16777619), b(0x6c, 0x21, 1),
	b(0x20, 2), i32(1), b(0x6a, 0x22, 2, 0x20, 0, 0x47, 0x0d, 0), end, b(0x20, 1))

// scan counts the bytes 'D' that are followed by an 'E', with a branch in the loop.
var scan = join(b(0x03, 0x40),
	b(0x20, 2, 0x2d, 0, 0), i32('D'), b(0x46, 0x04, 0x40),
	b(0x20, 1, 0x20, 2, 0x2d, 0, 1), i32('E'), b(0x46, 0x6a, 0x21, 1), end,
	b(0x20, 2), i32(1), b(0x6a, 0x22, 2, 0x20, 0, 0x47, 0x0d, 0), end, b(0x20, 1))

// layouts puts functions of different lengths in front of the one that is measured.
func layouts(code []byte) [][]byte {
	var all [][]byte
	for n := range 25 { // the median of a few is a throw of dice: a tight loop takes 3 turns of the clock, or 4
		padding := join(bytes.Repeat(join(param, i32(77), b(0x6c, 0x21, 0)), 3*n), param)
		all = append(all, source{
			types:    [][]byte{i32ToI32},
			funcs:    [][]byte{b(0), b(0)},
			memories: [][]byte{pages(2)},
			exports:  [][]byte{export("f", 0, 1)},
			code:     [][]byte{fn(nil, padding), fn(b(2, 0x7f), code)},
		}.bytes())
	}
	return all
}

// shifted returns a module with its code moved by different distances: its first
// function stores again what it has loaded, some times.
func shifted(module []byte) (all [][]byte) {
	at := 8
	for module[at] != 10 {
		size, n := binary.Uvarint(module[at+1:])
		at += 1 + n + int(size)
	}
	size, n := binary.Uvarint(module[at+1:])
	rest := module[at+1+n+int(size):]
	code := module[at+1+n : at+1+n+int(size)]
	functions, n := binary.Uvarint(code)
	length, m := binary.Uvarint(code[n:])
	body, others := code[n+m:n+m+int(length)], code[n+m+int(length):]
	if body[0] > 0 {
		panic("the first function has locals")
	}
	for k := range 5 {
		again := bytes.Repeat(join(i32(0), i32(0), b(0x28, 2, 0, 0x36, 2, 0)), k)
		first := join(body[:1], again, body[1:])
		all = append(all, join(module[:at], part(10, join(u32(int(functions)), u32(len(first)), first, others)), rest))
	}
	return all
}

// pair is an instance without the guard and one with it.
type pair struct{ plain, guarded api.Module }

func both(b *testing.B, modules [][]byte) (all []pair) {
	r := newRuntime(b, "compiler")
	for _, module := range modules {
		m, err := fuel.Instrument(module, fuel.Limits{Budget: plenty})
		require.NoError(b, err)
		all = append(all, pair{start(b, r, module), start(b, r, m.Code)})
	}
	return all
}

func guard(b *testing.B, pairs []pair, function string, args ...uint64) {
	var ratios []float64
	for _, p := range pairs {
		ratios = append(ratios, ratio(b, p.plain.ExportedFunction(function), p.guarded.ExportedFunction(function), args))
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "guarded/unguarded")
	b.ReportMetric(ratios[0], "least")
	b.ReportMetric(ratios[len(ratios)-1], "greatest")
	b.ReportMetric(0, "ns/op")
}

// ratio returns that of the fastest calls: what else the machine does only ever
// makes one slower. They alternate, so that a slow second hits both.
func ratio(b *testing.B, plain, guarded api.Function, args []uint64) float64 {
	was, is := time.Hour, time.Hour
	for range max(b.N, 25) {
		was = min(was, clock(b, plain, args))
		is = min(is, clock(b, guarded, args))
	}
	return float64(is) / float64(was)
}

func clock(b *testing.B, f api.Function, args []uint64) time.Duration {
	began := time.Now()
	_, err := f.Call(context.Background(), args...)
	if err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}
