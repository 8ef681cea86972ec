// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fuel

import (
	"math/bits"

	"github.com/sealgate/sealgate/internal/guard"
)

// charger writes the code that takes units from the counter. It leaves the stack of
// operands as it finds it.
type charger struct {
	global uint32 // index of the counter
	held   bool   // the function holds the counter in a local, see hold
	local  uint32 // index of that
	guard  guard.Guard
}

// hold begins a function that holds the counter in a local from its entry to its end. A
// loop then counts in a register, where it would wait for memory in each turn, and one place
// of the function stops the guest, where a few instructions of it would stand in each loop.
// What the function returns is one value of the type result, or nothing:
//
//	block                              ;; what is behind it stops the guest
//	  block result; global.get F; local.set L
//	    the function, which branches out of this block where it returned
//	  end
//	  local.get L; global.set F; return
//	end
//	local.get L; global.set F; unreachable
func (c charger) hold(out []byte, result byte) []byte {
	out = c.get(append(out, 0x02, 0x40, 0x02, result))
	return appendU32(append(out, 0x21), c.local)
}

// release ends what hold began, the end of the function included.
func (c charger) release(out []byte) []byte {
	out = append(c.set(c.read(out)), 0x0f, 0x0b) // return; end
	return append(c.set(c.read(out)), 0x00, 0x0b)
}

// fixed takes some units, at a place inside depth blocks of which the function is one:
//
//	<read>; i64.const units; i64.sub; <check>
func (c charger) fixed(out []byte, units int64, depth int) []byte {
	if c.guard.Off() {
		return out
	}
	return c.check(c.less(out, units), depth)
}

// unchecked takes some units where a loop follows, which will stop the guest.
func (c charger) unchecked(out []byte, units int64) []byte {
	if c.guard.Off() {
		return out
	}
	return c.set(c.less(out, units))
}

// less leaves the counter less some units.
func (c charger) less(out []byte, units int64) []byte {
	out = append(c.read(out), 0x42) // i64.const
	return append(appendSigned(out, units), 0x7d)
}

// scaled takes 1 + n>>shift units, where n is the i32 on top of the stack and stays
// there. It is extended without a sign, as the instruction will read it, so that no n
// adds units and none overflows.
//
//	local.tee n; <read>; i64.const 1; i64.sub;
//	local.get n; i64.extend_i32_u; i64.const shift; i64.shr_u; i64.sub; <check>
func (c charger) scaled(out []byte, n uint32, shift, depth int) []byte {
	if c.guard.Off() {
		return out
	}
	move := byte(0x88) // i64.shr_u
	if shift < 0 {
		shift, move = -shift, 0x86 // i64.shl
	}
	out = append(out, 0x22) // local.tee
	out = appendU32(out, n)
	out = append(c.less(out, 1), 0x20) // local.get
	out = appendU32(out, n)
	out = append(out, 0xad, 0x42) // i64.extend_i32_u; i64.const
	out = appendSigned(out, int64(shift))
	out = append(out, move, 0x7d) // i64.sub
	return c.check(out, depth)
}

// check sets the counter and stops the guest below zero, in one of two ways:
//
//	global.set F; global.get F; i64.const 0; i64.lt_s; if; unreachable; end
//	local.tee L; i64.const 0; i64.lt_s; br_if depth
func (c charger) check(out []byte, depth int) []byte {
	if !c.held {
		return append(c.get(c.set(out)), 0x42, 0, 0x53, 0x04, 0x40, 0x00, 0x0b)
	}
	out = appendU32(append(out, 0x22), c.local)
	return appendU32(append(out, 0x42, 0, 0x53, 0x0d), uint32(depth))
}

// read reads the counter from where it is.
func (c charger) read(out []byte) []byte {
	if c.held {
		return appendU32(append(out, 0x20), c.local)
	}
	return c.get(out)
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
