// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fuel_test

import (
	"encoding/hex"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"

	"github.com/sealgate/sealgate/wasmhost/fuel"
)

// active is a data segment at an address.
func active(address int64, data string) []byte { return join(b(0x00), i32(address), end, str(data)) }

// withData has a memory of one page with some data.
func withData(segments ...[]byte) source {
	return source{memories: [][]byte{pages(1)}, exports: [][]byte{export("memory", 2, 0)}, data: segments}
}

func TestDataSegmentsAreJoinedAcrossFewZeros(t *testing.T) {
	out, err := fuel.Instrument(withData(
		active(10, "ab"), active(14, "c\x00"), active(11, "B"), active(16+64, "far"), active(9, "")).bytes(), fuel.Limits{})
	require.NoError(t, err)
	assert.Contains(t, hex.EncodeToString(out.Code), "0b14"+"02"+
		"00"+"410a"+"0b"+"05"+"6142000063"+
		"00"+"41d000"+"0b"+"03"+hex.EncodeToString([]byte("far")))
}

func TestDataThatIsZeroAnywayIsLeftOut(t *testing.T) {
	out, err := fuel.Instrument(withData(active(0, string(make([]byte, 1000)))).bytes(), fuel.Limits{})
	require.NoError(t, err)
	assert.Contains(t, hex.EncodeToString(out.Code), "0b01"+"00")
}

func TestRandomDataSegmentsLeaveTheSameInMemory(t *testing.T) {
	onEngines(t, func(t *testing.T, r wazero.Runtime) {
		for seed := range uint64(50) {
			g := rand.New(rand.NewPCG(seed, 11))
			var segments [][]byte
			for range g.IntN(60) {
				text := make([]byte, g.IntN(40))
				for i := range text {
					text[i] = byte(g.IntN(3))
				}
				segments = append(segments, active(int64(g.IntN(1<<(6+g.IntN(10)))), string(text)))
			}
			module := withData(segments...).bytes()
			before, err := r.InstantiateWithConfig(t.Context(), module, wazero.NewModuleConfig().WithName(""))
			require.NoError(t, err)
			after, _ := load(t, r, module, plenty)
			was, _ := before.Memory().Read(0, 1<<16)
			is, _ := after.Memory().Read(0, 1<<16)
			require.True(t, string(was) == string(is), "seed %d", seed)
			require.NoError(t, before.Close(t.Context()))
			require.NoError(t, after.Close(t.Context()))
		}
	})
}

func TestDataSegmentsStayAsTheyAreWhereTheyCouldMeanSomethingElse(t *testing.T) {
	two := [][]byte{active(0, "ab"), active(4, "cd")}
	global := source{imports: [][]byte{join(str("m"), str("g"), b(0x03, 0x7f, 0x00))}, memories: [][]byte{pages(1)}}
	for name, s := range map[string]source{
		"code may name them":     {memories: [][]byte{pages(1)}, count: [][]byte{b(2)}, data: two},
		"one is passive":         withData(two[0], two[1], join(b(0x01), str("ef"))),
		"a memory of others":     {imports: [][]byte{join(str("m"), str("memory"), b(0x02), pages(1))}, data: two},
		"no memory":              {data: two},
		"no memory, no data":     {data: [][]byte{active(0, "")}},
		"another memory":         withData(join(b(0x02, 0x01), i32(0), end, str("ab")), two[1]),
		"one does not fit":       withData(two[0], two[1], active(1<<16-1, "ef")),
		"an address below zero":  withData(two[0], active(-1, "cd")),
		"an address by others":   {imports: global.imports, memories: global.memories, data: [][]byte{two[0], join(b(0x00, 0x23, 0x00, 0x0b), str("cd"))}},
		"an address is computed": withData(two[0], join(b(0x00), i32(2), i32(2), b(0x6a, 0x0b), str("cd"))),
		"they are far apart":     {memories: [][]byte{join(b(0x00), u32(1<<10))}, data: [][]byte{two[0], active(10<<20, "cd")}},
	} {
		t.Run(name, func(t *testing.T) {
			module := s.bytes()
			out, err := fuel.Instrument(module, fuel.Limits{})
			require.NoError(t, err)
			assert.Contains(t, string(out.Code), string(part(11, vec(s.data...))))
			bothOrNeither(t, newRuntime(t, "interpreter"), module, out.Code)
		})
	}
}
