// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package redundancy

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/wasmfilters/internal/filtertest"
	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest"
)

func Benchmark(b *testing.B) {
	configs := map[string]string{"default": `{}`}
	b.Run("four templates", func(b *testing.B) { filtertest.Bench(b, "redundancy", New, sdktest.Lines(1000), configs) })
	b.Run("a thousand templates", func(b *testing.B) { filtertest.Bench(b, "redundancy", New, distinct(0, 1000), configs) })
}

// distinct are n records of as many templates.
func distinct(from, n int) []sdktest.Record {
	out := make([]sdktest.Record, n)
	for i := range out {
		out[i] = sdktest.Record{Time: 1, Severity: 9, Body: "event " + word(from+i)}
	}
	return out
}

// word is another one without a digit for each number.
func word(n int) string {
	b := []byte(fmt.Sprintf("%08d", n))
	for i := range b {
		b[i] += 'a' - '0'
	}
	return string(b)
}

func TestJudgingAllocatesNothing(t *testing.T) {
	g := sdk.NewGuest(New())
	g.Configure([]byte(`{"max_templates":64}`))
	m := sdktest.Start(t, native(), `{}`).Manifest
	repeats := sdktest.Encode(&m, sdktest.Options{Now: 1}, sdktest.Lines(100)...)
	others := sdktest.Encode(&m, sdktest.Options{Now: 1}, distinct(0, 100)...)
	judge := func() {
		g.Filter(repeats)
		g.Filter(others)
		g.Flush(2, true)
	}
	judge()
	require.Zero(t, testing.AllocsPerRun(100, judge))
}

func TestTheMemoryOfAModuleIsBoundedAndFlat(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a module")
	}
	run := sdktest.Start(t, sdktest.Bench(t, "../shipped/redundancy"), `{}`)
	judge := func(from, to int) {
		for ; from < to; from += 1000 {
			run.Judge(distinct(from, 1000)...)
		}
	}
	judge(0, 100_000)
	before := sdktest.Memory(run.Driver)
	judge(100_000, 1_000_000)
	require.Equal(t, before, sdktest.Memory(run.Driver), "a million distinct lines later")
	require.Less(t, before, uint32(16<<20))
	t.Logf("%d KiB", before>>10)

	for n := 0; n < mostTemplates; n += 1 << 10 { // the most that can be owed
		run.Judge(append(distinct(n, 1<<10), distinct(n, 1<<10)...)...)
	}
	state, err := run.Driver.SaveState()
	require.NoError(t, err)
	require.NoError(t, run.Driver.RestoreState(state))
	require.Len(t, run.Flush(1, true), mostTemplates)
	t.Logf("%d KiB after a state and a flush of all", sdktest.Memory(run.Driver)>>10)
	require.Less(t, sdktest.Memory(run.Driver), uint32(24<<20))
}
