// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:build sealgate_bench

package archive

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sealgate/sealgate/seal"
)

func TestTheSwitchIsReadWhenAnArchiveOpens(t *testing.T) {
	for _, out := range []bool{true, false} {
		LeaveCipherOut.Store(out)
		var o Options
		assert.NoError(t, o.setDefaults())
		LeaveCipherOut.Store(!out)
		var keys seal.FileKeys
		o.switches.apply(&keys)
		assert.Equal(t, out, keys.AEAD != nil)
	}
	LeaveCipherOut.Store(false)
}
