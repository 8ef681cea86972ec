// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// goGuest is the module of testdata/guest, built once.
var goGuest = sync.OnceValues(func() ([]byte, error) {
	out := filepath.Join(guestCache, "guest.wasm")
	build := exec.Command("go", "build", "-buildmode=c-shared", "-ldflags=-s -w", "-o", out, ".")
	build.Dir = filepath.Join("testdata", "guest")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if message, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the guest: %w: %s", err, message)
	}
	return os.ReadFile(out)
})

func goRuntime(t testing.TB) *Runtime { return runtimeWith(t, RuntimeOptions{CacheDir: guestCache}) }

func loadGo(t testing.TB, r *Runtime) *Module {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and compiles a guest of standard Go")
	}
	wasm, err := goGuest()
	require.NoError(t, err)
	m, err := r.Load(t.Context(), wasm, "")
	require.NoError(t, err)
	return m
}

// lines are records of 200 bytes of some templates; one in ten is a WARN, one in a hundred is for a
// health check.
func lines(n int) *batch {
	b := &batch{}
	verbs := []string{"opened", "closed", "renewed", "moved"}
	for i := range n {
		body := fmt.Sprintf("connection %d to 10.0.%d.%d:5432 %s after %d ms ", i, i%7, i%251, verbs[i%4], i*7%1000)
		if i%100 == 0 {
			body += "GET /healthz "
		}
		r := record{severity: info, time: uint64(i), body: body + strings.Repeat("payload ", (200-len(body))/8)}
		if i%10 == 3 {
			r.severity = 13
		}
		b.records = append(b.records, r)
	}
	return b
}

func TestAGuestOfStandardGoDropsRepetitionsAndReportsThemWithTheirTemplate(t *testing.T) {
	f := newFilter(t, loadGo(t, goRuntime(t)), Options{})
	for range 5 {
		judge(t, f, lines(2000))
	}
	st := f.Stats()
	assert.EqualValues(t, 1000, st.Kept-(10000-st.Represented-1000), "every WARN is kept")
	assert.Zero(t, st.Errors, st.LastError)
	reports := f.Flush(t.Context())
	assert.Equal(t, st.Represented, countOf(reports))
	for _, r := range reports {
		assert.Contains(t, r.Template, "<*>")
		assert.Equal(t, "repeated", f.RuleName(r.Rule))
	}
	t.Logf("%d templates, %.1f units of fuel a record, %d KiB of memory", len(reports), float64(st.FuelUsed)/float64(st.In), st.MemoryBytes>>10)
}

func TestAGuestOfStandardGoHandsItsStateOver(t *testing.T) {
	r := goRuntime(t)
	f := newFilter(t, loadGo(t, r), Options{})
	judge(t, f, lines(1000))
	require.NoError(t, f.Swap(t.Context(), loadGo(t, r)))
	before := f.Stats().Kept
	judge(t, f, lines(1000))
	assert.EqualValues(t, 100, f.Stats().Kept-before, "no template is new to the successor")
	assert.Equal(t, f.Stats().Represented, countOf(f.Flush(t.Context())))
	assert.Zero(t, f.Stats().Mismatch)
}

func TestGuestsOfStandardGoThatMisbehaveEndInACountedError(t *testing.T) {
	r := goRuntime(t)
	loadGo(t, r) // keeps the code, so that it is compiled once
	for mode, kinds := range map[string][]Kind{
		"loop": {KindFuel}, "recurse": {KindMemory}, "bomb": {KindMemory, KindFuel}, "panic": {KindTrap},
		"exit": {KindTrap}, "sleep": {KindFuel, KindTrap}, "random": {KindFuel},
	} {
		t.Run(mode, func(t *testing.T) {
			f := newFilter(t, loadGo(t, r), Options{ChunkRecords: 1000, Config: fmt.Appendf(nil, `{"mode":%q,"after":1}`, mode)})
			judge(t, f, lines(1000))
			assert.Zero(t, f.Stats().Passed, f.Stats().LastError)
			judge(t, f, lines(1000))
			st := f.Stats()
			var e *Error
			require.ErrorAs(t, st.LastError, &e)
			want := 1000
			if slices.Contains(exhaustion, e.Kind) {
				want = 1 // the others were judged in smaller chunks, each by a guest that had not misbehaved yet
			}
			assert.EqualValues(t, want, st.Passed)
			assert.Contains(t, kinds, e.Kind)
			t.Log(st.LastError)
			assert.Equal(t, st.Represented, countOf(f.Flush(t.Context())))
		})
	}
}

func TestNothingIsGrantedToAGuest(t *testing.T) {
	f := newFilter(t, loadGo(t, goRuntime(t)), Options{Config: []byte(`{"mode":"file"}`)})
	judge(t, f, lines(10))
	assert.Zero(t, f.Stats().Errors, f.Stats().LastError)
}

func TestACallAllocatesNothingOnceItIsWarm(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector makes sync.Pool forget")
	}
	b := lines(1000)
	out := make([]Verdict, b.Len())
	check := func(t *testing.T, f *Filter) {
		judge := func() {
			if err := f.Judge(context.Background(), b, out); err != nil {
				t.Error(err)
			}
		}
		judge()
		assert.Less(t, testing.AllocsPerRun(100, judge), 1.0)
	}
	t.Run("tiny guest", func(t *testing.T) { check(t, filterOf(t, guestParts{}, Options{})) })
	t.Run("Go guest", func(t *testing.T) { check(t, newFilter(t, loadGo(t, goRuntime(t)), Options{})) })
}
