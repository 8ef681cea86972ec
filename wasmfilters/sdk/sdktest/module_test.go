// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdktest_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest"
	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest/testdata/counter/filter"
)

// both are the same filter natively and as a module.
func both(t *testing.T) map[string]sdktest.Module {
	m := map[string]sdktest.Module{"native": sdktest.Native(filter.New)}
	if !testing.Short() {
		m["wasm"] = sdktest.Build(t, "testdata/counter")
	}
	return m
}

func TestAFilterIsTheSameNativelyAndAsAModule(t *testing.T) {
	for name, m := range both(t) {
		t.Run(name, func(t *testing.T) {
			sdktest.Conformance(t, m, `{}`, `null`)
			run := sdktest.Start(t, m, `{}`)
			assert.Equal(t, "1.2.3", run.Manifest.Version)
			v := run.Judge(sdktest.Record{Time: 5, Severity: 1}, sdktest.Record{Severity: 9}, sdktest.Record{Time: 6, Severity: 8})
			assert.Equal(t, []sdk.Verdict{sdk.Count(1), sdk.Keep, sdk.Count(1)}, v)
			want := sdk.Report{Key: 42, Count: 2, First: 5, Last: 6, Rule: 1, Text: "unimportant records"}
			assert.Equal(t, []sdk.Report{want}, run.Flush(7, false))
			assert.Empty(t, run.Flush(8, true))
			assert.Equal(t, `configuration: "refuse" is refused`, sdktest.Refused(t, m, `"refuse"`))
		})
	}
}

func TestFunctionsOfARecordAreFilters(t *testing.T) {
	m := sdktest.Native(func() sdk.Filter {
		return sdk.Func(
			sdk.Manifest{Name: "teapots", Version: "1", Columns: []string{sdk.ColumnBody}, Rules: []string{"teapot"}},
			func(r sdk.Record) sdk.Verdict {
				if string(r.Body()) == "teapot" {
					return sdk.Drop(1)
				}
				return sdk.Keep
			})
	})
	sdktest.Conformance(t, m, `{}`)
	v := sdktest.Start(t, m, `{}`).Judge(sdktest.Record{Body: "teapot"}, sdktest.Record{Body: "kettle"})
	assert.Equal(t, []sdk.Verdict{sdk.Drop(1), sdk.Keep}, v)
}

func TestATrapAndAnEndlessLoopEndInAnError(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a module")
	}
	m := loadCounter(t, 300*time.Millisecond)
	for _, how := range []string{"panic", "loop"} {
		d, err := m.New()
		require.NoError(t, err)
		manifest, err := d.Configure([]byte(`{}`))
		require.NoError(t, err)
		_, err = d.Filter(sdktest.Encode(&manifest, sdktest.Options{}, sdktest.Record{Attrs: map[string]string{"crash": how}}))
		require.ErrorIs(t, err, sdktest.ErrTrap, how)
		require.NoError(t, d.Close())
	}
}

func TestWhatIsNoModuleIsRefused(t *testing.T) {
	// The smallest module: a magic number and a version, no export.
	_, err := sdktest.Load([]byte("\x00asm\x01\x00\x00\x00"), 0)
	require.ErrorContains(t, err, "export memory")
	_, err = sdktest.Load([]byte("not a module"), 0)
	require.Error(t, err)
}

func loadCounter(t *testing.T, deadline time.Duration) sdktest.Module {
	module, err := os.ReadFile(sdktest.Compile(t, "testdata/counter"))
	require.NoError(t, err)
	m, err := sdktest.Load(module, deadline)
	require.NoError(t, err)
	t.Cleanup(func() { _ = m.Close() })
	return m
}

// TestAMillionRecordsLeaveTheMemoryAsItIs is about the SDK: what it allocates
// for a chunk it keeps for the next.
func TestAMillionRecordsLeaveTheMemoryAsItIs(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a module")
	}
	run := sdktest.Start(t, loadCounter(t, 0), `{}`)
	lines := sdktest.Lines(1000)
	chunk := sdktest.Encode(&run.Manifest, sdktest.Options{Now: 1}, lines...)
	var before uint32
	for round := range 1000 {
		v, err := run.Driver.Filter(chunk)
		require.NoError(t, err)
		require.Len(t, v, len(lines))
		if round == 3 {
			before = sdktest.Memory(run.Driver)
		}
	}
	assert.Equal(t, before, sdktest.Memory(run.Driver))
}
