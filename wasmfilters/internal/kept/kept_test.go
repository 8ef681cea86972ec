// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package kept

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/wasmfilters/sdk/conf"
)

func TestAGuardKeepsSevereAndProtectedRecords(t *testing.T) {
	for config, keeps := range map[string][]uint8{
		`"WARN"`: {13, 16, 17, 24}, `"ERROR2"`: {18, 24}, `24`: {24}, `"NONE"`: nil,
	} {
		v, err := conf.Parse([]byte(config))
		require.NoError(t, err)
		g, err := Parse(&v)
		require.NoError(t, err)
		for _, s := range keeps {
			assert.True(t, g.Keeps(s, 0), "%s %d", config, s)
		}
		for _, s := range []uint8{0, 1, 9, 12, 25, 255} {
			assert.False(t, g.Keeps(s, 0), "%s %d", config, s)
			assert.True(t, g.Keeps(s, 1), "%s %d", config, s)
		}
	}
}
