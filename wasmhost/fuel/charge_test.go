// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fuel_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/sealgate/sealgate/wasmhost/fuel"
)

var (
	nop       = b(0x01)
	drop      = b(0x1a)
	end       = b(0x0b)
	prefix    = join(b(0x02, 0x40, 0x0c, 0x00), end) // block; br 0; end
	nullFunc  = b(0xd0, 0x70)
	param     = b(0x20, 0x00) // local.get 0
	countdown = join(         // loop; local 0 -= 1; br_if 0; end
		b(0x03, 0x40), param, i32(1), b(0x6b, 0x22, 0x00, 0x0d, 0x00), end)
)

func TestUnitsAreTakenAsDocumented(t *testing.T) {
	for name, c := range map[string]struct {
		instructions []byte
		arg          uint64
		want         int64
	}{
		"entry":                                {param, 0, 1},
		"function that starts with its loop":   {join(countdown, param), 10, 10},
		"entry, then a loop":                   {join(prefix, countdown, param), 10, 11},
		"loop that is passed once":             {join(prefix, b(0x03, 0x40), end, param), 0, 2},
		"loop after a prologue":                {join(param, b(0x21, 0x00), countdown, param), 10, 10},
		"loop in blocks":                       {join(b(0x02, 0x40, 0x02, 0x40), countdown, end, end, param), 10, 10},
		"loop behind a branch":                 {join(b(0x02, 0x40), param, b(0x0d, 0x00), b(0x03, 0x40), end, end, param), 1, 1},
		"loop far from the start":              {join(bytes.Repeat(nop, 9), countdown, param), 10, 11},
		"loop that is not reached":             {join(param, b(0x04, 0x40, 0x03, 0x40), end, end, param), 0, 1},
		"memory.fill of 64 bytes":              {join(i32(0), i32(1), param, b(0xfc, 0x0b, 0x00), param), 64, 1 + 1 + 8},
		"memory.fill of nothing":               {join(i32(0), i32(1), param, b(0xfc, 0x0b, 0x00), param), 0, 1 + 1},
		"memory.fill of 31 bytes":              {join(i32(0), i32(1), param, b(0xfc, 0x0b, 0x00), param), 31, 1 + 1 + 3},
		"memory.copy of 4096 bytes":            {join(i32(0), i32(1), param, b(0xfc, 0x0a, 0x00, 0x00), param), 4096, 1 + 1 + 512},
		"memory.init of 3 bytes":               {join(i32(0), i32(0), param, b(0xfc, 0x08, 0x00, 0x00), param), 3, 1 + 1},
		"memory.grow by 2 pages":               {join(param, b(0x40, 0x00)), 2, 1 + 1 + 2*2048},
		"memory.grow that is refused":          {join(param, b(0x40, 0x00)), 1 << 20, 1 + 1 + 1<<20*2048},
		"memory.grow by 2^32-1 pages":          {join(param, b(0x40, 0x00)), 1<<32 - 1, 1 + 1 + (1<<32-1)*2048},
		"table.grow by 8":                      {join(nullFunc, param, b(0xfc, 0x0f, 0x00)), 8, 1 + 1 + 2},
		"table.fill of 10":                     {join(i32(0), nullFunc, param, b(0xfc, 0x11, 0x00), param), 10, 1 + 1 + 2},
		"table.copy of 4":                      {join(i32(0), i32(1), param, b(0xfc, 0x0e, 0x00, 0x00), param), 4, 1 + 1 + 1},
		"table.init of 1":                      {join(i32(0), i32(0), param, b(0xfc, 0x0c, 0x00, 0x00), param), 1, 1 + 1},
		"straight code, less than a stretch":   {join(bytes.Repeat(nop, 1000), param), 0, 1},
		"straight code, four stretches":        {join(bytes.Repeat(nop, 4*fuel.Stretch), param), 0, 1 + 4},
		"64 square roots, more than a stretch": {join(b(0x43, 0, 0, 0, 0), bytes.Repeat(b(0x91), 64), drop, param), 0, 1 + 1},
	} {
		t.Run(name, func(t *testing.T) {
			onEngines(t, func(t *testing.T, r wazero.Runtime) {
				used, _, err := run(t, r, single(i32ToI32, nil, c.instructions), plenty, c.arg)
				require.NoError(t, err)
				assert.Equal(t, c.want, used)
			})
		})
	}
}

func TestLocalsAreChargedSinceTheyAreCleared(t *testing.T) {
	for groups, want := range map[int]int64{8: 1, 9: 2, 20: 3} { // of 127 locals each
		module := single(i32ToI32, bytes.Repeat(b(127, 0x7f), groups), param)
		used, _, err := run(t, newRuntime(t, "interpreter"), module, plenty, 0)
		require.NoError(t, err)
		assert.Equal(t, want, used)
	}
}

