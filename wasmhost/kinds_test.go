// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMemoryGrowsUpToItsLimit(t *testing.T) {
	var m memory
	const more = 100
	identity := func(i int) uint64 { return mix(0, uint64(i)) }
	for i := range maxKinds + more {
		m.add(identity(i), kind{template: uint64(i), bytes: 2})
		m.add(identity(max(0, i-1)), kind{bytes: 1})
	}
	for i := range maxKinds + more {
		k, ok := m.take(identity(i))
		require.Equal(t, i >= more, ok, i)
		if ok {
			assert.EqualValues(t, i, k.template)
			assert.Positive(t, k.bytes)
		}
	}
	_, ok := m.take(1)
	assert.False(t, ok)
}

func TestMemoryKeepsWhatIsUsed(t *testing.T) {
	var m memory
	for i := range 2 * maxKinds {
		m.add(mix(0, uint64(i)), kind{bytes: 1})
		m.add(7, kind{template: 7, bytes: 1})
	}
	k, ok := m.take(7)
	assert.True(t, ok)
	assert.EqualValues(t, 2*maxKinds, k.bytes)
}
