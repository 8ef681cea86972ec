// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package cases

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/wasmfilters/builtin"
)

// outcome is what became of the records of a case.
type outcome struct {
	bodies  []string // of the records that were read, in order
	kept    []bool   // of each of them
	dropped int      // records that are counted as dropped, in whatever way

	// counted returns how many records are counted under an attribute; nil where no summaries are written.
	counted func(key, value string) int
}

func (o *outcome) keptBodies() (bodies []string) {
	for i, kept := range o.kept {
		if kept {
			bodies = append(bodies, o.bodies[i])
		}
	}
	return bodies
}

// way runs the inputs of a case through a filter. Its settings are those of the processor `wasmfilter`.
type way func(t *testing.T, inputs []string, as string, settings map[string]any) *outcome

func TestEachCaseHasItsRightOutcomeBothWays(t *testing.T) {
	if len(builtin.Names()) == 0 {
		t.Skip("no filter is compiled in; run make filters")
	}
	dirs, err := filepath.Glob("testdata/cases/*")
	require.NoError(t, err)
	require.NotEmpty(t, dirs)
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			require.FileExists(t, filepath.Join(dir, "expect.txt"))
			e := readExpectation(t, dir)
			require.NotEmpty(t, e.checks)
			settings := e.filter
			if settings == nil {
				settings = shipped(t, e.as)
			}
			judged := map[string]*outcome{}
			for name, run := range map[string]way{"trial": trial, "processor": collector} {
				t.Run(name, func(t *testing.T) {
					o := run(t, inputsOf(t, dir), e.as, settings)
					judged[name] = o
					assert.Equal(t, len(o.bodies), len(o.keptBodies())+o.dropped, "kept and counted are all records")
					for _, check := range e.checks {
						check(t, o)
					}
				})
			}
			if a, b := judged["trial"], judged["processor"]; a != nil && b != nil {
				assert.Equal(t, a.bodies, b.bodies, "both ways read the same records")
				assert.Equal(t, a.keptBodies(), b.keptBodies(), "both ways keep the same records")
			}
		})
	}
}

func inputsOf(t *testing.T, dir string) []string {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(dir, "*.log"))
	require.NoError(t, err)
	documents, err := filepath.Glob(filepath.Join(dir, "*.json"))
	require.NoError(t, err)
	inputs := append(logs, documents...)
	require.NotEmpty(t, inputs)
	return inputs
}
