// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fuel

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// longest is how long a guest may hold up another goroutine: it can be preempted between two slices.
const longest = 50 * time.Millisecond

// TestNoInstructionMakesASliceLong looks for the module whose slice takes longest, of loops and of straight code
// made of each instruction that the validator lets through, with addresses that miss every cache; and of what
// was found to be dear by hand; then of mixtures of the worst. The time is the least of some runs, so that what else the
// machine does does not count.
func TestNoInstructionMakesASliceLong(t *testing.T) {
	if testing.Short() {
		t.Skip("runs for half a minute")
	}
	r := newWorstRuntime(t)
	all := r.measure(t, candidates(t))
	all = append(all, r.measure(t, mixtures(all[:min(60, len(all))]))...)
	slices.SortFunc(all, byTime)
	for _, f := range all[:min(12, len(all))] {
		t.Logf("%10v  %s", f.took, f.name)
	}
	t.Logf("of %d modules", len(all))
	assert.Less(t, all[0].took, longest, all[0].name)
}

// TestOneBulkInstructionIsNotLong is for instructions that may take more than a slice: all of a budget.
func TestOneBulkInstructionIsNotLong(t *testing.T) {
	r := newWorstRuntime(t)
	const half = worstPages << 15 // bytes of half of the memory
	number := func(n int64) []byte { return appendSigned([]byte{0x41}, n) }
	for name, code := range map[string][]byte{
		"memory.fill": slices.Concat(number(0), number(1), number(half), []byte{0xfc, 0x0b, 0x00}),
		"memory.copy": slices.Concat(number(0), number(half), number(half), []byte{0xfc, 0x0a, 0x00, 0x00}),
		"table.fill":  slices.Concat(number(0), []byte{0xd0, 0x70}, number(MaxTable), []byte{0xfc, 0x11, 0x00}),
		"table.copy":  slices.Concat(number(0), number(0), number(MaxTable), []byte{0xfc, 0x0e, 0x00, 0x00}),
	} {
		took := r.run(t, worstModule(code, nil), 10_000_000)
		t.Logf("%10v  %s", took, name)
		assert.Less(t, took, longest, name)
	}
}

// candidate is code to be tried. What is made of instructions can be mixed.
type candidate struct {
	name   string
	module []byte
	one    []byte // an instruction with its operands; nil where it is not one
	cost   int
}

type finding struct {
	candidate
	took time.Duration
}

func byTime(a, b finding) int { return cmp.Compare(b.took, a.took) }

// measure returns the longest first.
func (r worstRuntime) measure(t *testing.T, all []candidate) (found []finding) {
	t.Helper()
	for _, c := range all {
		found = append(found, finding{c, r.run(t, c.module, Slice)})
	}
	slices.SortFunc(found, byTime)
	return found
}

// mixtures are loops of some of the worst instructions, in a random order that is the same each time.
func mixtures(worst []finding) (all []candidate) {
	rng := rand.New(rand.NewPCG(1, 2))
	worst = slices.DeleteFunc(slices.Clone(worst), func(f finding) bool { return f.one == nil })
	for range 200 {
		var turn []byte
		name := "mixture of"
		for cost := 0; len(worst) > 0; {
			f := worst[rng.IntN(len(worst))]
			if cost += f.cost; cost > Stretch-8 {
				break
			}
			turn, name = append(turn, f.one...), name+" "+f.name
		}
		all = append(all, candidate{name: name[:min(len(name), 200)], module: worstModule(forever(turn), nil)})
	}
	return all
}

const worstPages = 1024 // 64 MiB, the most by default

// Types of the locals of the modules: i32 i64 f32 f64 v128 funcref, from local 1.
var worstTypes = []byte{0x7f, 0x7e, 0x7d, 0x7c, 0x7b, 0x70}

// candidates are a loop around as much of an instruction as a turn holds, and the same without a loop.
func candidates(t *testing.T) (all []candidate) {
	t.Helper()
	validate := newValidator(t)
	for _, in := range instructionsOf() {
		for _, operands := range operandsOf(validate, in) {
			for mode, address := range map[string][]byte{"near": {0x20, 1}, "far": farAddress} {
				one := slices.Concat(push(operands, address), in.code)
				if in.leaves {
					one = append(one, 0x1a)
				}
				cost := len(one) + in.op.extra
				if bytes.Contains(one, farAddress) {
					if mode == "near" {
						continue
					}
				} else if mode == "far" {
					continue
				}
				turn := bytes.Repeat(one, max(1, (Stretch-8)/cost))
				name := fmt.Sprintf("%s %x of %x", mode, in.code, operands)
				straight := bytes.Repeat(one, 10*(Stretch/cost+1))
				all = append(all, candidate{"loop of " + name, worstModule(forever(turn), nil), one, cost},
					candidate{"straight " + name, worstModule(forever(straight), nil), nil, 0})
			}
		}
	}
	return append(all, dearByHand()...)
}

