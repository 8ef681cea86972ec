// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fuel_test

import (
	"bytes"
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/sealgate/sealgate/wasmhost/fuel"
)

const budget = 100_000

// forever is a loop around instructions.
func forever(instructions ...[]byte) []byte {
	return join(b(0x03, 0x40), join(instructions...), b(0x0c, 0x00), end, b(0x00))
}

func TestGuestThatDoesNotEndIsStopped(t *testing.T) {
	big := i32(0xffff) // bytes; the memory has one page
	for name, module := range map[string][]byte{
		"endless loop":              single(noneToNone, nil, forever()),
		"endless loop in a block":   single(noneToNone, nil, b(0x02, 0x40), forever(), end),
		"loops that restart":        single(noneToNone, nil, forever(b(0x03, 0x40), end)),
		"recursion":                 single(noneToNone, nil, b(0x10, 0x00)),
		"recursion with a loop":     single(noneToNone, nil, b(0x03, 0x40, 0x10, 0x00), end),
		"indirect recursion":        single(noneToNone, nil, i32(0), i32(0), i32(1), b(0xfc, 0x0c, 0, 0), i32(0), b(0x11, 0, 0)),
		"binary tree of calls":      single(noneToNone, nil, b(0x10, 0x00, 0x10, 0x00)),
		"tail call of itself":       single(noneToNone, nil, b(0x12, 0x00)),
		"tail call by the table":    single(noneToNone, nil, i32(0), i32(0), i32(1), b(0xfc, 0x0c, 0, 0), i32(0), b(0x13, 0, 0)),
		"mutual tail calls":         mutualTailCalls(b(0x12)),
		"memory grows for ever":     single(noneToNone, nil, forever(i32(1), b(0x40, 0x00, 0x1a))),
		"memory grows at once":      single(noneToNone, nil, i32(1000), b(0x40, 0x00, 0x1a)),
		"memory grows by nothing":   single(noneToNone, nil, forever(i32(0), b(0x40, 0x00, 0x1a))),
		"memory grows by -1":        single(noneToNone, nil, forever(i32(-1), b(0x40, 0x00, 0x1a))),
		"memory is filled":          single(noneToNone, nil, forever(i32(0), i32(0), big, b(0xfc, 0x0b, 0x00))),
		"memory is filled, -1":      single(noneToNone, nil, i32(0), i32(0), i32(-1), b(0xfc, 0x0b, 0x00)),
		"memory is filled, 2^31":    single(noneToNone, nil, i32(0), i32(0), i32(-1<<31), b(0xfc, 0x0b, 0x00)),
		"memory is copied":          single(noneToNone, nil, forever(i32(0), i32(1), big, b(0xfc, 0x0a, 0x00, 0x00))),
		"memory is initialised":     single(noneToNone, nil, forever(i32(0), i32(0), i32(3), b(0xfc, 0x08, 0x00, 0x00))),
		"table grows for ever":      single(noneToNone, nil, forever(nullFunc, i32(1), b(0xfc, 0x0f, 0x00, 0x1a))),
		"table grows at once":       single(noneToNone, nil, nullFunc, i32(-1), b(0xfc, 0x0f, 0x00, 0x1a)),
		"table is filled":           single(noneToNone, nil, forever(i32(0), nullFunc, i32(10), b(0xfc, 0x11, 0x00))),
		"table is copied":           single(noneToNone, nil, forever(i32(0), i32(0), i32(10), b(0xfc, 0x0e, 0x00, 0x00))),
		"long code in a loop":       single(noneToNone, nil, forever(bytes.Repeat(nop, 1<<16))),
		"fills in a row, no loop":   single(noneToNone, nil, bytes.Repeat(join(i32(0), i32(0), big, b(0xfc, 0x0b, 0x00)), 60)),
		"divisions in a row":        single(noneToNone, nil, forever(bytes.Repeat(join(i32(7), i32(3), b(0x6d, 0x1a)), 5000))),
		"branch back by a table":    single(noneToNone, nil, b(0x03, 0x40), i32(9), b(0x0e, 1, 0, 0), end),
		"loop behind a return path": single(noneToNone, nil, b(0x02, 0x40), i32(0), b(0x0d, 0x00), forever(), end),
	} {
		t.Run(name, func(t *testing.T) {
			onEngines(t, func(t *testing.T, r wazero.Runtime) { stops(t, r, module) })
		})
	}
}

func mutualTailCalls(call []byte) []byte {
	return source{
		types:   [][]byte{noneToNone},
		funcs:   [][]byte{b(0), b(0)},
		exports: [][]byte{export("f", 0, 0)},
		code:    [][]byte{fn(nil, call, b(1)), fn(nil, b(0x03, 0x40), call, b(0), end)},
	}.bytes()
}

// stops calls "f" and wants a trap with the counter below zero, within a time that is
// no benchmark but tells a guard from none.
func stops(t *testing.T, r wazero.Runtime, module []byte) {
	instance, counter := load(t, r, module, plenty)
	defer instance.Close(context.Background())
	counter.Set(budget)
	began := time.Now()
	_, err := instance.ExportedFunction("f").Call(context.Background())
	took := time.Since(began)
	if err != nil && bytes.Contains([]byte(err.Error()), []byte("stack overflow")) {
		t.Logf("the engine's own limit of the stack came first, after %d units", budget-int64(counter.Get()))
		return
	}
	require.ErrorContains(t, err, "unreachable")
	assert.True(t, fuel.Spent(counter), "counter is %d", int64(counter.Get()))
	if os.Getenv("SEALGATE_EMULATED") == "" { // scripts/test-arm sets it
		assert.Less(t, took, 2*time.Second)
	}
}

func TestTrapOfTheGuestItselfIsNotSpentFuel(t *testing.T) {
	onEngines(t, func(t *testing.T, r wazero.Runtime) {
		instance, counter := load(t, r, single(noneToNone, nil, b(0x00)), 1)
		_, err := instance.ExportedFunction("f").Call(context.Background())
		require.ErrorContains(t, err, "unreachable")
		assert.False(t, fuel.Spent(counter))
	})
	assert.False(t, fuel.Spent(nil))
	var none api.Global
	assert.False(t, fuel.Spent(none))
}

func TestLastUnitMayBeUsed(t *testing.T) {
	onEngines(t, func(t *testing.T, r wazero.Runtime) {
		used, _, err := run(t, r, single(i32ToI32, nil, countdown, param), 10, 10)
		require.NoError(t, err)
		assert.EqualValues(t, 10, used)
		_, _, err = run(t, r, single(i32ToI32, nil, countdown, param), 9, 10)
		require.ErrorContains(t, err, "unreachable")
	})
}

func TestGuestThatWasStoppedStaysStopped(t *testing.T) {
	onEngines(t, func(t *testing.T, r wazero.Runtime) {
		instance, counter := load(t, r, single(noneToNone, nil, forever()), 10)
		for range 3 {
			_, err := instance.ExportedFunction("f").Call(context.Background())
			require.ErrorContains(t, err, "unreachable")
			require.True(t, fuel.Spent(counter))
		}
	})
}
