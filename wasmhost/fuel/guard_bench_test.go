// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:build sealgate_bench

package fuel_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/wasmhost/fuel"
)

func TestTheGuardTakesAPercentOrTwo(t *testing.T) {
	guest := buildGuest(t)
	guarded, err := fuel.Instrument(guest, fuel.Limits{Budget: plenty})
	require.NoError(t, err)
	fuel.LeaveGuardOut.Store(true)
	defer fuel.LeaveGuardOut.Store(false)
	unguarded, err := fuel.Instrument(guest, fuel.Limits{Budget: plenty})
	require.NoError(t, err)
	assert.Less(t, len(unguarded.Code), len(guarded.Code))
	assert.Less(t, float64(len(guarded.Code)), 1.025*float64(len(unguarded.Code)))
}