// A function that calls nothing counts in a local. What it took is in the counter however it
// ends, and its values reach the caller.
func TestCounterIsStoredHoweverAFunctionWithALoopEnds(t *testing.T) {
	turn := join(param, i32(1), b(0x6b, 0x22, 0x00)) // local 0 less one, which stays on the stack
	for name, instructions := range map[string][]byte{
		"at its end":             join(countdown, i32(7)),
		"return":                 join(b(0x03, 0x40), turn, b(0x45, 0x04, 0x40), i32(7), b(0x0f), end, b(0x0c, 0x00), end, b(0x00)),
		"return over operands":   join(b(0x03, 0x40), turn, b(0x45, 0x04, 0x40), i32(1), i32(2), i32(7), b(0x0f), end, b(0x0c, 0x00), end, b(0x00)),
		"br out of all":          join(b(0x03, 0x40), turn, b(0x45, 0x04, 0x40), i32(7), b(0x0c, 0x02), end, b(0x0c, 0x00), end, b(0x00)),
		"br_if out of all":       join(b(0x03, 0x40), i32(7), turn, b(0x45, 0x0d, 0x01, 0x1a, 0x0c, 0x00), end, b(0x00)),
		"br_table out of all":    join(b(0x03, 0x40, 0x02, 0x7f), i32(7), turn, b(0x0e, 1, 2, 0), end, b(0x1a, 0x0c, 0x00), end, b(0x00)),
		"code behind the return": join(countdown, i32(7), b(0x0f, 0x1a), countdown),
	} {
		t.Run(name, func(t *testing.T) {
			onEngines(t, func(t *testing.T, r wazero.Runtime) {
				module := single(i32ToI32, nil, instructions)
				used, results, err := run(t, r, module, plenty, 10)
				require.NoError(t, err)
				assert.EqualValues(t, 10, used)
				assert.Equal(t, []uint64{7}, results)
				_, _, err = run(t, r, module, 9, 10)
				assert.ErrorContains(t, err, "unreachable")
			})
		})
	}
}

func TestFunctionsThatReturnSeveralValuesOrCallInTailPositionAreChargedTheSame(t *testing.T) {
	module := source{
		types:   [][]byte{i32ToI32, b(0x60, 1, 0x7f, 2, 0x7f, 0x7f)},
		funcs:   [][]byte{b(0), b(1), b(0)},
		exports: [][]byte{export("f", 0, 0), export("two", 0, 1)},
		code: [][]byte{
			fn(nil, countdown, i32(10), b(0x12, 2)),
			fn(nil, countdown, i32(1), i32(2)),
			fn(nil, countdown, param),
		},
	}.bytes()
	onEngines(t, func(t *testing.T, r wazero.Runtime) {
		used, _, err := run(t, r, module, plenty, 10)
		require.NoError(t, err)
		assert.EqualValues(t, 10+10, used)
		instance, counter := load(t, r, module, 5)
		results, err := instance.ExportedFunction("two").Call(t.Context(), 5)
		require.NoError(t, err)
		assert.Equal(t, []uint64{1, 2}, results)
		assert.Zero(t, counter.Get())
	})
}

// What a function that calls others takes of the stack it gives back where it ends, however that is.
func TestFunctionThatCallsOthersTakesItsFrame(t *testing.T) {
	call := b(0x10, 1)
	for name, code := range map[string][]byte{
		"its end": join(param, call), "return": join(param, b(0x0f), param, call), "100 locals": join(param, call),
		"a call in tail position":  join(param, call, b(0x1a), param, b(0x12, 1)),
		"a call of the table":      join(param, i32(0), b(0x11, 0, 0)),
		"a loop, and a call in it": join(countdown, param, call),
	} {
		t.Run(name, func(t *testing.T) {
			onEngines(t, func(t *testing.T, r wazero.Runtime) {
				module := source{
					types:    [][]byte{i32ToI32},
					funcs:    [][]byte{b(0), b(0)},
					tables:   [][]byte{b(0x70, 0x00, 1)},
					exports:  [][]byte{export("f", 0, 0)},
					elements: [][]byte{join(b(0x00), i32(0), end, vec(u32(1)))},
					code:     [][]byte{fn(b(100, 0x7f), code), fn(nil, param)},
				}.bytes()
				instance, _ := load(t, r, module, plenty)
				stack := instance.ExportedGlobal(fuel.Stack)
				before := stack.Get()
				_, err := instance.ExportedFunction("f").Call(t.Context(), 10)
				require.NoError(t, err)
				assert.Equal(t, before, stack.Get())
			})
		})
	}
}

