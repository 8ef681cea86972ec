// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/sealgate/sealgate/wasmhost/fuel"
)

// guestCost measures what the guard costs a guest of standard Go that does all the work
// itself: it searches, masks, and allocates.
type guestCost struct{}

// guestLayouts is how many places the guest's code is moved to. Its place alone makes a
// tight loop some 20% faster or slower.
const guestLayouts = 7

func (guestCost) names() []string { return []string{"filter/fuel_cost_guest"} }

func (g guestCost) measure(ctx context.Context, o *options, _ []string) ([]row, error) {
	guest, err := buildGuest(ctx)
	if err != nil {
		return nil, err
	}
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler())
	defer r.Close(ctx)
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, r); err != nil {
		return nil, err
	}
	var ours, theirs []float64
	for distance := range guestLayouts {
		guarded, plain, err := g.layout(ctx, r, o, moved(guest, distance))
		if err != nil {
			return nil, err
		}
		ours, theirs = append(ours, guarded), append(theirs, plain)
	}
	result := newRow(g.names()[0], "us", "the same without its guard", ours, theirs)
	ratios := make([]float64, len(ours))
	for i := range ours {
		ratios[i] = ours[i] / theirs[i]
	}
	result.Ratio = median(ratios)
	result.notes = append(result.notes, fmt.Sprintf("its rounds are %d layouts of the code, of each the fastest of many runs; the ratio is the median of theirs", guestLayouts))
	return []row{result}, nil
}

// layout returns how many microseconds the fastest runs took. They alternate, so that a
// slow second hits both.
func (guestCost) layout(ctx context.Context, r wazero.Runtime, o *options, module []byte) (guarded, plain float64, err error) {
	metered, err := fuel.Instrument(module, fuel.Limits{Budget: math.MaxInt64})
	if err != nil {
		return 0, 0, err
	}
	runGuarded, err := startGuest(ctx, r, metered.Code)
	if err != nil {
		return 0, 0, err
	}
	runPlain, err := startGuest(ctx, r, module)
	if err != nil {
		return 0, 0, err
	}
	fastest := [2]time.Duration{math.MaxInt64, math.MaxInt64}
	until := time.Now().Add(time.Duration(o.rounds) * o.each)
	for n := 0; n < 5 || time.Now().Before(until); n++ {
		runtime.GC()
		for i, run := range []func() error{runGuarded, runPlain} {
			began := time.Now()
			if err := errors.Join(run(), ctx.Err()); err != nil {
				return 0, 0, err
			}
			fastest[i] = min(fastest[i], time.Since(began))
		}
	}
	return float64(fastest[0]) / 1e3, float64(fastest[1]) / 1e3, nil
}

// startGuest returns what runs all of an instance's work once.
func startGuest(ctx context.Context, r wazero.Runtime, module []byte) (func() error, error) {
	m, err := r.InstantiateWithConfig(ctx, module, wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize"))
	if err != nil {
		return nil, err
	}
	call := func(f api.Function, args ...uint64) error {
		_, err := f.Call(ctx, args...)
		return err
	}
	search, mask, churn := m.ExportedFunction("search"), m.ExportedFunction("mask"), m.ExportedFunction("churn")
	return func() error {
		return errors.Join(call(search), call(mask), call(churn, 500))
	}, nil
}

// buildGuest compiles the guest of the tests of fuel.
func buildGuest(ctx context.Context) ([]byte, error) {
	dir, err := os.MkdirTemp("", "sealgate-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "guest.wasm")
	list := exec.CommandContext(ctx, "go", "list", "-f", "{{.Dir}}", "github.com/sealgate/sealgate/wasmhost/fuel")
	where, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("no sources of the guest, run this in test/bench: %w", err)
	}
	build := exec.CommandContext(ctx, "go", "build", "-buildmode=c-shared", "-ldflags=-s -w", "-o", out, "./testdata/guest")
	build.Dir = string(bytes.TrimSpace(where))
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("the guest does not build: %w\n%s", err, text)
	}
	return os.ReadFile(out)
}

// moved returns a module with its code moved: its first function, which has no locals,
// stores again what it has loaded, some times.
func moved(module []byte, times int) []byte {
	const code = 10 // the section
	at := 8
	for module[at] != code {
		size, n := binary.Uvarint(module[at+1:])
		at += 1 + n + int(size)
	}
	size, n := binary.Uvarint(module[at+1:])
	content, rest := module[at+1+n:][:size], module[at+1+n+int(size):]
	functions, n := binary.Uvarint(content)
	length, m := binary.Uvarint(content[n:])
	body, others := content[n+m:][:length], content[n+m+int(length):]
	again := bytes.Repeat([]byte{0x41, 0, 0x41, 0, 0x28, 2, 0, 0x36, 2, 0}, times) // i32.store 0 (i32.load 0)
	first := slices.Concat(body[:1], again, body[1:])
	content = slices.Concat(binary.AppendUvarint(nil, functions), binary.AppendUvarint(nil, uint64(len(first))), first, others)
	return slices.Concat(module[:at], []byte{code}, binary.AppendUvarint(nil, uint64(len(content))), content, rest)
}
