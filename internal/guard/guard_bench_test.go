// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:build sealgate_bench

package guard_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/internal/guard"
	"github.com/sealgate/sealgate/wasmfilters/builtin"
	"github.com/sealgate/sealgate/wasmhost/fuel"
)

func TestTheGuardTakesFivePercent(t *testing.T) {
	module, err := builtin.Find("rules")
	require.NoError(t, err)
	filter, err := module.Read()
	require.NoError(t, err)
	guarded, err := fuel.Instrument(filter, fuel.Limits{})
	require.NoError(t, err)
	guard.LeaveGuardOut.Store(true)
	defer guard.LeaveGuardOut.Store(false)
	unguarded, err := fuel.Instrument(filter, fuel.Limits{})
	require.NoError(t, err)
	assert.Less(t, len(unguarded.Code), len(guarded.Code))
	assert.Less(t, float64(len(guarded.Code)), 1.06*float64(len(unguarded.Code)))
}
