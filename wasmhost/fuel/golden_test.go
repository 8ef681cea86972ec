// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fuel_test

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/wasmhost/fuel"
)

func TestLoopIsChargedAtItsHeaderAndFunctionAtItsEntry(t *testing.T) {
	in := source{
		types: [][]byte{noneToNone},
		funcs: [][]byte{b(0), b(0)},
		code: [][]byte{
			fn(nil, b(0x01)), // nop
			fn(nil, b(0x03, 0x40), b(0x0c, 0x00), b(0x0b)), // loop; br 0; end
		},
	}.bytes()
	out, err := fuel.Instrument(in, fuel.Limits{Budget: 100})
	require.NoError(t, err)
	entry := "2300" + "4201" + "7d" + "2400" + "2300" + "4200" + "53" + "0440" + "00" + "0b"
	turn := "2000" + "4201" + "7d" + "2200" + "4200" + "53" + "0d02" // with the counter in local 0
	assert.Equal(t, "0061736d01000000"+
		"0104"+"01600000"+
		"0303"+"020000"+
		"0607"+"01"+"7e01"+"42e4000b"+ // the counter, 100
		"0711"+"01"+"0d"+hex.EncodeToString([]byte("sealgate_fuel"))+"0300"+
		"0a3f"+"02"+
		"13"+"00"+entry+"01"+"0b"+
		"29"+"01017e"+"0240"+"0240"+"2300"+"2100"+"0340"+turn+"0c00"+"0b"+"0b"+"20002400"+"0f"+"0b"+"20002400"+"00"+"0b",
		hex.EncodeToString(out.Code))
	assert.Equal(t, fuel.Module{Code: out.Code, Functions: 2, Entries: 1, Loops: 1, Original: len(in)}, *out)
}

func TestBulkInstructionIsChargedByItsSizeReadWithoutSign(t *testing.T) {
	in := source{
		types:    [][]byte{b(0x60, 1, 0x7f, 0)},
		funcs:    [][]byte{b(0)},
		memories: [][]byte{pages(1)},
		globals:  [][]byte{b(0x7f, 0x00, 0x41, 0x07, 0x0b)},
		code:     [][]byte{fn(b(2, 0x7e), i32(0), i32(0), b(0x20, 0x00), b(0xfc, 0x0b, 0x00))},
	}.bytes()
	out, err := fuel.Instrument(in, fuel.Limits{Budget: 5})
	require.NoError(t, err)
	check := "2301" + "4200" + "53" + "0440" + "00" + "0b"
	assert.Contains(t, hex.EncodeToString(out.Code),
		"02"+"027e"+"017f"+ // an i32 after the function's own locals: index 1+2
			"2301"+"4201"+"7d"+"2401"+check+
			"4100"+"4100"+"2000"+
			"2203"+"2301"+"4201"+"7d"+"2003"+"ad"+"4205"+"88"+"7d"+"2401"+check+
			"fc0b00"+"0b")
	assert.Equal(t, 1, out.Bulks)
}

func TestCounterComesAfterImportedAndOwnGlobals(t *testing.T) {
	out, err := fuel.Instrument(source{
		types:   [][]byte{noneToNone},
		imports: [][]byte{join(str("m"), str("g"), b(0x03, 0x7f, 0x00)), join(str("m"), str("f"), b(0x00, 0x00))},
		globals: [][]byte{b(0x7f, 0x00, 0x23, 0x00, 0x0b)},
		exports: [][]byte{export("g", 3, 1)},
	}.bytes(), fuel.Limits{Budget: 1})
	require.NoError(t, err)
	assert.Contains(t, hex.EncodeToString(out.Code), "060b"+"02"+"7f0023000b"+"7e0142010b")
	assert.Contains(t, hex.EncodeToString(out.Code), "02"+"0167"+"0301"+"0d"+hex.EncodeToString([]byte(fuel.Global))+"0302")
}

func TestSectionsThatReferToCodeOffsetsAreDroppedAndOthersKept(t *testing.T) {
	names := join(str("name"), b(0x00), u32(5), str("test"))
	in := source{customs: [][]byte{
		join(str(".debug_info"), []byte("stale")), join(str("producers"), []byte("kept")), names,
	}}.bytes()
	out, err := fuel.Instrument(in, fuel.Limits{Budget: 1})
	require.NoError(t, err)
	assert.NotContains(t, string(out.Code), "stale")
	assert.Contains(t, string(out.Code), "producers"+"kept")
	assert.Contains(t, string(out.Code), string(names))
	assert.Equal(t, 2+len(".debug_info")+1+len("stale"), out.Dropped)
}

func TestNamesThatWouldHurtTheEngineAreRefused(t *testing.T) {
	for name, content := range map[string][]byte{
		"4 billion functions": b(0x01, 0x05, 0xff, 0xff, 0xff, 0xff, 0x0f),
		"4 billion locals":    b(0x02, 0x07, 0x01, 0x00, 0xff, 0xff, 0xff, 0xff, 0x0f),
		"size past the end":   b(0x01, 0x7f, 0x00),
		"not UTF-8":           b(0x00, 0x02, 0x01, 0xff),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := fuel.Instrument(source{customs: [][]byte{join(str("name"), content)}}.bytes(), fuel.Limits{})
			require.ErrorContains(t, err, "custom section, offset ")
		})
	}
}

func TestTableCannotGrowPastItsLimit(t *testing.T) {
	out, err := fuel.Instrument(source{tables: [][]byte{b(0x70, 0x00, 10), b(0x6f, 0x01, 1, 2)}}.bytes(), fuel.Limits{Budget: 1})
	require.NoError(t, err)
	assert.Contains(t, hex.EncodeToString(out.Code), "040b"+"02"+"70010a808008"+"6f010102")
}

func TestPaddedSizesOfGoLinkerAreRead(t *testing.T) {
	out, err := fuel.Instrument([]byte("\x00asm\x01\x00\x00\x00"+"\x01\x84\x80\x80\x80\x00\x01\x60\x00\x00"), fuel.Limits{Budget: 1})
	require.NoError(t, err)
	assert.Contains(t, string(out.Code), "\x01\x04\x01\x60\x00\x00")
}

func TestMemoryIsLimitedToWhatIsGranted(t *testing.T) {
	memory := func(limits ...byte) []byte { return source{memories: [][]byte{limits}}.bytes() }
	for name, c := range map[string]struct {
		module []byte
		want   string
	}{
		"declared maximum is lowered": {memory(0x01, 1, 100), "0504" + "01" + "01010a"},
		"lower one stays":             {memory(0x01, 1, 2), "0504" + "01" + "010102"},
		"none stays the engine's":     {memory(0x00, 1), "0503" + "01" + "0001"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := fuel.Instrument(c.module, fuel.Limits{Pages: 10})
			require.NoError(t, err)
			assert.Contains(t, hex.EncodeToString(out.Code), c.want)
		})
	}
	_, err := fuel.Instrument(memory(0x00, 11), fuel.Limits{Pages: 10})
	require.ErrorContains(t, err, "the memory starts with 11 pages of 64 KiB, at most 10 are granted")
	_, err = fuel.Instrument(memory(0x01, 9, 8), fuel.Limits{})
	require.NoError(t, err, "the engine refuses it")
}
