// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package builtin

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryFilterThatIsCompiledInIsAModule(t *testing.T) {
	if len(Names()) == 0 {
		t.Skip("no filter is compiled in; `make filters` builds them")
	}
	assert.Contains(t, Names(), "rules")
	for _, name := range Names() {
		module, err := Module(name)
		require.NoError(t, err)
		assert.Equal(t, "\x00asm", string(module[:4]), name)
	}
}

func TestAFilterThatIsNotThereIsAnsweredWithThoseThatAre(t *testing.T) {
	for _, name := range []string{"rulez", "", "../builtin", "README.md"} {
		_, err := Module(name)
		require.ErrorContains(t, err, "there is no built-in filter")
		for _, known := range Names() {
			assert.ErrorContains(t, err, known)
		}
	}
}
