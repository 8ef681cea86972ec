// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fuel

// operand is one immediate of an instruction.
type operand byte

const (
	none      operand = iota
	index             // u32 that only the engine looks at
	function          // u32, of a call
	reference         // u32, of a function
	local             // u32
	global            // u32
	label             // u32
	labels            // vec(u32) u32, of br_table
	block             // s33, or a type as one byte
	memarg            // u32 u32
	zero              // a reserved byte, 0x00
	lane              // a byte
	const32           // s32
	const64           // s64
	float32s          // 4 bytes
	float64s          // 8 bytes
	vector            // 16 bytes
	refType           // a byte
	valTypes          // vec(byte), of select
)

// flow is what an instruction does to the path of execution.
type flow byte

const (
	on      flow = iota // goes on with the next one
	opens               // block
	loops               // loop
	tests               // if
	turns               // else
	ends                // end
	departs             // never goes on: br, br_table, unreachable
	returns             // never goes on: return
	hands               // never goes on, but hands over to another function: return_call, ...
	calls               // goes on when another function has returned
	bulk                // goes on, after work in proportion to its top operand
)

// op describes an instruction.
type op struct {
	known    bool
	operands [2]operand
	flow     flow
	constant bool // allowed in constant expressions, extended ones included
	extra    int  // cost beyond its bytes, see Stretch
	shift    int  // of a bulk instruction: units are n >> shift, or n << -shift
}

// Costs of what takes far longer than its bytes suggest, in bytes of ordinary code.
const (
	slow  = 16  // division, square root, conversions of floats
	touch = 8   // memory: a line of it may be in no cache
	exit  = 192 // the engine leaves the guest: calls of the host, references to functions
)

// row is a range of opcodes with the same description.
type row struct {
	first, last byte
	op          op
}

func table(rows []row) (t [256]op) {
	for _, r := range rows {
		r.op.known = true
		for code := int(r.first); code <= int(r.last); code++ {
			t[code] = r.op
		}
	}
	return t
}

// plain are the instructions of one byte: core specification 2.0, 5.4, and tail calls.
var plain = table([]row{
	{0x00, 0x00, op{flow: departs}},                                                // unreachable
	{0x01, 0x01, op{}},                                                             // nop
	{0x02, 0x02, op{operands: [2]operand{block}, flow: opens}},                     // block
	{0x03, 0x03, op{operands: [2]operand{block}, flow: loops}},                     // loop
	{0x04, 0x04, op{operands: [2]operand{block}, flow: tests}},                     // if
	{0x05, 0x05, op{flow: turns}},                                                  // else
	{0x0b, 0x0b, op{flow: ends, constant: true}},                                   // end
	{0x0c, 0x0c, op{operands: [2]operand{label}, flow: departs}},                   // br
	{0x0d, 0x0d, op{operands: [2]operand{label}}},                                  // br_if
	{0x0e, 0x0e, op{operands: [2]operand{labels}, flow: departs}},                  // br_table
	{0x0f, 0x0f, op{flow: returns}},                                                // return
	{0x10, 0x10, op{operands: [2]operand{function}, flow: calls}},                  // call
	{0x11, 0x11, op{operands: [2]operand{index, index}, flow: calls, extra: slow}}, // call_indirect
	{0x12, 0x12, op{operands: [2]operand{function}, flow: hands}},                  // return_call
	{0x13, 0x13, op{operands: [2]operand{index, index}, flow: hands}},              // return_call_indirect
	{0x1a, 0x1b, op{}}, // drop, select
	{0x1c, 0x1c, op{operands: [2]operand{valTypes}}},                     // select t
	{0x20, 0x22, op{operands: [2]operand{local}}},                        // local.get, .set, .tee
	{0x23, 0x23, op{operands: [2]operand{global}, constant: true}},       // global.get
	{0x24, 0x24, op{operands: [2]operand{global}}},                       // global.set
	{0x25, 0x26, op{operands: [2]operand{index}, extra: touch}},          // table.get, .set
	{0x28, 0x3e, op{operands: [2]operand{memarg}, extra: touch}},         // loads and stores
	{0x3f, 0x3f, op{operands: [2]operand{zero}}},                         // memory.size
	{0x40, 0x40, op{operands: [2]operand{zero}, flow: bulk, shift: -11}}, // memory.grow: 65536 bytes a page
	{0x41, 0x41, op{operands: [2]operand{const32}, constant: true}},      // i32.const
	{0x42, 0x42, op{operands: [2]operand{const64}, constant: true}},      // i64.const
	{0x43, 0x43, op{operands: [2]operand{float32s}, constant: true}},     // f32.const
	{0x44, 0x44, op{operands: [2]operand{float64s}, constant: true}},     // f64.const
	{0x45, 0x69, op{}},               // comparisons, i32.clz, .ctz, .popcnt
	{0x6a, 0x6c, op{constant: true}}, // i32.add, .sub, .mul
	{0x6d, 0x70, op{extra: slow}},    // i32.div_s ... rem_u
	{0x71, 0x7b, op{}},               // i32.and ... i64.popcnt
	{0x7c, 0x7e, op{constant: true}}, // i64.add, .sub, .mul
	{0x7f, 0x82, op{extra: slow}},    // i64.div_s ... rem_u
	{0x83, 0x90, op{}},               // i64.and ... f32.nearest
	{0x91, 0x91, op{extra: slow}},    // f32.sqrt
	{0x92, 0x94, op{}},               // f32.add, .sub, .mul
	{0x95, 0x95, op{extra: slow}},    // f32.div
	{0x96, 0x9e, op{}},               // f32.min ... f64.nearest
	{0x9f, 0x9f, op{extra: slow}},    // f64.sqrt
	{0xa0, 0xa2, op{}},               // f64.add, .sub, .mul
	{0xa3, 0xa3, op{extra: slow}},    // f64.div
	{0xa4, 0xa7, op{}},               // f64.min ... i32.wrap_i64
	{0xa8, 0xab, op{extra: slow}},    // i32.trunc
	{0xac, 0xad, op{}},               // i64.extend_i32
	{0xae, 0xbb, op{extra: slow}},    // i64.trunc ... f64.promote
	{0xbc, 0xc4, op{}},               // reinterpret, iNN.extend
	{0xd0, 0xd0, op{operands: [2]operand{refType}, constant: true}}, // ref.null
	{0xd1, 0xd1, op{}}, // ref.is_null
	{0xd2, 0xd2, op{operands: [2]operand{reference}, constant: true, extra: exit}}, // ref.func
})

