// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fuel

// instructions reads a sequence of them: a function's body or a constant expression.
type instructions struct {
	*reader
	constant   bool           // only what a constant expression may hold
	signatures []signature    // function types
	globals    int            // a global's index is below it
	functions  int            // a function's index is below it
	locals     int            // a local's index is below it
	call       func(uint32)   // is told the function of a call
	branch     func(n uint32) // is told each label
	block      signature      // that of the block that was read last
}

// next reads an instruction with its operands.
func (in *instructions) next() op {
	at := in.pos
	o := in.opcode()
	if in.constant && !o.constant && in.err == nil {
		in.pos = at
		in.fail("opcode %#02x in a constant expression", in.data[at])
		return op{}
	}
	for _, kind := range o.operands {
		if kind == none {
			break
		}
		in.operand(kind)
	}
	return o
}

func (in *instructions) opcode() op {
	code := in.byte()
	switch code {
	case 0xfc:
		return in.second(code, &prefixed)
	case 0xfd:
		return in.second(code, &vectors)
	}
	if o := plain[code]; o.known {
		return o
	}
	in.pos--
	in.fail("opcode %#02x is not supported%s", code, proposal(code))
	return op{}
}

// second reads the rest of an opcode, a u32. That of a vector instruction must be in its
// shortest form: wazero reads it as one byte, so that 0x80 0x01 is i16x8.abs and a nop
// to it, which is harmless, while 0x8c 0x00, which the specification allows for
// v128.const, would be another instruction to it than it is to us.
func (in *instructions) second(prefix byte, t *[256]op) op {
	start := in.pos
	sub := in.u32()
	shortest := in.pos-start == lebSize(uint64(sub))
	if sub < 256 && t[sub].known && (shortest || prefix == 0xfc) {
		return t[sub]
	}
	in.pos = start
	in.fail("opcode %#02x %#x is not supported, or not in its shortest form: build the guest without relaxed SIMD", prefix, sub)
	return op{}
}

// proposal names the extension of WebAssembly that an opcode belongs to.
func proposal(code byte) string {
	switch code {
	case 0x06, 0x07, 0x08, 0x09, 0x0a, 0x18, 0x19, 0x1f:
		return ": build the guest without exception handling"
	case 0xfe:
		return ": build the guest without threads"
	case 0x14, 0x15, 0xd3, 0xd4, 0xd5, 0xd6, 0xfb:
		return ": build the guest without typed references and garbage collection"
	}
	return ""
}

func (in *instructions) operand(kind operand) {
	switch kind {
	case index:
		in.u32()
	case function:
		in.call(in.below("function", in.functions))
	case reference:
		in.below("function", in.functions)
	case local:
		in.below("local", in.locals)
	case global:
		in.below("global", in.globals)
	case label:
		in.branch(in.u32())
	case labels:
		for n := in.count("labels", 1); n >= 0 && in.err == nil; n-- {
			in.branch(in.u32())
		}
	case block:
		in.blockType()
	case memarg:
		in.memarg()
	case zero:
		if in.byte() != 0 {
			in.fail("a reserved byte is not zero: build the guest with one memory only")
		}
	case lane:
		in.byte()
	case const32:
		in.signed(32)
	case const64:
		in.signed(64)
	case float32s:
		in.bytes(4)
	case float64s:
		in.bytes(8)
	case vector:
		in.bytes(16)
	case refType:
		in.refType()
	case valTypes:
		for n := in.count("types", 1); n > 0; n-- {
			in.valType()
		}
	}
}

func (in *instructions) below(what string, n int) uint32 {
	at := in.pos
	i := in.u32()
	if in.err == nil && int64(i) >= int64(n) {
		in.pos = at
		in.fail("%s %d is out of range: there are %d", what, i, n)
	}
	return i
}

// blockType is 5.4.1: 0x40, a value type, or the index of a function type as s33.
func (in *instructions) blockType() {
	start := in.pos
	switch t := in.signed(33); {
	case in.err != nil:
	case t >= 0 && t < int64(len(in.signatures)):
		in.block = in.signatures[t]
	case t == -0x40 && in.pos == start+1:
		in.block = signature{}
	case t < 0 && in.pos == start+1 && isValType(byte(t)&0x7f):
		in.block = signature{results: 1}
	default:
		in.pos = start
		in.fail("a block type that does not exist")
	}
}

// memarg is 5.4.6. Alignments beyond 16 bytes do not exist, and bit 6 would announce a
// memory index.
func (in *instructions) memarg() {
	if align := in.u32(); align > 4 {
		in.fail("an alignment of 2^%d", align)
	}
	in.u32()
}

func isRefType(b byte) bool { return b == 0x70 || b == 0x6f }
func isValType(b byte) bool { return b >= 0x7b && b <= 0x7f || isRefType(b) }

func (r *reader) valType() {
	if b := r.byte(); r.err == nil && !isValType(b) {
		r.pos--
		r.fail("%#02x is not the type of a value", b)
	}
}

func (r *reader) refType() byte {
	b := r.byte()
	if r.err == nil && !isRefType(b) {
		r.pos--
		r.fail("%#02x is not the type of a reference", b)
	}
	return b
}
