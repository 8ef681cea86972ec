// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fuel

// The sections of a module: core specification, 5.5.2.
const (
	custom = iota
	types
	imports
	functions
	tables
	memories
	globals
	exports
	start
	elements
	code
	data
	dataCount
)

// section says how one is called, where it stands among the others, and who reads it.
// A reader returns what is to be written in its place, or nil to copy it.
type section struct {
	name string
	rank int // dataCount stands before code: 5.5.16
	read func(*rewriter) []byte
}

var sections = [...]section{
	custom:    {"custom section", 0, (*rewriter).custom},
	types:     {"type section", 1, (*rewriter).types},
	imports:   {"import section", 2, (*rewriter).imports},
	functions: {"function section", 3, (*rewriter).functions},
	tables:    {"table section", 4, (*rewriter).tables},
	memories:  {"memory section", 5, (*rewriter).memories},
	globals:   {"global section", 6, (*rewriter).globals},
	exports:   {"export section", 7, (*rewriter).exports},
	start:     {"start section", 8, (*rewriter).start},
	elements:  {"element section", 9, (*rewriter).elements},
	dataCount: {"data count section", 10, (*rewriter).dataCount},
	code:      {"code section", 11, (*rewriter).code},
	data:      {"data section", 12, (*rewriter).dataSegments},
}

func (w *rewriter) start() []byte { w.functionIndex(); return nil }

func (w *rewriter) dataCount() []byte { w.counted = true; w.u32(); return nil }

// types is 5.5.4.
func (w *rewriter) types() []byte {
	n := w.count("types", 3)
	w.signatures = make([]signature, 0, n)
	rest := w.pos
	w.refillType = n
	for i := 0; i < n && w.err == nil; i++ {
		if b := w.byte(); b != 0x60 {
			w.fail("type %d is %#02x and not a function: build the guest without garbage collection", i, b)
		}
		s := signature{params: w.valTypes()}
		s.types = w.reader.data[w.pos-s.params : w.pos]
		s.results = w.valTypes()
		if s.results == 1 {
			s.result = w.reader.data[w.pos-1]
		}
		if s.params > MaxParams || s.results > MaxResults {
			w.fail("type %d has %d parameters and %d results: at most %d and %d are accepted; pass a pointer to them", i, s.params,
				s.results, MaxParams, MaxResults)
		}
		if s.params == 0 && s.results == 0 {
			w.refillType = i
		}
		w.signatures = append(w.signatures, s)
	}
	if w.err != nil || w.refillType < n {
		return nil
	}
	out := appendU32(nil, uint32(n)+1)
	return append(append(out, w.reader.data[rest:w.pos]...), 0x60, 0, 0)
}

func (w *rewriter) valTypes() int {
	n := w.count("types of values", 1)
	for i := 0; i < n && w.err == nil; i++ {
		w.valType()
	}
	return n
}

// imports is 5.5.5.
func (w *rewriter) imports() []byte {
	for n := w.count("imports", 4); n > 0 && w.err == nil; n-- {
		w.name()
		w.name()
		switch kind := w.byte(); kind {
		case 0x00:
			w.importedFunctions++
			w.typeIndex()
		case 0x01:
			w.refType()
			w.bounds()
		case 0x02:
			w.bounds()
			w.hasMemory = true
		case 0x03:
			w.globalCount++
			w.globalType()
		default:
			w.fail("an import of kind %#02x is not supported: build the guest without exception handling", kind)
		}
	}
	return nil
}

func (w *rewriter) typeIndex() int {
	i := w.u32()
	if w.err == nil && int64(i) >= int64(len(w.signatures)) {
		w.fail("type %d is out of range: there are %d", i, len(w.signatures))
	}
	return int(i)
}

func (w *rewriter) globalType() {
	w.valType()
	if mutable := w.byte(); mutable > 1 {
		w.fail("%#02x is neither constant nor mutable", mutable)
	}
}

// unlimited stands for the absence of a maximum.
const unlimited = 1 << 32

// bounds is 5.3.7, limits.
func (w *rewriter) bounds() (least uint32, most uint64) {
	switch flag := w.byte(); flag {
	case 0x00:
		return w.u32(), unlimited
	case 0x01:
		least = w.u32()
		return least, uint64(w.u32())
	case 0x02, 0x03:
		w.fail("shared memory is not supported: build the guest without threads")
	default:
		w.fail("limits of kind %#02x are not supported: build the guest for 32 bits", flag)
	}
	return 0, 0
}

