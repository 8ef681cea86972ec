// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package filtertest tests what all shipped filters have in common.
package filtertest

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest"
)

// shipped has the modules, from the folder of a filter.
const shipped = "../shipped/"

// Modules are the filter natively and, unless tests are to be short, as WASM.
func Modules(t testing.TB, name string, newFilter func() sdk.Filter) map[string]sdktest.Module {
	m := map[string]sdktest.Module{"native": sdktest.Native(newFilter)}
	if !testing.Short() {
		m["wasm"] = sdktest.Build(t, shipped+name)
	}
	return m
}

// Each runs a test with each of the modules.
func Each(t *testing.T, name string, newFilter func() sdk.Filter, test func(*testing.T, sdktest.Module)) {
	for kind, m := range Modules(t, name, newFilter) {
		t.Run(kind, func(t *testing.T) { test(t, m) })
	}
}

// Bench measures the cost of a record, natively and as WASM, by configuration.
func Bench(b *testing.B, name string, newFilter func() sdk.Filter, records []sdktest.Record, configs map[string]string) {
	for kind, m := range map[string]sdktest.Module{
		"native": sdktest.Native(newFilter), "wasm": sdktest.Bench(b, shipped+name),
	} {
		for _, title := range slices.Sorted(maps.Keys(configs)) {
			b.Run(kind+"/"+title, func(b *testing.B) { sdktest.Benchmark(b, m, configs[title], records) })
		}
	}
}

// Documented checks that the keys, the schema and the README agree, and that the
// examples of the README are accepted.
func Documented(t *testing.T, newFilter func() sdk.Filter, keys []string) {
	var schema struct {
		AdditionalProperties bool
		Properties           map[string]struct{ Description string }
	}
	require.NoError(t, json.Unmarshal(read(t, "schema.json"), &schema))
	assert.ElementsMatch(t, keys, slices.Collect(maps.Keys(schema.Properties)))
	readme := string(read(t, "README.md"))
	for _, key := range keys {
		assert.Contains(t, readme, "\n| `"+key+"` | ")
		assert.NotEmpty(t, schema.Properties[key].Description, key)
	}
	examples := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(readme, -1)
	require.NotEmpty(t, examples)
	for _, e := range examples {
		Accepted(t, newFilter, e[1])
	}
}

// Accepted checks that configurations are accepted, and fit the schema.
func Accepted(t *testing.T, newFilter func() sdk.Filter, configs ...string) {
	for _, config := range configs {
		require.NoError(t, sdktest.CheckSchema(read(t, "schema.json"), []byte(config)), config)
		sdktest.Start(t, sdktest.Native(newFilter), config)
	}
}

// Refused checks that configurations are refused with a message, and by the schema.
func Refused(t *testing.T, newFilter func() sdk.Filter, messages map[string]string) {
	for config, message := range messages {
		assert.Contains(t, sdktest.Refused(t, sdktest.Native(newFilter), config), message, config)
		assert.Error(t, sdktest.CheckSchema(read(t, "schema.json"), []byte(config)), config)
	}
}

func read(t *testing.T, path string) []byte {
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return b
}

// FuzzConfigure finds that a configuration is refused with a reason, or gives a
// filter that judges and reports whatever comes.
func FuzzConfigure(f *testing.F, newFilter func() sdk.Filter, seeds ...string) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, config string) {
		d, err := sdktest.Native(newFilter).New()
		require.NoError(t, err)
		m, err := d.Configure([]byte(config))
		if err != nil {
			assert.NotEmpty(t, err.Error())
			return
		}
		records := []sdktest.Record{{Body: config}, {Body: config}, {Severity: 255, TraceID: [16]byte{9}}}
		v, err := d.Filter(sdktest.Encode(&m, sdktest.Options{Now: 1}, records...))
		require.NoError(t, err)
		require.Equal(t, counted(v), reported(t, d))
	})
}

// FuzzState finds that a state is refused, which leaves the filter as it was, or
// taken, and given on as it came.
func FuzzState(f *testing.F, newFilter func() sdk.Filter, config string, records ...sdktest.Record) {
	d, m := start(f, newFilter, config)
	_, err := d.Filter(sdktest.Encode(&m, sdktest.Options{Now: 5}, records...))
	require.NoError(f, err)
	state, err := d.SaveState()
	require.NoError(f, err)
	f.Add(state)
	f.Fuzz(func(t *testing.T, state []byte) {
		d, m := start(t, newFilter, config)
		before, _ := d.SaveState()
		taken := d.RestoreState(state) == nil
		after, err := d.SaveState()
		require.NoError(t, err)
		if !taken {
			require.Equal(t, before, after)
		}
		next, _ := start(t, newFilter, config)
		require.NoError(t, next.RestoreState(after))
		again, _ := next.SaveState()
		require.Equal(t, after, again)
		_, err = d.Filter(sdktest.Encode(&m, sdktest.Options{Now: 6}, records...))
		require.NoError(t, err)
		reported(t, d)
		require.Zero(t, reported(t, d), "all was told")
	})
}

func start(t testing.TB, newFilter func() sdk.Filter, config string) (sdktest.Driver, sdk.Manifest) {
	d, err := sdktest.Native(newFilter).New()
	require.NoError(t, err)
	m, err := d.Configure([]byte(config))
	require.NoError(t, err)
	return d, m
}

func counted(v []sdk.Verdict) (n uint64) {
	for _, v := range v {
		if v.Action() == sdk.ActionCount {
			n++
		}
	}
	return n
}

func reported(t testing.TB, d sdktest.Driver) (n uint64) {
	reports, err := d.Flush(9, true)
	require.NoError(t, err)
	for _, r := range reports {
		n += r.Count
	}
	return n
}

// AllocatesNothing checks that chunks are judged without garbage, once the first was.
func AllocatesNothing(t *testing.T, newFilter func() sdk.Filter, config string, records []sdktest.Record) {
	g := sdk.NewGuest(newFilter())
	g.Configure([]byte(config))
	_, m := start(t, newFilter, config)
	chunk := sdktest.Encode(&m, sdktest.Options{Now: 1}, records...)
	require.Len(t, g.Filter(chunk), len(records))
	require.Zero(t, testing.AllocsPerRun(100, func() { g.Filter(chunk) }), config)
}
