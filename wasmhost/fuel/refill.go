// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fuel

// Yield is by how many pages refill asks the memory to grow: by more than there can be, so that nothing
// happens but that the guest is left for the engine, whose code can be preempted. A host whose allocator of
// memory sees it may end the call with a panic.
const Yield = maxPages - MaxGranted

// MaxGranted is the most pages that a host may grant.
const MaxGranted = 1 << 15 // so that maxPages less these are more than a memory ever lacks

// refillBody is the code of the function that is called when the counter is below zero or the stack is used
// up. It takes slices from the reserve until the counter is not below zero, and traps where there is none.
//
//	global.get S; i32.const 0; i32.lt_s; if; unreachable; end
//	loop
//	  i32.const Yield; memory.grow; drop
//	  global.get R; i64.const 0; i64.le_s; if; unreachable; end
//	  global.get R; i64.const Slice; i64.sub; global.set R
//	  global.get F; i64.const Slice; i64.add; global.set F
//	  global.get F; i64.const 0; i64.lt_s; br_if 0
//	end
//	end
func (c charger) refillBody(memory bool) []byte {
	out := []byte{0} // no locals
	out = append(getGlobal(out, c.stack()), 0x41, 0, 0x48, 0x04, 0x40, 0x00, 0x0b)
	out = append(out, 0x03, 0x40)
	if memory {
		out = append(appendSigned(append(out, 0x41), Yield), 0x40, 0x00, 0x1a)
	}
	out = append(getGlobal(out, c.reserve()), 0x42, 0, 0x57, 0x04, 0x40, 0x00, 0x0b)
	out = append(appendSigned(append(getGlobal(out, c.reserve()), 0x42), Slice), 0x7d)
	out = setGlobal(out, c.reserve())
	out = append(appendSigned(append(getGlobal(out, c.global), 0x42), Slice), 0x7c)
	out = setGlobal(out, c.global)
	out = append(getGlobal(out, c.global), 0x42, 0, 0x53, 0x0d, 0x00)
	return append(out, 0x0b, 0x0b)
}

// Split returns what the counter and the reserve begin with so that both together are a budget.
func Split(budget int64) (counter, reserve int64) {
	if counter = budget % Slice; counter == 0 {
		counter = min(budget, Slice)
	}
	return counter, budget - counter
}
