// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdk_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest"
)

// everyPatch makes one patch of each kind, for each record whose first match is its own.
type everyPatch struct{}

func (everyPatch) Configure([]byte) (sdk.Manifest, error) {
	return sdk.Manifest{
		Name: "every", Version: "1", Columns: []string{sdk.ColumnSeverity, sdk.ColumnMatches}, Rules: []string{"one"},
		Patches:   []string{sdk.ChangeAttributes, sdk.ChangeBody, sdk.ChangeSeverity},
		Detectors: []sdk.Detector{{Kind: sdk.DetectEmail}, {Kind: sdk.DetectRegexp, Pattern: `"x`}}, DetectIn: []string{sdk.ChangeBody},
	}, nil
}

func (everyPatch) Judge(c *sdk.Chunk, v []sdk.Verdict) {
	p := c.Patches()
	for i := range v {
		for k, end := c.Matches(i); k < end; k++ {
			_, text := c.Match(k)
			p.ReplaceMatch(i, 1, k, append([]byte("x"), text...))
		}
		if i == 0 {
			p.ReplaceBody(i, 1, 3, 4, []byte("y"))
			p.SetBody(i, 1, []byte("12345678"))
			p.SetAttr(i, 1, "a", []byte("b"))
			p.DeleteAttr(i, 1, "c")
			p.SetSeverity(i, 1, 17)
			p.SetRoute(i, 0, []byte("eu"))
		}
	}
}

func TestPatchesAreEncodedAsTheHostReadsThem(t *testing.T) {
	run := sdktest.Start(t, sdktest.Native(func() sdk.Filter { return everyPatch{} }), `{}`)
	assert.Equal(t, []string{"patches"}, run.Manifest.Requires)
	assert.Equal(t, []sdk.Detector{{Kind: "email"}, {Kind: "regexp", Pattern: `"x`}}, run.Manifest.Detectors)
	assert.Equal(t, []string{"body"}, run.Manifest.DetectIn)
	run.Judge(sdktest.Record{}, sdktest.Record{Matches: []sdktest.Match{{Detector: 0, Text: "a@b.co"}, {Detector: 1, Text: ""}}}, sdktest.Record{Matches: []sdktest.Match{{Detector: 1, Text: "z"}}})
	assert.Equal(t, []sdktest.Patch{
		{Kind: sdktest.PatchBodyRange, Rule: 1, At: 3, Length: 4, Value: "y"},
		{Kind: sdktest.PatchBody, Rule: 1, Value: "12345678"},
		{Kind: sdktest.PatchSetAttribute, Rule: 1, Key: "a", Value: "b"},
		{Kind: sdktest.PatchDeleteAttribute, Rule: 1, Key: "c"},
		{Kind: sdktest.PatchSeverity, Rule: 1, Severity: 17},
		{Kind: sdktest.PatchRoute, Value: "eu"},
		{Record: 1, Kind: sdktest.PatchMatch, Rule: 1, At: 0, Value: "xa@b.co"},
		{Record: 1, Kind: sdktest.PatchMatch, Rule: 1, At: 1, Value: "x"},
		{Record: 2, Kind: sdktest.PatchMatch, Rule: 1, At: 2, Value: "xz"},
	}, run.Patches())
	run.Judge(sdktest.Record{}, sdktest.Record{})
	assert.Len(t, run.Patches(), 6, "those of the chunk before are gone")
	sdktest.Conformance(t, sdktest.Native(func() sdk.Filter { return everyPatch{} }), `{}`)
}

func TestFiltersThatChangeNothingSpeakVersion10(t *testing.T) {
	g := sdk.NewGuest(sdk.Func(sdk.Manifest{Name: "n", Version: "1"}, func(sdk.Record) sdk.Verdict { return sdk.Keep }))
	assert.Equal(t, `{"name":"n","version":"1","columns":[],"needles":[],"rules":[],"error":""}`, string(g.Configure([]byte(`{}`))))
	assert.Empty(t, g.Patches())
}
