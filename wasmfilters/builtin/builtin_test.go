// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package builtin

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheFiltersThatAreCompiledInAreThoseOfTheFolders(t *testing.T) {
	compiledIn(t)
	schemas, err := filepath.Glob("../*/schema.json")
	require.NoError(t, err)
	var folders []string
	for _, s := range schemas {
		folders = append(folders, filepath.Base(filepath.Dir(s)))
	}
	assert.Equal(t, folders, Names())
}

func TestModulesHaveTheDigestThatTheyAreFoundWithAndStaySmall(t *testing.T) {
	for _, name := range compiledIn(t) {
		found, err := Find(name)
		require.NoError(t, err)
		wasm, err := Load(name)
		require.NoError(t, err)
		assert.Equal(t, fmt.Sprintf("%x", sha256.Sum256(wasm)), found.SHA256)
		most := 2_200_000
		if name == "redact" {
			most += 500_000 // SHA-256, with the self-tests of FIPS 140 that come with it
		}
		assert.Less(t, len(wasm), most, "%s: a start takes time by the megabyte: does it import fmt, time or encoding/json?", name)
	}
}

func compiledIn(t *testing.T) []string {
	names := Names()
	if len(names) == 0 {
		t.Skip("no filter is compiled in; `make filters` builds them")
	}
	return names
}

func TestAFilterThatIsNotThereIsAnsweredWithThoseThatAre(t *testing.T) {
	for _, name := range []string{"rulez", "", "../builtin", "README.md"} {
		_, err := Find(name)
		require.ErrorContains(t, err, "there is no built-in filter")
		for _, known := range Names() {
			assert.ErrorContains(t, err, known)
		}
	}
}
