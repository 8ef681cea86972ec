// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package group

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest"
)

func keys(t *testing.T, b By, records ...sdktest.Record) []uint64 {
	m := sdk.Manifest{Columns: b.Columns([]string{sdk.ColumnSeverity})}
	c, err := sdk.DecodeChunk(&m, sdktest.Encode(&m, sdktest.Options{}, records...))
	require.NoError(t, err)
	out := make([]uint64, len(records))
	for i := range out {
		out[i] = b.Key(c, i)
	}
	return out
}

func TestRecordsAreToldApartByWhatIsNamedAndNothingElse(t *testing.T) {
	with := func(change func(*sdktest.Record)) sdktest.Record {
		r := sdktest.Record{
			Body: "took 5 ms", Severity: 9, Attrs: map[string]string{"a": "x", "b": "y"}, Resource: map[string]string{"r": "x", "s": "y"},
		}
		change(&r)
		return r
	}
	same := with(func(*sdktest.Record) {})
	for _, tt := range []struct {
		name   string
		by     By
		differ sdktest.Record
	}{
		{"body", By{Body: true}, with(func(r *sdktest.Record) { r.Body = "took 6 ms" })},
		{"template", By{Template: true}, with(func(r *sdktest.Record) { r.Body = "gave 5 ms" })},
		{"severity", By{Severity: true}, with(func(r *sdktest.Record) { r.Severity = 10 })},
		{"resource", By{Resource: true}, with(func(r *sdktest.Record) { r.Resource = map[string]string{"r": "x"} })},
		{"attribute", By{Attributes: []string{"b", "a"}}, with(func(r *sdktest.Record) { r.Attrs = map[string]string{"a": "y", "b": "x"} })},
		{"an attribute that is empty, and one that is not there", By{Attributes: []string{"c"}}, with(func(r *sdktest.Record) { r.Attrs = map[string]string{"c": ""} })},
		{"attribute of the resource", By{ResourceAttributes: []string{"s"}}, with(func(r *sdktest.Record) { r.Resource = map[string]string{"r": "x", "s": "z"} })},
	} {
		k := keys(t, tt.by, same, same, tt.differ)
		assert.Equal(t, k[0], k[1], tt.name)
		assert.NotEqual(t, k[0], k[2], tt.name)
		k = keys(t, By{}, same, tt.differ)
		assert.Equal(t, k[0], k[1], tt.name)
	}
}
