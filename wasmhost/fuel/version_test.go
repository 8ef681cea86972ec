// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fuel

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAnyChangeOfTheSourcesIsAnotherVersion(t *testing.T) {
	version := func(charge string) string {
		return digest(fstest.MapFS{"body.go": {Data: []byte("package fuel")}, "charge.go": {Data: []byte(charge)}})
	}
	assert.Equal(t, version("a loop costs 1"), version("a loop costs 1"))
	assert.NotEqual(t, version("a loop costs 1"), version("a loop costs 2"))
}

func TestTheVersionIsThatOfAllSources(t *testing.T) {
	files, err := sources.ReadDir(".")
	require.NoError(t, err)
	assert.Greater(t, len(files), 10)
	assert.Equal(t, digest(sources), Version())
	assert.Len(t, Version(), 64)
}
