// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package builtin

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest"
)

// minimal is the shortest configuration of each filter.
var minimal = map[string]string{
	"dedup": `{}`, "probes": `{}`, "ratelimit": `{"rate":1}`, "redundancy": `{}`, "rules": `{}`, "sample": `{"percentage":1}`,
}

func TestEveryFilterThatIsCompiledInIsSelectedByItsName(t *testing.T) {
	wasm, err := module()
	if err != nil {
		t.Skip("no filter is compiled in; `make filters` builds them")
	}
	m, err := sdktest.Load(wasm, sdktest.Deadline)
	require.NoError(t, err)
	defer m.Close()
	for _, name := range Names() {
		_, config, err := Load(name, []byte(minimal[name]))
		require.NoError(t, err)
		assert.Equal(t, name, sdktest.Start(t, m, string(config)).Manifest.Name)
	}
}

func TestTheNamesAreThoseOfTheFolders(t *testing.T) {
	schemas, err := filepath.Glob("../*/schema.json")
	require.NoError(t, err)
	var folders []string
	for _, s := range schemas {
		folders = append(folders, filepath.Base(filepath.Dir(s)))
	}
	assert.Equal(t, folders, names)
	assert.True(t, slices.IsSorted(names))
}

func TestAFilterThatIsNotThereIsAnsweredWithThoseThatAre(t *testing.T) {
	for _, name := range []string{"rulez", "", "../builtin", "README.md"} {
		_, _, err := Load(name, nil)
		require.ErrorContains(t, err, "there is no built-in filter")
		for _, known := range Names() {
			assert.ErrorContains(t, err, known)
		}
	}
}
