// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest"
)

// all are the filter in each language whose module is committed and, unless tests are to be short, in Go as a module.
func all(t *testing.T) map[string]sdktest.Module {
	m := map[string]sdktest.Module{"Go, native": sdktest.Native(newFilter)}
	modules, err := filepath.Glob("../*/route.wasm")
	require.NoError(t, err)
	require.NotEmpty(t, modules)
	for _, path := range modules {
		m[filepath.Base(filepath.Dir(path))] = sdktest.WASM(t, path)
	}
	if !testing.Short() {
		m["Go"] = sdktest.Build(t, ".")
	}
	return m
}

func TestItConforms(t *testing.T) {
	for name, m := range all(t) {
		t.Run(name, func(t *testing.T) { sdktest.Conformance(t, m, `{}`) })
	}
}

func TestErrorsAreRoutedAndAddressesHidden(t *testing.T) {
	for name, m := range all(t) {
		t.Run(name, func(t *testing.T) {
			run := sdktest.Start(t, m, `{}`)
			two := []sdktest.Match{{Text: "a@b.co"}, {Text: "c@d.eu"}}
			run.Judge(sdktest.Record{Severity: 16}, sdktest.Record{Severity: 17, Matches: two}, sdktest.Record{Matches: two[:1]}, sdktest.Record{Severity: 24})
			assert.Equal(t, []sdktest.Patch{
				{Record: 1, Kind: sdktest.PatchRoute, Rule: ruleErrors, Value: "errors"},
				{Record: 1, Kind: sdktest.PatchMatch, Rule: ruleEmail, At: 0, Value: "***"},
				{Record: 1, Kind: sdktest.PatchMatch, Rule: ruleEmail, At: 1, Value: "***"},
				{Record: 2, Kind: sdktest.PatchMatch, Rule: ruleEmail, At: 2, Value: "***"},
				{Record: 3, Kind: sdktest.PatchRoute, Rule: ruleErrors, Value: "errors"},
			}, run.Patches())
			run.Judge(sdktest.Record{})
			assert.Empty(t, run.Patches())
		})
	}
}

// TestTheModulesAreWhatTheirSourcesWereBuiltTo compares each file with the digest that the build wrote.
func TestTheModulesAreWhatTheirSourcesWereBuiltTo(t *testing.T) {
	lists, err := filepath.Glob("../*/SHA256SUMS")
	require.NoError(t, err)
	require.NotEmpty(t, lists)
	for _, list := range lists {
		sums, err := os.ReadFile(list)
		require.NoError(t, err)
		assert.Equal(t, 3, strings.Count(string(sums), "\n"))
		for line := range strings.Lines(string(sums)) {
			digest, file, _ := strings.Cut(strings.TrimSpace(line), "  ")
			content, err := os.ReadFile(filepath.Join(filepath.Dir(list), file))
			require.NoError(t, err)
			assert.Equal(t, digest, fmt.Sprintf("%x", sha256.Sum256(content)), "%s is not as it was built: run make filters-all", file)
		}
	}
}
