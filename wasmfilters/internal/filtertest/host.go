// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package filtertest

import (
	"context"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest"
	"github.com/sealgate/sealgate/wasmhost"
)

// HostRecords are records as the host wants to see them, of one resource.
type HostRecords []sdktest.Record

func (r HostRecords) Len() int                                     { return len(r) }
func (r HostRecords) Resources() int                               { return 1 }
func (r HostRecords) ResourceKey(int) uint64                       { return 1 }
func (r HostRecords) ResourceAttribute(int, string) (string, bool) { return "", false }
func (r HostRecords) Resource(int) int                             { return 0 }
func (r HostRecords) Time(i int) uint64                            { return r[i].Time }
func (r HostRecords) Severity(i int) uint8                         { return r[i].Severity }
func (r HostRecords) Body(i int) string                            { return r[i].Body }
func (r HostRecords) TraceID(i int) [16]byte                       { return r[i].TraceID }
func (r HostRecords) EventName(i int) string                       { return r[i].EventName }
func (r HostRecords) Protected(i int) bool                         { return r[i].Protected }
func (r HostRecords) Texts(i int, visit func(wasmhost.Text)) {
	visit(wasmhost.Text{Value: r[i].Body})
	for _, name := range slices.Sorted(maps.Keys(r[i].Attrs)) {
		visit(wasmhost.Text{Name: name, Value: r[i].Attrs[name], Attribute: true})
	}
}
func (r HostRecords) ScopeKey(int) uint64 { return 1 }
func (r HostRecords) Attributes(i int, visit func(string, wasmhost.Value)) {
	for name, v := range r[i].Attrs {
		visit(name, wasmhost.Value{Text: v})
	}
}
func (r HostRecords) Attribute(i int, name string) (string, bool) {
	s, ok := r[i].Attrs[name]
	return s, ok
}

// Hosted runs the filter in the host, with its budgets of fuel and memory: records
// are judged, the module is swapped for itself with the state that they have left,
// and they are judged again. It checks that the counts add up, and returns them.
func Hosted(t *testing.T, name, config string, records []sdktest.Record) wasmhost.Stats {
	if testing.Short() {
		t.Skip("builds a module")
	}
	ctx := t.Context()
	r, err := wasmhost.NewRuntime(ctx, wasmhost.RuntimeOptions{})
	require.NoError(t, err)
	defer r.Close(context.Background())
	path := sdktest.Compile(t, shipped+name)
	load := func() *wasmhost.Module {
		m, err := r.LoadFile(ctx, path, "")
		require.NoError(t, err)
		return m
	}
	f, err := wasmhost.NewFilter(ctx, load(), wasmhost.Options{Config: []byte(config), Instances: 1})
	require.NoError(t, err)
	verdicts := make([]wasmhost.Verdict, len(records))
	require.NoError(t, f.Judge(ctx, HostRecords(records), verdicts))
	require.NoError(t, f.Swap(ctx, load()))
	require.NoError(t, f.Judge(ctx, HostRecords(records), verdicts))
	reports := f.Flush(ctx)
	last, err := f.Close(ctx)
	require.NoError(t, err)
	var told uint64
	for _, report := range append(reports, last...) {
		told += report.Count
	}
	st := f.Stats()
	assert.Zero(t, st.Errors, st.LastError)
	assert.Zero(t, st.Mismatch)
	assert.EqualValues(t, 2*len(records), st.In)
	assert.Equal(t, st.In, st.Kept+st.Dropped+st.Represented)
	assert.Equal(t, st.Represented, told)
	return st
}
