// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmfilters

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest"
)

// example is the first code block of the README: a whole program.
func example(t *testing.T) string {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	block := regexp.MustCompile("(?s)```go\n(package main.*?)```").FindSubmatch(readme)
	require.NotNil(t, block)
	return string(block[1])
}

// inModule writes a module with the program, which finds this repository's SDK.
func inModule(t *testing.T, program string) string {
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	dir := t.TempDir()
	mod := "module example\n\ngo 1.26.0\n\nrequire github.com/sealgate/sealgate v0.0.0\n\nreplace github.com/sealgate/sealgate => " + root + "\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte(mod), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(program), 0o600))
	return dir
}

func TestTheExampleOfTheReadmeIsAFilter(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a module")
	}
	program := example(t)
	m := sdktest.Build(t, inModule(t, program))
	sdktest.Conformance(t, m, `{}`)
	v := sdktest.Start(t, m, `{}`).Judge(
		sdktest.Record{Severity: 5}, sdktest.Record{Severity: 9, Body: "GET /healthz"}, sdktest.Record{})
	assert.Equal(t, []sdk.Verdict{sdk.Drop(1), sdk.Drop(2), sdk.Keep}, v)
	assert.NotContains(t, program, "fmt", "the example takes its own advice")
}

func TestTheReadmeTellsOfEveryShippedFilter(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	schemas, err := filepath.Glob("*/schema.json")
	require.NoError(t, err)
	require.NotEmpty(t, schemas)
	for _, s := range schemas {
		name := filepath.Dir(s)
		assert.Contains(t, string(readme), "| ["+name+"]("+name+") |")
		assert.FileExists(t, filepath.Join(name, "README.md"))
		assert.False(t, strings.Contains(name, "_"), "names of filters are words")
	}
}