// farAddress is a random place in memory that depends on what was found at the last: local 1 is i32.
var farAddress = slices.Concat(
	[]byte{0x20, 1}, appendSigned([]byte{0x41}, 1664525), []byte{0x6c}, appendSigned([]byte{0x41}, 1013904223), []byte{0x6a, 0x22, 1},
	appendSigned([]byte{0x41}, worstPages<<16-65536), []byte{0x71})

// instruction is one with its immediates.
type instruction struct {
	code   []byte
	op     op
	leaves bool // a value on the stack
}

// instructionsOf are all that are no control flow.
func instructionsOf() (all []instruction) {
	add := func(prefix []byte, table *[256]op) {
		for code, o := range table {
			if !o.known || o.flow != on && o.flow != bulk {
				continue
			}
			if in := slices.Concat(prefix, appendU32(nil, uint32(code))); immediates(&in, o) {
				all = append(all, instruction{code: in, op: o})
			}
		}
	}
	for code, o := range plain {
		if o.known && (o.flow == on || o.flow == bulk) {
			if in := []byte{byte(code)}; immediates(&in, o) {
				all = append(all, instruction{code: in, op: o})
			}
		}
	}
	add([]byte{0xfc}, &prefixed)
	add([]byte{0xfd}, &vectors)
	return all
}

func immediates(in *[]byte, o op) bool {
	for _, kind := range o.operands {
		switch kind {
		case none:
		case label, labels, block, valTypes:
			return false
		case memarg:
			*in = append(*in, 0, 0)
		case float32s:
			*in = append(*in, 0, 0, 0, 0)
		case float64s:
			*in = append(*in, 0, 0, 0, 0, 0, 0, 0, 0)
		case vector:
			*in = append(*in, make([]byte, 16)...)
		case refType:
			*in = append(*in, 0x70)
		default:
			*in = append(*in, 0)
		}
	}
	return true
}

// operandsOf are the operands with which the validator takes an instruction, as types: it is asked.
func operandsOf(valid func([]byte) bool, in instruction) (all [][]byte) {
	for _, operands := range guesses() {
		for _, leaves := range []bool{false, true} {
			one := slices.Concat(push(operands, []byte{0x20, 1}), in.code)
			if leaves {
				one = append(one, 0x1a)
			}
			if valid(worstModule(one, nil)) {
				all = append(all, operands)
			}
		}
	}
	return all
}

func guesses() [][]byte {
	all := [][]byte{nil}
	for _, a := range worstTypes {
		all = append(all, []byte{a}, []byte{a, a}, []byte{a, a, a}, []byte{a, a, 0x7f})
		if a != 0x7f {
			all = append(all, []byte{0x7f, a}, []byte{a, 0x7f}, []byte{0x7f, a, 0x7f})
		}
		if a != 0x7b {
			all = append(all, []byte{0x7b, a})
		}
	}
	return all
}

// push puts operands on the stack; the first i32 is an address.
func push(operands, address []byte) (out []byte) {
	for k, kind := range operands {
		if k == 0 && kind == 0x7f {
			out = append(out, address...)
			continue
		}
		out = append(out, 0x20, byte(1+bytes.IndexByte(worstTypes, kind)))
	}
	return out
}

func forever(code []byte) []byte {
	return slices.Concat([]byte{0x03, 0x40}, code, []byte{0x0c, 0, 0x0b, 0x00})
}

// dearByHand are modules that were found to make a unit dear.
func dearByHand() (all []candidate) {
	// A loop with as many parameters as there may be, which change places in each turn.
	types := bytes.Repeat([]byte{0x7e}, MaxParams)
	turned := slices.Concat(bytes.Repeat([]byte{0x20, 2}, MaxParams), []byte{0x03, 2}, bytes.Repeat([]byte{0x42, 1, 0x7c}, 1), []byte{0x0c, 0, 0x0b})
	all = append(all, candidate{name: "a loop with parameters", module: worstModule(append(turned, 0x00), slices.Concat([]byte{0x60}, appendU32(nil, MaxParams), types, []byte{0}))})
	// Conditional branches with values.
	results := slices.Concat([]byte{0x60, 0}, appendU32(nil, MaxResults), bytes.Repeat([]byte{0x7e}, MaxResults))
	one := slices.Concat([]byte{0x02, 2}, bytes.Repeat([]byte{0x20, 2}, MaxResults), []byte{0x20, 1, 0x0d, 0, 0x0b}, bytes.Repeat([]byte{0x1a}, MaxResults))
	all = append(all, candidate{name: "branches with values", module: worstModule(forever(bytes.Repeat(one, 20)), results)})
	// Calls: of a function of a table, and of one with many parameters.
	all = append(all, candidate{name: "calls of a table", module: worstModule(forever(bytes.Repeat([]byte{0x41, 1, 0x11, 1, 0}, 40)), nil)})
	call := slices.Concat(bytes.Repeat([]byte{0x20, 2}, MaxParams), []byte{0x10, 2})
	many := slices.Concat([]byte{0x60}, appendU32(nil, MaxParams), types, []byte{0})
	all = append(all, candidate{name: "calls with parameters", module: worstModule(forever(bytes.Repeat(call, 3)), many)})
	return all
}

