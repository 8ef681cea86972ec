// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fuel

// code is 5.5.13.
func (w *rewriter) code() []byte {
	n := w.count("functions", 2)
	if n != len(w.funcs) {
		w.fail("%d functions are declared, but %d have code", len(w.funcs), n)
		return nil
	}
	out := make([]byte, 0, w.left()+w.left()/16+16)
	if n == 0 {
		return nil
	}
	out = appendU32(out, uint32(n)+1)
	b := &body{charger: w.charger, found: &w.found, imported: uint32(w.importedFunctions)}
	b.instructions = instructions{reader: w.reader, signatures: w.signatures, globals: w.globalCount, functions: w.functionCount()}
	b.branch, b.call = b.branchTo, b.callTo
	for i := 0; i < n && w.err == nil; i++ {
		w.function = w.importedFunctions + i
		w.within(int(w.u32()), func() { out = w.appendFunction(out, b, w.signatures[w.funcs[i]]) })
	}
	w.function = -1
	w.bodies = n
	refill := w.refillBody(w.hasMemory)
	return append(appendU32(out, uint32(len(refill))), refill...)
}

// appendFunction appends a function's code with its size and locals. The locals that
// charges need come after all others.
func (w *rewriter) appendFunction(out []byte, b *body, s signature) []byte {
	if size := w.left(); size > MaxFunction {
		w.fail("the function has %d bytes, at most %d are accepted: have the compiler inline less", size, MaxFunction)
	}
	groups, first := w.count("groups of locals", 2), w.pos
	declared := w.declared(groups, MaxLocals-s.params)
	locals := w.reader.data[first:w.pos]
	b.locals = s.params + declared
	b.kinds = kinds(b.kinds[:0], s, locals)
	b.out = b.out[:0]
	b.rewrite(declared, s)
	if w.err != nil {
		return out
	}
	var extra []byte
	if b.held {
		extra = append(extra, 1, 0x7e) // one i64
		groups++
	}
	if b.usesIt {
		extra = append(extra, 1, 0x7f) // one i32
		groups++
	}
	size := lebSize(uint64(groups)) + len(locals) + len(extra) + len(b.out)
	out = appendU32(appendU32(out, uint32(size)), uint32(groups))
	out = append(append(out, locals...), extra...)
	return append(out, b.out...)
}

// kinds appends the types of a function's locals, where there are few of them.
func kinds(out []byte, s signature, groups []byte) []byte {
	out = append(out, s.types...)
	r := newReader(groups)
	for r.more() {
		n := r.u32()
		kind := r.byte()
		for ; n > 0 && len(out) <= maxCopies; n-- {
			out = append(out, kind)
		}
	}
	return out
}

// declared reads the groups of locals and returns how many there are.
func (w *rewriter) declared(groups, most int) int {
	n := 0
	for ; groups > 0 && w.err == nil; groups-- {
		group := w.u32()
		w.valType()
		if uint64(n)+uint64(group) > uint64(max(0, most)) {
			w.fail("more than %d locals", MaxLocals)
			return 0
		}
		n += int(group)
	}
	return n
}
