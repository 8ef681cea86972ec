// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestALongCallIsLeftBetweenItsSlices(t *testing.T) {
	for name, c := range map[string]struct {
		units  int64
		leaves bool
	}{"short": {100, false}, "long": {400_000, true}} {
		t.Run(name, func(t *testing.T) {
			f := filterOf(t, spends(c.units, dropsBelowInfo()), Options{})
			judge(t, f, mixed(1, 1))
			assert.Equal(t, c.leaves, !f.slots[0].instance.host.deadline.IsZero(), "where it is left first, its time begins")
		})
	}
}

// The guest is left again and again; the host ends the call when its time is over.
func TestACallThatTakesTooLongIsEnded(t *testing.T) {
	m := load(t, newRuntime(t), spends(400_000, dropsBelowInfo()))
	i, err := m.instance(Options{}.withDefaults())
	require.NoError(t, err)
	defer i.close()
	i.host.yielded = func() { i.host.deadline = time.Unix(0, 1) }
	p := newPace(i.opts)
	err = i.judge(mixed(1, 1), []int32{0}, &p, 0)
	requireKind(t, KindFuel, err)
	assert.ErrorContains(t, err, "did not end within 2s")
	require.NoError(t, m.Close(t.Context()))
}
