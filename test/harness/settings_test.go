// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/internal/labelbackends"
)

func TestSettingsAreMergedIntoAConfiguration(t *testing.T) {
	got, err := withSettings("tempo", "a: {b: 1, c: [x]}\nd: 2\n", []string{"a: {b: 3, c: [y]}", "e: {f: 4}"})
	require.NoError(t, err)
	assert.JSONEq(t, `{"a": {"b": 3, "c": ["x", "y"]}, "d": 2, "e": {"f": 4}}`, string(got))
}

func TestWithoutSettingsABackendHasWhatTheLabelsNeed(t *testing.T) {
	for _, backend := range labelbackends.Names() {
		got, err := withSettings(backend, "a: 1", nil)
		require.NoError(t, err)
		assert.Greater(t, len(got), len(`{"a": 1}`)+100, backend)
	}
}
