// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package builtin

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAPackedModuleIsFoundByItsDigestAndReadAsItWas(t *testing.T) {
	wasm := bytes.Repeat([]byte("module"), 10_000)
	var packed bytes.Buffer
	require.NoError(t, Pack(&packed, wasm))
	assert.Less(t, packed.Len(), 1000)
	m, err := find(fstest.MapFS{"m": {Data: packed.Bytes()}}, "m")
	require.NoError(t, err)
	assert.Equal(t, fmt.Sprintf("%x", sha256.Sum256(wasm)), m.SHA256)
	for range 2 {
		read, err := m.Read()
		require.NoError(t, err)
		assert.Equal(t, wasm, read)
	}
}

func TestWhatIsNotPackedIsRefusedByItsName(t *testing.T) {
	_, err := find(fstest.MapFS{"m": {Data: []byte("\x00asm")}}, "m")
	require.ErrorContains(t, err, "unpack m:")
}
