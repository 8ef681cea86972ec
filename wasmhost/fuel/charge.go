// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fuel

import "math/bits"

// charger writes the code that takes units from the counter. It leaves the stack of
// operands as it finds it.
type charger struct {
	global uint32 // index of the counter
	off    bool   // nothing is charged, in benchmarks alone
}

// fixed takes some units:
//
//	global.get F; i64.const units; i64.sub; global.set F; <check>
//
// This form was the cheapest that was measured; counting in linear memory costs ten
// times as much.
func (c charger) fixed(out []byte, units int64) []byte {
	if c.off {
		return out
	}
	out = c.get(out)
	out = append(out, 0x42) // i64.const
	out = appendSigned(out, units)
	out = append(out, 0x7d) // i64.sub
	return c.check(c.set(out))
}

// scaled takes 1 + n>>shift units, where n is the i32 on top of the stack and stays
// there. It is extended without a sign, as the instruction will read it, so that no n
// adds units and none overflows.
//
//	local.tee n; global.get F; i64.const 1; i64.sub;
//	local.get n; i64.extend_i32_u; i64.const shift; i64.shr_u; i64.sub; global.set F; <check>
func (c charger) scaled(out []byte, n uint32, shift int) []byte {
	if c.off {
		return out
	}
	move := byte(0x88) // i64.shr_u
	if shift < 0 {
		shift, move = -shift, 0x86 // i64.shl
	}
	out = append(out, 0x22) // local.tee
	out = appendU32(out, n)
	out = c.get(out)
	out = append(out, 0x42, 1, 0x7d, 0x20) // i64.const 1; i64.sub; local.get
	out = appendU32(out, n)
	out = append(out, 0xad, 0x42) // i64.extend_i32_u; i64.const
	out = appendSigned(out, int64(shift))
	out = append(out, move, 0x7d) // i64.sub
	return c.check(c.set(out))
}

// check stops the guest below zero:
//
//	global.get F; i64.const 0; i64.lt_s; if; unreachable; end
func (c charger) check(out []byte) []byte {
	return append(c.get(out), 0x42, 0, 0x53, 0x04, 0x40, 0x00, 0x0b)
}

func (c charger) get(out []byte) []byte { return appendU32(append(out, 0x23), c.global) }
func (c charger) set(out []byte) []byte { return appendU32(append(out, 0x24), c.global) }

func appendU32(out []byte, v uint32) []byte {
	for ; v >= 0x80; v >>= 7 {
		out = append(out, byte(v)|0x80)
	}
	return append(out, byte(v))
}

func appendSigned(out []byte, v int64) []byte {
	for ; v < -64 || v > 63; v >>= 7 {
		out = append(out, byte(v)|0x80)
	}
	return append(out, byte(v)&0x7f)
}

// lebSize is the number of bytes of v in its shortest form.
func lebSize(v uint64) int { return max(1, (bits.Len64(v)+6)/7) }