// worstModule has code in an exported function "f" with a local of each of worstTypes from 1, a function
// without code, and one of a third type.
func worstModule(code, third []byte) []byte {
	if third == nil {
		third = []byte{0x60, 0, 0}
	}
	section := func(id byte, content ...[]byte) []byte {
		all := slices.Concat(content...)
		return slices.Concat([]byte{id}, appendU32(nil, uint32(len(all))), all)
	}
	locals := []byte{byte(len(worstTypes) + 1), 1, 0x7f}
	for _, kind := range worstTypes {
		locals = append(locals, 1, kind)
	}
	sized := func(b []byte) []byte { return append(appendU32(nil, uint32(len(b))), b...) }
	f := slices.Concat(locals, code, []byte{0x0b})
	thirdBody := []byte{0, 0x0b}
	if third[1] == 0 && third[2] > 0 { // it returns values
		thirdBody = slices.Concat([]byte{0}, bytes.Repeat([]byte{0x42, 0}, int(third[2])), []byte{0x0b})
	}
	return slices.Concat(header,
		section(types, []byte{3, 0x60, 0, 0, 0x60, 0, 0}, third),
		section(functions, []byte{3, 0, 1, 2}),
		section(tables, []byte{1, 0x70, 0x00}, appendU32(nil, MaxTable)),
		section(memories, []byte{1, 0x00}, appendU32(nil, worstPages)),
		section(globals, []byte{1, 0x7f, 1, 0x41, 0, 0x0b}),
		section(exports, []byte{1, 1, 'f', 0, 0}),
		section(elements, []byte{2, 0x00, 0x41, 1, 0x0b, 1, 1, 0x01, 0x00, 1, 1}),
		section(dataCount, []byte{1}),
		section(code10, []byte{3}, sized(f), sized([]byte{0, 0x0b}), sized(thirdBody)),
		section(data, []byte{1, 0x01, 1, 0}))
}

const code10 = 10 // the section `code`, whose name is that of a parameter here

const worstFeatures = api.CoreFeaturesV2 | experimental.CoreFeaturesTailCall | experimental.CoreFeaturesExtendedConst

func newValidator(t *testing.T) func([]byte) bool {
	t.Helper()
	r := wazero.NewRuntimeWithConfig(context.Background(), wazero.NewRuntimeConfigInterpreter().WithCoreFeatures(worstFeatures))
	t.Cleanup(func() { _ = r.Close(context.Background()) })
	return func(module []byte) bool {
		m, err := r.CompileModule(context.Background(), module)
		if err == nil {
			_ = m.Close(context.Background())
		}
		return err == nil
	}
}

type worstRuntime struct{ wazero.Runtime }

// oneMemory is that of all instances, of which there is one at a time: to make it takes longer than the rest.
type oneMemory struct{ buffer []byte }

func (m *oneMemory) Reallocate(size uint64) []byte {
	if size > uint64(len(m.buffer)) {
		return nil
	}
	return m.buffer[:size]
}

func (*oneMemory) Free() {}

var worstMemory = &oneMemory{make([]byte, worstPages<<16)}

func newWorstRuntime(t *testing.T) worstRuntime {
	t.Helper()
	r := wazero.NewRuntimeWithConfig(context.Background(), wazero.NewRuntimeConfigCompiler().WithCoreFeatures(worstFeatures).WithMemoryLimitPages(worstPages))
	t.Cleanup(func() { _ = r.Close(context.Background()) })
	return worstRuntime{r}
}

// run calls "f" with a budget that is not given in slices, several times.
func (r worstRuntime) run(t *testing.T, module []byte, budget uint64) time.Duration {
	t.Helper()
	ctx := experimental.WithMemoryAllocator(context.Background(), experimental.MemoryAllocatorFunc(
		func(uint64, uint64) experimental.LinearMemory { return worstMemory }))
	m, err := Instrument(module, Limits{Budget: 1000})
	require.NoError(t, err)
	compiled, err := r.CompileModule(ctx, m.Code)
	require.NoError(t, err)
	defer compiled.Close(ctx)
	instance, err := r.InstantiateModule(ctx, compiled, wazero.NewModuleConfig().WithName(""))
	require.NoError(t, err)
	defer instance.Close(ctx)
	least := time.Hour
	for range 5 {
		instance.ExportedGlobal(Reserve).(api.MutableGlobal).Set(0)
		instance.ExportedGlobal(Global).(api.MutableGlobal).Set(budget)
		began := time.Now()
		_, _ = instance.ExportedFunction("f").Call(ctx) // most trap, since the fuel is spent
		least = min(least, time.Since(began))
	}
	return least
}