func TestRecursionEndsAtTheStackThatIsGranted(t *testing.T) {
	for name, typ := range map[string][]byte{"one value": i32ToI32, "two values": b(0x60, 1, 0x7f, 2, 0x7f, 0x7f)} {
		t.Run(name, func(t *testing.T) {
			r := newRuntime(t, "compiler") // the interpreter has its own limit
			m, err := fuel.Instrument(single(typ, nil, param, b(0x10, 0)), fuel.Limits{Budget: 1_000_000, Stack: 1 << 20})
			require.NoError(t, err)
			instance, err := r.InstantiateWithConfig(t.Context(), m.Code, wazero.NewModuleConfig().WithName(""))
			require.NoError(t, err)
			_, err = instance.ExportedFunction("f").Call(t.Context(), 1)
			require.ErrorContains(t, err, "unreachable")
			spent := int32(instance.ExportedGlobal(fuel.Stack).Get()) < 0
			assert.Equal(t, name == "one value", spent, "what is not given back is paid for with fuel")
		})
	}
}

// A budget that is given in slices is as much as one that is not, and the guest is left between them.
func TestSlicesMakeUpTheBudget(t *testing.T) {
	for _, turns := range []int64{1, fuel.Slice - 1, fuel.Slice, fuel.Slice + 1, 10 * fuel.Slice} {
		for name, code := range map[string][]byte{"in a local": countdown, "in the global": join(b(0x10, 1), countdown)} {
			onEngines(t, func(t *testing.T, r wazero.Runtime) {
				module := source{
					types:    [][]byte{i32ToI32, noneToNone},
					funcs:    [][]byte{b(0), b(1)},
					memories: [][]byte{pages(1)},
					exports:  [][]byte{export("f", 0, 0)},
					code:     [][]byte{fn(nil, code, param), fn(nil)},
				}.bytes()
				instance, counter := load(t, r, module, 1)
				reserve := instance.ExportedGlobal(fuel.Reserve).(api.MutableGlobal)
				try := func(budget int64) error {
					c, rest := fuel.Split(budget)
					counter.Set(uint64(c))
					reserve.Set(uint64(rest))
					_, err := instance.ExportedFunction("f").Call(t.Context(), uint64(turns))
					return err
				}
				need := turns
				if name == "in the global" {
					need += 2
				}
				require.NoError(t, try(need), "%s: %d", name, turns)
				assert.Zero(t, fuel.Left(counter, reserve))
				require.ErrorContains(t, try(need-1), "unreachable", "%s: %d", name, turns)
				assert.Negative(t, fuel.Left(counter, reserve))
			})
		}
	}
}

// A path may jump over each place where straight code would be charged if one counted
// bytes as they stand in the file.
func TestStraightCodeIsChargedHoweverItJumps(t *testing.T) {
	const segments = 300
	filler := bytes.Repeat(nop, 500)
	for name, jump := range map[string][]byte{
		"br_if over the rest of a block": join(b(0x02, 0x40), filler, param, b(0x0d, 0x00), filler, filler, end),
		"br over the rest of a block":    join(b(0x02, 0x40), filler, b(0x0c, 0x00), filler, filler, end),
		"br_table":                       join(b(0x02, 0x40), filler, param, b(0x0e, 1, 0, 0), filler, filler, end),
		"then of if":                     join(param, b(0x04, 0x40), filler, b(0x05), filler, filler, end),
		"else of if":                     join(param, b(0x45, 0x04, 0x40), filler, filler, b(0x05), filler, end),
		"if without else":                join(filler, param, b(0x45, 0x04, 0x40), filler, filler, end),
		"nested blocks":                  join(b(0x02, 0x40, 0x02, 0x40), filler, b(0x0c, 0x01), end, filler, filler, end),
	} {
		t.Run(name, func(t *testing.T) {
			module := single(i32ToI32, nil, bytes.Repeat(jump, segments), param)
			used, _, err := run(t, newRuntime(t, "interpreter"), module, plenty, 1)
			require.NoError(t, err)
			executed := int64(segments * len(filler))
			assert.GreaterOrEqual(t, used, executed/(fuel.Stretch+len64(filler)), "of %d bytes executed", executed)
		})
	}
}

func len64(b []byte) int64 { return int64(len(b)) }

func TestBudgetOfInstrumentIsThatOfTheStartFunction(t *testing.T) {
	module := source{
		types: [][]byte{noneToNone},
		funcs: [][]byte{b(0)},
		start: [][]byte{b(0)},
		code:  [][]byte{fn(b(1, 0x7f), i32(100), b(0x21, 0x00), countdown)},
	}.bytes()
	r := newRuntime(t, "interpreter")
	_, counter := load(t, r, module, 100)
	assert.Zero(t, counter.Get())
	m, err := fuel.Instrument(module, fuel.Limits{Budget: 99})
	require.NoError(t, err)
	_, err = r.Instantiate(t.Context(), m.Code)
	assert.ErrorContains(t, err, "unreachable")
}