// prefixed are those after 0xfc: 5.4.3, 5.4.5 to 5.4.7.
var prefixed = table([]row{
	{0x00, 0x07, op{extra: slow}}, // iNN.trunc_sat_fNN
	{0x08, 0x08, op{operands: [2]operand{index, zero}, flow: bulk, shift: 3}},  // memory.init
	{0x09, 0x09, op{operands: [2]operand{index}}},                              // data.drop
	{0x0a, 0x0a, op{operands: [2]operand{zero, zero}, flow: bulk, shift: 3}},   // memory.copy
	{0x0b, 0x0b, op{operands: [2]operand{zero}, flow: bulk, shift: 3}},         // memory.fill
	{0x0c, 0x0c, op{operands: [2]operand{index, index}, flow: bulk, shift: 2}}, // table.init
	{0x0d, 0x0d, op{operands: [2]operand{index}}},                              // elem.drop
	{0x0e, 0x0e, op{operands: [2]operand{index, index}, flow: bulk, shift: 2}}, // table.copy
	{0x0f, 0x0f, op{operands: [2]operand{index}, flow: bulk, shift: 2}},        // table.grow
	{0x10, 0x10, op{operands: [2]operand{index}}},                              // table.size
	{0x11, 0x11, op{operands: [2]operand{index}, flow: bulk, shift: 2}},        // table.fill
})

// vectors are those after 0xfd: 5.4.8.
var vectors = table([]row{
	{0x00, 0x0b, op{operands: [2]operand{memarg}, extra: touch}},   // v128.load ... store
	{0x0c, 0x0c, op{operands: [2]operand{vector}, constant: true}}, // v128.const
	{0x0d, 0x0d, op{operands: [2]operand{vector}}},                 // i8x16.shuffle
	{0x0e, 0x14, op{}},                           // swizzle, splats
	{0x15, 0x22, op{operands: [2]operand{lane}}}, // extract_lane, replace_lane
	{0x23, 0x53, op{}},                           // comparisons, bitwise
	{0x54, 0x5b, op{operands: [2]operand{memarg, lane}, extra: touch}}, // v128.loadN_lane, storeN_lane
	{0x5c, 0x5d, op{operands: [2]operand{memarg}, extra: touch}},       // v128.load32_zero, load64_zero
	{0x5e, 0x99, op{}},            // f32x4.demote ... i16x8.max_u
	{0x9b, 0xa1, op{}},            // i16x8.avgr_u ... i32x4.neg
	{0xa3, 0xa4, op{}},            // i32x4.all_true, bitmask
	{0xa7, 0xae, op{}},            // i32x4.extend ... add
	{0xb1, 0xb1, op{}},            // i32x4.sub
	{0xb5, 0xba, op{}},            // i32x4.mul ... dot
	{0xbc, 0xc1, op{}},            // i32x4.extmul ... i64x2.neg
	{0xc3, 0xc4, op{}},            // i64x2.all_true, bitmask
	{0xc7, 0xce, op{}},            // i64x2.extend ... add
	{0xd1, 0xd1, op{}},            // i64x2.sub
	{0xd5, 0xe1, op{}},            // i64x2.mul ... f32x4.neg
	{0xe3, 0xe3, op{extra: slow}}, // f32x4.sqrt
	{0xe4, 0xe6, op{}},            // f32x4.add, .sub, .mul
	{0xe7, 0xe7, op{extra: slow}}, // f32x4.div
	{0xe8, 0xed, op{}},            // f32x4.min ... f64x2.neg
	{0xef, 0xef, op{extra: slow}}, // f64x2.sqrt
	{0xf0, 0xf2, op{}},            // f64x2.add, .sub, .mul
	{0xf3, 0xf3, op{extra: slow}}, // f64x2.div
	{0xf4, 0xff, op{}},            // f64x2.min ... convert
})
