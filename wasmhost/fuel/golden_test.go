// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fuel_test

import (
	"encoding/hex"
	"fmt"
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
	check := "2300" + "4200" + "53" + "0440" + "1002" + "0b" // the third function refills
	entry := "2300" + "4201" + "7d" + "2400" + check
	turn := "2000" + "4201" + "7d" + "2200" + "4200" + "53" + "0d01" // with the counter in local 0
	again := "0240" + "0340" + "0240" + "0340" + turn + "0c00" + "0b" + "0c02" + "0b" +
		"20002400" + "1002" + "2300" + "42017c" + "2100" + "0c00" + "0b" + "00" + "0b" // the function has no locals to copy
	refill := "00" + "2302" + "4100" + "48" + "0440" + "00" + "0b" + // the stack
		"0340" + "2301" + "4200" + "57" + "0440" + "00" + "0b" + // the reserve; without a memory, there is nothing to leave the guest for
		"2301" + "428827" + "7d" + "2401" + "2300" + "428827" + "7c" + "2400" + "2300" + "4200" + "53" + "0d00" + "0b" + "0b"
	assert.Equal(t, "0061736d01000000"+
		hexPart(1, "01600000")+
		hexPart(3, "03000000")+
		hexPart(6, "03"+"7e0142e4000b"+"7e0142000b"+"7f01418080200b")+ // 100 units, no reserve, half a million units of stack
		hexPart(7, "03"+exported("sealgate_fuel", 0)+exported("sealgate_reserve", 1)+exported("sealgate_stack", 2))+
		hexPart(10, "03"+sized("00"+entry+"01"+"0b")+sized("01017e"+"0240"+"2300"+"2100"+again+"0b"+"20002400"+"0b")+sized(refill)),
		hex.EncodeToString(out.Code))
	assert.Equal(t, fuel.Module{Code: out.Code, Functions: 2, Entries: 1, Loops: 1, Original: len(in)}, *out)
}

// sized is what hexadecimal digits say, behind its length.
func sized(digits string) string { return fmt.Sprintf("%02x", len(digits)/2) + digits }

func hexPart(id byte, digits string) string {
	size := hex.EncodeToString(u32(len(digits) / 2))
	return fmt.Sprintf("%02x", id) + size + digits
}

func exported(name string, global byte) string {
	return sized(hex.EncodeToString([]byte(name))) + fmt.Sprintf("03%02x", global)
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
	check := "2301" + "4200" + "53" + "0440" + "1001" + "0b"
	assert.Contains(t, hex.EncodeToString(out.Code),
		"02"+"027e"+"017f"+ // an i32 after the function's own locals: index 1+2
			"2301"+"4201"+"7d"+"2401"+check+
			"4100"+"4100"+"2000"+
			"2203"+"2301"+"4201"+"7d"+"2003"+"ad"+"4203"+"88"+"7d"+"2401"+check+
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
	assert.Contains(t, hex.EncodeToString(out.Code), "7f0023000b"+"7e0142010b")
	assert.Contains(t, hex.EncodeToString(out.Code), "04"+"0167"+"0301"+"0d"+hex.EncodeToString([]byte(fuel.Global))+"0302")
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
	assert.Contains(t, hex.EncodeToString(out.Code), "040b"+"02"+"70010a808002"+"6f010102")
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
		"a declared maximum is left out": {memory(0x01, 1, 100), "0503" + "01" + "0001"},
		"none":                           {memory(0x00, 1), "0503" + "01" + "0001"},
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
