// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fuel_test

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/sealgate/sealgate/wasmhost/fuel"
)

func buildGuest(t testing.TB) []byte {
	t.Helper()
	if testing.Short() {
		t.Skip("builds a Go guest")
	}
	out := filepath.Join(t.TempDir(), "guest.wasm")
	build := exec.Command("go", "build", "-buildmode=c-shared", "-ldflags=-s -w", "-o", out, "./testdata/guest")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	text, err := build.CombinedOutput()
	require.NoError(t, err, "%s", text)
	module, err := os.ReadFile(out)
	require.NoError(t, err)
	return module
}

// start makes an instance of a Go guest: it wants WASI, and _initialize to be called.
func start(t testing.TB, r wazero.Runtime, module []byte) api.Module {
	t.Helper()
	if r.Module(wasi_snapshot_preview1.ModuleName) == nil {
		wasi_snapshot_preview1.MustInstantiate(context.Background(), r)
	}
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize")
	m, err := r.InstantiateWithConfig(context.Background(), module, config)
	require.NoError(t, err)
	return m
}

func TestGoGuestBehavesAsBefore(t *testing.T) {
	guest := buildGuest(t)
	m, err := fuel.Instrument(guest, fuel.Limits{Budget: plenty})
	require.NoError(t, err)
	r := newRuntime(t, "compiler")
	before, after := start(t, r, guest), start(t, r, m.Code)
	counter := merged(after)
	t.Logf("_initialize took %d units", int64(plenty-counter.Get()))
	for _, call := range []struct {
		name string
		args []uint64
	}{{"search", nil}, {"churn", []uint64{10}}, {"churn", []uint64{5000}}, {"mask", nil}, {"churn", []uint64{100}}} {
		left := counter.Get()
		was, err := before.ExportedFunction(call.name).Call(context.Background(), call.args...)
		require.NoError(t, err)
		is, err := after.ExportedFunction(call.name).Call(context.Background(), call.args...)
		require.NoError(t, err)
		assert.Equal(t, was, is, call.name)
		t.Logf("%s%v took %d units", call.name, call.args, left-counter.Get())
	}
	assert.Less(t, float64(len(m.Code)), 1.2*float64(len(guest)), "with the zeros between data that was joined")
	t.Logf("%d functions, %d entries, %d loops, %d bulks, %d stretches; %d bytes, then %d (%+.2f%%)", m.Functions, m.Entries, m.Loops,
		m.Bulks, m.Stretches, m.Original, len(m.Code), 100*float64(len(m.Code)-len(guest))/float64(len(guest)))
}

func TestGoGuestThatDoesNotEndIsStopped(t *testing.T) {
	m, err := fuel.Instrument(buildGuest(t), fuel.Limits{Budget: plenty})
	require.NoError(t, err)
	r := newRuntime(t, "compiler")
	for name, spent := range map[string]bool{"spin": true, "recurse": true, "allocate": true, "fail": false} {
		t.Run(name, func(t *testing.T) {
			instance := start(t, r, m.Code)
			defer instance.Close(context.Background())
			counter := merged(instance)
			counter.Set(1_000_000)
			f := instance.ExportedFunction(name)
			began := time.Now()
			_, err := f.Call(context.Background(), make([]uint64, len(f.Definition().ParamTypes()))...)
			t.Logf("%s: %v", time.Since(began), firstLine(err))
			require.Error(t, err)
			assert.Equal(t, spent, fuel.Spent(counter))
			assert.Less(t, time.Since(began), 2*time.Second)
		})
	}
}

// wazero's sources hold guests that TinyGo, Rust, Zig, C and AssemblyScript made.
func TestModulesOfOtherCompilersAreAsValidAsBefore(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles some twenty modules")
	}
	root := filepath.Join(specTests(t), "..", "..", "..")
	r := newRuntime(t, "interpreter")
	seen := 0
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".wasm") || strings.Contains(path, "spectest") {
			return err
		}
		module, err := os.ReadFile(path)
		require.NoError(t, err)
		m, err := fuel.Instrument(module, fuel.Limits{Budget: 1})
		if err != nil {
			t.Logf("%s: %v", d.Name(), err)
			return nil
		}
		bothOrNeither(t, r, module, m.Code)
		seen++
		return nil
	}))
	assert.Greater(t, seen, 15)
	t.Logf("%d modules", seen)
}
