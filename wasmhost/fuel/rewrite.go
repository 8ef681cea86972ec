// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fuel

import (
	"bytes"
	"slices"

	"github.com/sealgate/sealgate/internal/guard"
)

// header is the magic number and version 1: core specification, 5.5.16.
var header = []byte("\x00asm\x01\x00\x00\x00")

// rewriter reads a module's sections in order and writes each of them anew or as it
// was.
type rewriter struct {
	*reader
	charger
	limits Limits
	found  Module
	out    []byte

	rank  int  // of the last section that was read, custom ones apart
	drop  bool // the custom section that is read
	named bool // the section "name" was read

	signatures        []signature
	refillType        int   // index of () -> ()
	funcs             []int // type of each function that is defined
	importedFunctions int
	globalCount       int // in the original module, imported ones included
	bodies            int
	ownMemory         uint64 // bytes of the memory that is not imported, at its start
	counted           bool   // the number of data segments is stated before the code
	hasCounter        bool
	hasExport         bool
	hasMemory         bool
}

// signature is the type of functions, or of a block.
type signature struct {
	params, results int
	result          byte   // the type of the result where there is one
	types           []byte // of the parameters
}

// block is the type of a block with the same results, or 0 where there are several.
func (s signature) block() byte {
	switch s.results {
	case 0:
		return 0x40
	case 1:
		return s.result
	}
	return 0
}

func rewrite(module []byte, limits Limits) (*Module, error) {
	w := &rewriter{reader: newReader(module), limits: limits, charger: charger{guard: guard.New()}}
	if !bytes.HasPrefix(module, header) {
		w.fail("this is not a WebAssembly binary of version 1: a text file is to be assembled first, a component to be built as a core module")
		return nil, w.err
	}
	w.out = make([]byte, 0, len(module)+len(module)/16+64)
	w.out = append(w.out, w.bytes(len(header))...)
	for w.more() {
		w.readSection()
	}
	w.complete(sections[data].rank + 1)
	if w.err == nil && w.bodies != len(w.funcs) {
		w.fail("%d functions are declared, but %d have code", len(w.funcs), w.bodies)
	}
	if w.err != nil {
		return nil, w.err
	}
	w.found.Code, w.found.Original, w.found.Functions = w.out, len(module), len(w.funcs)
	return &w.found, nil
}

func (w *rewriter) readSection() {
	w.reader.section = "module"
	first := w.pos
	id := w.byte()
	if int(id) >= len(sections) {
		w.fail("there is no section %d: build the guest without exception handling", id)
		return
	}
	s := sections[id]
	size := int(w.u32())
	w.reader.section = s.name
	w.inOrder(id)
	w.drop = false
	content := w.pos
	var written []byte
	w.within(size, func() { written = s.read(w) })
	switch {
	case w.err != nil:
	case w.drop:
		w.found.Dropped += w.pos - first
	case written == nil:
		w.emit(id, w.reader.data[content:w.pos])
	default:
		w.emit(id, written)
	}
}

// inOrder checks the order of sections, each of which may be there once.
func (w *rewriter) inOrder(id byte) {
	if id == custom {
		return
	}
	rank := sections[id].rank
	if rank <= w.rank {
		w.fail("the section is out of order, or there are two of it")
		return
	}
	w.complete(rank)
	w.rank = rank
}

// complete adds what is missing before a section of that rank: the counter and its
// export, if the module has no such sections.
func (w *rewriter) complete(rank int) {
	if w.err != nil {
		return
	}
	if !w.hasCounter && rank > sections[globals].rank {
		w.emit(globals, w.appendCounter([]byte{counters}))
	}
	if !w.hasExport && rank > sections[exports].rank {
		w.emit(exports, w.appendExport([]byte{counters}))
	}
}

func (w *rewriter) emit(id byte, content []byte) {
	w.out = append(w.out, id)
	w.out = appendU32(w.out, uint32(len(content)))
	w.out = append(w.out, content...)
}

// globals is 5.5.9.
func (w *rewriter) globals() []byte {
	n := w.count("globals", 3)
	if n > MaxGlobals {
		w.fail("there are %d globals, at most %d are accepted", n, MaxGlobals)
	}
	rest := w.pos
	for i := 0; i < n && w.err == nil; i++ {
		w.globalType()
		w.constant()
		w.globalCount++ // an initial value refers to globals before it only: 3.4.12
	}
	if w.err != nil {
		return nil
	}
	out := appendU32(nil, uint32(n)+counters)
	return w.appendCounter(append(out, w.reader.data[rest:w.pos]...))
}

// counters is how many globals there are more.
const counters = 3

// appendCounter appends the counter and its reserve, (mut i64) with the budget in them, and the rest of the
// stack, (mut i32).
func (w *rewriter) appendCounter(out []byte) []byte {
	w.hasCounter = true
	w.charger.global = uint32(w.globalCount)
	counter, reserve := Split(w.limits.Budget)
	out = append(appendSigned(append(out, 0x7e, 0x01, 0x42), counter), 0x0b)
	out = append(appendSigned(append(out, 0x7e, 0x01, 0x42), reserve), 0x0b)
	return append(appendSigned(append(out, 0x7f, 0x01, 0x41), int64(w.limits.Stack/frameUnit)), 0x0b)
}

// exports is 5.5.10.
func (w *rewriter) exports() []byte {
	n := w.count("exports", 3)
	rest := w.pos
	for i := 0; i < n && w.err == nil; i++ {
		w.export()
	}
	if w.err != nil {
		return nil
	}
	out := appendU32(nil, uint32(n)+counters)
	return w.appendExport(append(out, w.reader.data[rest:w.pos]...))
}

func (w *rewriter) export() {
	at := w.pos
	if name := w.name(); slices.Contains(counterNames, name) {
		w.pos = at
		w.fail("the export %q is reserved for the host: was the module instrumented already?", name)
	}
	kind := w.byte()
	if kind == 0x00 {
		w.functionIndex()
		return
	}
	if i := w.u32(); kind == 0x03 && int64(i) >= int64(w.globalCount) {
		w.pos = at
		w.fail("global %d is exported, but there are %d", i, w.globalCount)
	}
}

func (w *rewriter) appendExport(out []byte) []byte {
	w.hasExport = true
	for k, name := range counterNames {
		out = append(append(out, byte(len(name))), name...)
		out = appendU32(append(out, 0x03), w.charger.global+uint32(k))
	}
	return out
}

var counterNames = []string{Global, Reserve, Stack}

// constant reads a constant expression: 3.3.13.
func (w *rewriter) constant() {
	in := instructions{reader: w.reader, globals: w.globalCount, functions: w.functionCount(), constant: true}
	for w.err == nil && in.next().flow != ends {
	}
}
