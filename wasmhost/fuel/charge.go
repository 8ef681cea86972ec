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
	global uint32 // index of the counter; the reserve and the stack come after it
	refill uint32 // index of the function that refills the counter
	held   bool   // the function holds the counter in a local, see hold
	local  uint32 // index of that
	frame  int    // what the function takes of the stack until it ends, in units of frameUnit
	guard  guard.Guard
}

func (c charger) reserve() uint32 { return c.global + 1 }
func (c charger) stack() uint32   { return c.global + 2 }

// wraps reports whether something is to be done where the function ends.
func (c charger) wraps() bool { return c.held || c.frame > 0 }

// hold begins a function that holds the counter in a local from its entry to its end, so that a loop
// counts in a register, where it would wait for memory in each turn; or one that gives its frame back. What
// it returns is one value of the type result, or nothing:
//
//	block result
//	  global.get F; local.set L
//	  the function, which branches out of this block where it returned
//	end
//	local.get L; global.set F                           ;; see release
//	global.get S; i32.const frame; i32.add; global.set S
//	end
func (c charger) hold(out []byte, result byte) []byte {
	out = append(out, 0x02, result)
	if c.held {
		out = appendU32(append(getGlobal(out, c.global), 0x21), c.local)
	}
	return out
}

// release does what is due where the function ends.
func (c charger) release(out []byte) []byte {
	if c.held {
		out = setGlobal(appendU32(append(out, 0x20), c.local), c.global)
	}
	if c.frame > 0 {
		out = appendSigned(append(getGlobal(out, c.stack()), 0x41), int64(c.frame))
		out = setGlobal(append(out, 0x6a), c.stack()) // i32.add
	}
	return out
}

// enter takes the frame from the stack and some units from the counter, and looks at both. With no
// units, a loop that follows looks at the counter.
//
//	global.get S; i32.const frame; i32.sub; global.set S
//	global.get F; i64.const units; i64.sub; global.set F
//	global.get F; i64.const 0; i64.lt_s; global.get S; i32.const 0; i32.lt_s; i32.or
//	if; call refill; end
func (c charger) enter(out []byte, units int64) []byte {
	if c.guard.Off() {
		return out
	}
	out = appendSigned(append(getGlobal(out, c.stack()), 0x41), int64(c.frame))
	out = setGlobal(append(out, 0x6b), c.stack()) // i32.sub
	if units > 0 {
		out = setGlobal(c.less(out, units), c.global)
		out = append(getGlobal(out, c.global), 0x42, 0, 0x53)
	}
	out = append(getGlobal(out, c.stack()), 0x41, 0, 0x48) // i32.lt_s
	if units > 0 {
		out = append(out, 0x72) // i32.or
	}
	return append(c.callRefill(append(out, 0x04, 0x40)), 0x0b)
}

// fixed takes some units:
//
//	<read>; i64.const units; i64.sub; <check>
func (c charger) fixed(out []byte, units int64) []byte {
	if c.guard.Off() {
		return out
	}
	return c.check(c.less(out, units))
}

// unchecked takes some units where a loop follows, which looks at the counter.
func (c charger) unchecked(out []byte, units int64) []byte {
	if c.guard.Off() {
		return out
	}
	return c.write(c.less(out, units))
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
func (c charger) scaled(out []byte, n uint32, shift int) []byte {
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
	return c.check(out)
}

// check sets the counter and has it refilled below zero, in one of two ways:
//
//	global.set F; global.get F; i64.const 0; i64.lt_s; if; call refill; end
//	local.tee L; i64.const 0; i64.lt_s; if; local.get L; global.set F; call refill; global.get F; local.set L; end
func (c charger) check(out []byte) []byte {
	if !c.held {
		out = append(getGlobal(setGlobal(out, c.global), c.global), 0x42, 0, 0x53, 0x04, 0x40)
		return append(c.callRefill(out), 0x0b)
	}
	out = append(appendU32(append(out, 0x22), c.local), 0x42, 0, 0x53, 0x04, 0x40)
	out = setGlobal(appendU32(append(out, 0x20), c.local), c.global)
	out = getGlobal(c.callRefill(out), c.global)
	return append(appendU32(append(out, 0x21), c.local), 0x0b)
}

// again begins a loop of the type block that is left where the counter is below zero, and begun again when
// it was refilled. The call is outside of the loop, and so are the values that live across it: the engine
// would store each value of the loop in each turn otherwise.
//
//	block type
//	  loop
//	    block
//	      loop type
//	        <read>; i64.const 1; i64.sub; local.tee L; i64.const 0; i64.lt_s; br_if 1
//	        the body of the loop
//	      end
//	      br 2
//	    end
//	    local.get x; local.get x; x.or; local.set x    ;; of each local, see copies
//	    local.get L; global.set F; call refill
//	    global.get F; i64.const 1; i64.add; local.set L ;; the turn is charged once
//	    br 0
//	  end
//	  unreachable
//	end
func (c charger) again(out, block []byte) []byte {
	out = append(append(out, 0x02), block...)
	out = append(append(out, 0x03, 0x40, 0x02, 0x40, 0x03), block...)
	out = appendU32(append(c.less(out, 1), 0x22), c.local)
	return append(out, 0x42, 0, 0x53, 0x0d, 1)
}

// endAgain ends what again began, behind the end of the loop.
func (c charger) endAgain(out, kinds []byte) []byte {
	out = copies(append(out, 0x0c, 2, 0x0b), kinds)
	out = setGlobal(appendU32(append(out, 0x20), c.local), c.global)
	out = append(getGlobal(c.callRefill(out), c.global), 0x42, 1, 0x7c)
	out = appendU32(append(out, 0x21), c.local)
	return append(out, 0x0c, 0, 0x0b, 0x00, 0x0b)
}

// wrappers is how many blocks are around a loop that is begun again.
const wrappers = 3

// maxCopies is the most locals that are copied. With more, the stores are a small part of the loop.
const maxCopies = 48

// copies sets each local to itself. What is live across the call that follows is then another value than
// the one of the loop.
func copies(out, kinds []byte) []byte {
	if len(kinds) > maxCopies {
		return out
	}
	for k, kind := range kinds {
		var same []byte // of two equal values
		switch kind {
		case 0x7f:
			same = []byte{0x72} // i32.or
		case 0x7e:
			same = []byte{0x84} // i64.or
		case 0x7d:
			same = []byte{0x98} // f32.copysign
		case 0x7c:
			same = []byte{0xa6} // f64.copysign
		case 0x7b:
			same = []byte{0xfd, 0x50} // v128.or
		default: // a reference
			continue
		}
		x := appendU32(nil, uint32(k))
		out = append(append(append(append(out, 0x20), x...), 0x20), x...)
		out = append(append(append(out, same...), 0x21), x...)
	}
	return out
}

func (c charger) callRefill(out []byte) []byte { return appendU32(append(out, 0x10), c.refill) }

// read and write have the counter where it is.
func (c charger) read(out []byte) []byte {
	if c.held {
		return appendU32(append(out, 0x20), c.local)
	}
	return getGlobal(out, c.global)
}

func (c charger) write(out []byte) []byte {
	if c.held {
		return appendU32(append(out, 0x21), c.local)
	}
	return setGlobal(out, c.global)
}

func getGlobal(out []byte, g uint32) []byte { return appendU32(append(out, 0x23), g) }
func setGlobal(out []byte, g uint32) []byte { return appendU32(append(out, 0x24), g) }

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
