// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest"
)

func compiled(t testing.TB) []byte {
	b, err := os.ReadFile(sdktest.Compile(t, "."))
	require.NoError(t, err)
	return b
}

func TestTheModuleStaysSmall(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a module")
	}
	assert.Less(t, len(compiled(t)), 2_700_000, "a module takes time to compile by the megabyte: does a filter import fmt, time or encoding/json?")
}

func BenchmarkStart(b *testing.B) {
	config := string(sdk.ConfigOf("rules", []byte(`{"rules":[{"name":"debug","drop":true,"severity_below":"INFO"}]}`)))
	module := compiled(b)
	b.Run("cold", func(b *testing.B) { sdktest.StartTime(b, module, config) })
	m, err := sdktest.Load(module, 0)
	require.NoError(b, err)
	defer m.Close()
	b.Run("instance", func(b *testing.B) { sdktest.InstanceTime(b, m, config) })
}