// functions is 5.5.6.
func (w *rewriter) functions() []byte {
	n := w.count("functions", 1)
	w.funcs = make([]int, 0, n)
	rest := w.pos
	for i := 0; i < n && w.err == nil; i++ {
		w.funcs = append(w.funcs, w.typeIndex())
	}
	w.charger.refill = uint32(w.functionCount())
	if w.err != nil || n == 0 {
		return nil
	}
	out := append(appendU32(nil, uint32(n)+1), w.reader.data[rest:w.pos]...)
	return appendU32(out, uint32(w.refillType))
}

// functionCount is how many the original module has, imported ones included.
func (w *rewriter) functionCount() int { return w.importedFunctions + len(w.funcs) }

// functionIndex reads that of a function of the original module.
func (w *rewriter) functionIndex() {
	at := w.pos
	if i := w.u32(); w.err == nil && int64(i) >= int64(w.functionCount()) {
		w.pos = at
		w.fail("function %d is out of range: there are %d", i, w.functionCount())
	}
}

// tables is 5.5.7. It lowers the maximum, since a guest could otherwise let a table
// grow in each call.
func (w *rewriter) tables() []byte {
	n := w.count("tables", 3)
	if n > MaxTables {
		w.fail("there are %d tables, at most %d are accepted", n, MaxTables)
	}
	out := appendU32(nil, uint32(n))
	for i := 0; i < n && w.err == nil; i++ {
		kind := w.refType()
		least, most := w.bounds()
		if least > MaxTable {
			w.fail("table %d has %d elements, at most %d are accepted", i, least, MaxTable)
		}
		out = appendBounds(append(out, kind), least, min(most, MaxTable))
	}
	return out
}

// maxPages of 64 KiB is what 32 bits can address: 3.2.5.
const maxPages = 1 << 16

// memories is 5.5.8. Where the host grants pages, its allocator has the last word: the maximum that a module
// declares is left out, so that the allocator is asked each time, see Yield.
func (w *rewriter) memories() []byte {
	n := w.count("memories", 2)
	out := appendU32(nil, uint32(n))
	w.hasMemory = w.hasMemory || n > 0
	for i := 0; i < n && w.err == nil; i++ {
		least, most := w.bounds()
		if most > maxPages && most != unlimited {
			w.fail("a memory of at most %d pages: there are addresses for %d", most, maxPages)
		}
		if limit := w.limits.Pages; limit > 0 {
			most = unlimited
			if least > limit {
				w.fail("the memory starts with %d pages of 64 KiB, at most %d are granted", least, limit)
			}
		}
		out = appendBounds(out, least, most)
		w.ownMemory = uint64(least) << 16
	}
	return out
}

func appendBounds(out []byte, least uint32, most uint64) []byte {
	if most == unlimited {
		return appendU32(append(out, 0x00), least)
	}
	return appendU32(appendU32(append(out, 0x01), least), uint32(most))
}

// elements is 5.5.12. Bit 0 of the flags: passive or declarative; bit 1: with a table
// index, or declarative; bit 2: expressions, not indices.
func (w *rewriter) elements() []byte {
	for n := w.count("element segments", 2); n > 0 && w.err == nil; n-- {
		flags := w.u32()
		if flags > 7 {
			w.fail("an element segment of kind %d", flags)
		}
		if flags&3 == 2 {
			w.u32()
		}
		if flags&1 == 0 {
			w.constant()
		}
		w.elementKind(flags)
		for items := w.count("elements", 1); items > 0 && w.err == nil; items-- {
			w.element(flags)
		}
	}
	return nil
}

func (w *rewriter) elementKind(flags uint32) {
	switch {
	case flags&3 == 0:
	case flags&4 != 0:
		w.refType()
	default:
		if kind := w.byte(); kind != 0 {
			w.fail("elements of kind %#02x", kind)
		}
	}
}

func (w *rewriter) element(flags uint32) {
	if flags&4 != 0 {
		w.constant()
		return
	}
	w.functionIndex()
}
