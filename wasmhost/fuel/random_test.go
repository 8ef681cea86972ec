// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fuel_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/sealgate/sealgate/wasmhost/fuel"
)

func TestRandomModulesBehaveAsBefore(t *testing.T) {
	seeds := 400
	if testing.Short() {
		seeds = 40
	}
	onEngines(t, func(t *testing.T, r wazero.Runtime) {
		for seed := range seeds {
			compare(t, r, randomModule(uint64(seed)), fmt.Sprintf("seed %d", seed))
		}
	})
}

// compare runs "f" of a module with and without fuel, several times, and wants the
// same results, traps, memory and globals.
func compare(t *testing.T, r wazero.Runtime, module []byte, msg string) {
	t.Helper()
	ctx := context.Background()
	before, err := r.InstantiateWithConfig(ctx, module, wazero.NewModuleConfig().WithName(""))
	require.NoError(t, err, msg)
	defer before.Close(ctx)
	after, counter := load(t, r, module, plenty)
	defer after.Close(ctx)
	for _, args := range [][]uint64{{0, 0}, {1, 7}, {1 << 31, 3}, {12345, 1<<32 - 1}} {
		was, wasErr := before.ExportedFunction("f").Call(ctx, args...)
		is, isErr := after.ExportedFunction("f").Call(ctx, args...)
		require.Equal(t, was, is, msg)
		require.Equal(t, firstLine(wasErr), firstLine(isErr), msg)
		require.Equal(t, contents(before), contents(after), msg)
		require.False(t, fuel.Spent(counter), msg)
		if wasErr != nil {
			return // an instance that trapped is thrown away; its counter may be stale
		}
		require.Less(t, int64(counter.Get()), int64(plenty), msg)
	}
}

func contents(m api.Module) string {
	bytes, _ := m.Memory().Read(0, m.Memory().Size())
	return fmt.Sprint(m.ExportedGlobal("g").Get()) + string(bytes)
}

// generator writes valid code: each statement leaves the stack as it was, and each
// expression leaves one i32.
type generator struct {
	*rand.Rand
	function, functions int
	depth               int // of blocks, loops and ifs
	left                int // statements to come
}

const (
	randomLocals = 6 // of i32, the two parameters included; then one i32 for each loop depth
	maxDepth     = 5
)

func randomModule(seed uint64) []byte {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 4)), functions: 3}
	s := source{
		types:    [][]byte{b(0x60, 2, 0x7f, 0x7f, 1, 0x7f), noneToNone},
		tables:   [][]byte{b(0x70, 0x00, 4)},
		memories: [][]byte{b(0x01, 1, 3)},
		globals:  [][]byte{b(0x7f, 0x01, 0x41, 0x05, 0x0b)},
		exports:  [][]byte{export("f", 0, 0), export("g", 3, 0)},
		elements: [][]byte{join(b(0x00), i32(0), end, vec(u32(1), u32(2), u32(2)))},
		count:    [][]byte{b(1)},
		data:     [][]byte{join(b(0x01), str("some passive data"))},
	}
	for g.function = range g.functions {
		s.funcs = append(s.funcs, b(0))
		g.left, g.depth = 25, 0
		locals := b(randomLocals-2+maxDepth+1, 0x7f)
		s.code = append(s.code, fn(locals, g.statements(), g.expression(3)))
	}
	return s.bytes()
}

func (g *generator) statements() []byte {
	var out []byte
	for n := 1 + g.IntN(5); n > 0 && g.left > 0; n-- {
		g.left--
		out = append(out, g.statement()...)
	}
	return out
}

func (g *generator) local() byte     { return byte(g.IntN(randomLocals)) }
func (g *generator) address() []byte { return join(g.expression(1), i32(0xfff), b(0x71)) }

func (g *generator) statement() []byte {
	switch n := g.IntN(14); {
	case n < 3 || g.depth == maxDepth:
		return join(g.expression(3), b(0x21, g.local()))
	case n == 3: // store
		return join(g.address(), g.expression(2), b(0x36, 0x02), u32(g.IntN(100)))
	case n == 4:
		return join(g.expression(2), b(0x24, 0x00))
	case n == 5: // if, else
		return join(g.expression(2), b(0x04, 0x40), g.inside(), b(0x05), g.inside(), end)
	case n == 6:
		return join(g.expression(2), b(0x04, 0x40), g.inside(), end)
	case n == 7: // block that a branch may leave
		return join(b(0x02, 0x40), g.inside(), g.expression(1), b(0x0d, 0x00), g.inside(), end)
	case n == 8 || n == 9:
		return g.loop()
	case n == 10: // br_table out of three blocks
		return join(b(0x02, 0x40, 0x02, 0x40, 0x02, 0x40), g.expression(1), b(0x0e, 2, 0, 1, 2), end,
			g.inside(), b(0x0c, 0x01), end, g.inside(), end)
	case n == 11: // bulk
		return g.bulk()
	case n == 12: // return
		return join(g.expression(1), i32(15), b(0x71, 0x45, 0x04, 0x40), g.expression(1), b(0x0f), end)
	default: // memory.grow, at most by one page
		return join(g.expression(1), i32(1), b(0x71, 0x40, 0x00, 0x21, g.local()))
	}
}

// inside writes the statements of a block one deeper.
func (g *generator) inside() []byte {
	g.depth++
	defer func() { g.depth-- }()
	return g.statements()
}

// loop runs at most five times: a local of its own counts.
func (g *generator) loop() []byte {
	counter := byte(randomLocals + g.depth)
	return join(i32(int64(g.IntN(5))), b(0x21, counter, 0x03, 0x40), g.inside(),
		b(0x20, counter), i32(1), b(0x6b, 0x22, counter), i32(0), b(0x4a, 0x0d, 0x00), end)
}

func (g *generator) bulk() []byte {
	size := join(g.expression(1), i32(0xff), b(0x71))
	switch g.IntN(3) {
	case 0:
		return join(g.address(), g.expression(1), size, b(0xfc, 0x0b, 0x00))
	case 1:
		return join(g.address(), g.address(), size, b(0xfc, 0x0a, 0x00, 0x00))
	default: // may trap
		return join(g.address(), i32(3), i32(int64(g.IntN(16))), b(0xfc, 0x08, 0x00, 0x00))
	}
}

func (g *generator) expression(depth int) []byte {
	if depth == 0 {
		if g.IntN(2) == 0 {
			return i32(int64(int32(g.Uint32())) >> g.IntN(32))
		}
		return b(0x20, g.local())
	}
	switch n := g.IntN(12); {
	case n < 5: // arithmetic and comparisons; division may trap
		return join(g.expression(depth-1), g.expression(depth-1), b(byte(0x6a+g.IntN(15))))
	case n < 7:
		return join(g.expression(depth-1), g.expression(depth-1), b(byte(0x46+g.IntN(10))))
	case n == 7: // load
		return join(g.address(), b(0x28, 0x02), u32(g.IntN(100)))
	case n == 8:
		return b(0x23, 0x00)
	case n == 9 && g.function+1 < g.functions: // call of a later function
		return join(g.expression(depth-1), g.expression(depth-1), b(0x10, byte(g.function+1)))
	case n == 10 && g.function == 0: // call_indirect; the last element is null
		return join(g.expression(depth-1), g.expression(depth-1), i32(int64(g.IntN(12)/3)), b(0x11, 0x00, 0x00))
	default: // select
		return join(g.expression(depth-1), g.expression(depth-1), g.expression(depth-1), b(0x1b))
	}
}
