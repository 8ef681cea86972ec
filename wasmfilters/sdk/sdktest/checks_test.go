// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdktest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest"
)

// broken is a filter that breaks the contract in one way.
type broken struct {
	judge func(v []sdk.Verdict)
	flush []sdk.Report
	state []byte
}

func (f *broken) Configure([]byte) (sdk.Manifest, error) {
	return sdk.Manifest{Name: "broken", Version: "1", Rules: []string{"one"}}, nil
}
func (f *broken) Judge(_ *sdk.Chunk, v []sdk.Verdict) { f.judge(v) }
func (f *broken) Flush(uint64, bool) []sdk.Report     { return f.flush }
func (f *broken) SaveState() []byte                   { return f.state }
func (f *broken) RestoreState([]byte) error           { return nil }

// failing are the checks that a filter does not pass.
func failing(f func() sdk.Filter) (names []string) {
	for _, c := range sdktest.Checks {
		if c.Run(sdktest.Native(f), []byte(`{}`)) != nil {
			names = append(names, c.Name)
		}
	}
	return names
}

// changing is a filter that makes one patch of the first record.
type changing struct {
	broken
	patch func(*sdk.Patches)
}

func (f *changing) Configure([]byte) (sdk.Manifest, error) {
	return sdk.Manifest{
		Name: "changing", Version: "1", Columns: []string{sdk.ColumnMatches}, Rules: []string{"one"},
		Patches: []string{sdk.ChangeBody}, Detectors: []sdk.Detector{{Kind: sdk.DetectCard}},
	}, nil
}

func (f *changing) Judge(c *sdk.Chunk, _ []sdk.Verdict) { f.patch(c.Patches()) }

func TestTheConformanceSuiteFindsWrongPatches(t *testing.T) {
	for name, patch := range map[string]func(*sdk.Patches){
		"a record that is not there":   func(p *sdk.Patches) { p.SetBody(1<<20, 1, nil) },
		"records not in their order":   func(p *sdk.Patches) { p.SetBody(1, 1, nil); p.SetBody(0, 1, nil) },
		"a rule that is not there":     func(p *sdk.Patches) { p.SetBody(0, 2, nil) },
		"a match that is not there":    func(p *sdk.Patches) { p.ReplaceMatch(0, 1, 1<<20, nil) },
		"a change that was not wanted": func(p *sdk.Patches) { p.SetSeverity(0, 1, 1) },
	} {
		assert.NotEmpty(t, failing(func() sdk.Filter { return &changing{patch: patch} }), name)
	}
	assert.Empty(t, failing(func() sdk.Filter { return &changing{patch: func(p *sdk.Patches) { p.SetBody(0, 1, []byte("x")) }} }))
}

func TestTheConformanceSuiteFindsWhatIsWrong(t *testing.T) {
	keep := func([]sdk.Verdict) {}
	first := func(x sdk.Verdict) func([]sdk.Verdict) { return func(v []sdk.Verdict) { v[0] = x } }
	for name, f := range map[string]*broken{
		"an action that is not there":              {judge: first(3)},
		"a rule that is not there":                 {judge: first(sdk.Drop(2))},
		"a drop that represents":                   {judge: first(sdk.Drop(1) | sdk.Represent(1))},
		"a representative of nothing":              {judge: first(sdk.Represent(1))},
		"a count that is never told":               {judge: first(sdk.Count(1))},
		"a report of nothing":                      {judge: keep, flush: []sdk.Report{{Count: 1}}},
		"a report with an unknown rule":            {judge: keep, flush: []sdk.Report{{Rule: 2}}},
		"a report whose last is before its first":  {judge: keep, flush: []sdk.Report{{First: 2, Last: 1}}},
		"a state that does not hold what it owes":  {judge: first(sdk.Count(1)), state: []byte{1}},
		"a state of more bytes than are permitted": {judge: keep, state: make([]byte, 16<<20+1)},
	} {
		assert.NotEmpty(t, failing(func() sdk.Filter { return f }), name)
	}
	assert.Empty(t, failing(func() sdk.Filter { return &broken{judge: keep} }))
}
