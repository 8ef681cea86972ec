// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"encoding/binary"
	"slices"
)

// A tiny assembler: just what a guest of the tests needs.

type asm []byte

func code(parts ...any) asm {
	var a asm
	for _, p := range parts {
		switch p := p.(type) {
		case int:
			a = append(a, byte(p))
		case asm:
			a = append(a, p...)
		}
	}
	return a
}

func uleb(n uint64) asm { return binary.AppendUvarint(nil, n) }

func sleb(n int64) (a asm) {
	for {
		b := byte(n & 0x7f)
		n >>= 7
		if n == 0 && b&0x40 == 0 || n == -1 && b&0x40 != 0 {
			return append(a, b)
		}
		a = append(a, b|0x80)
	}
}

func name(s string) asm { return append(uleb(uint64(len(s))), s...) }

func vector(items ...asm) asm {
	return append(uleb(uint64(len(items))), slices.Concat(items...)...)
}

func section(id byte, content asm) asm {
	return slices.Concat(asm{id}, uleb(uint64(len(content))), content)
}

// Instructions.
func get(local int) asm    { return code(0x20, local) }
func set(local int) asm    { return code(0x21, local) }
func i32(n int64) asm      { return code(0x41, sleb(n)) }
func i64(n int64) asm      { return code(0x42, sleb(n)) }
func load32(at int) asm    { return code(0x28, 2, uleb(uint64(at))) }
func load8(at int) asm     { return code(0x2d, 0, uleb(uint64(at))) }
func load64(at int) asm    { return code(0x29, 3, uleb(uint64(at))) }
func store64(at int) asm   { return code(0x37, 3, uleb(uint64(at))) }
func store32(at int) asm   { return code(0x36, 2, uleb(uint64(at))) }
func callFn(index int) asm { return code(0x10, uleb(uint64(index))) }

const (
	opUnreachable = 0x00
	opLoop        = 0x03
	opIf          = 0x04
	opEnd         = 0x0b
	opBr          = 0x0c
	opBrIf        = 0x0d
	opDrop        = 0x1a
	opSelect      = 0x1b
	opGrow        = 0x40
	i32Eqz        = 0x45
	i32LtU        = 0x49
	i32GeU        = 0x4f
	i32Add        = 0x6a
	i32Mul        = 0x6c
	i32Shl        = 0x74
	i64Add        = 0x7c
	i64Or         = 0x84
	i64Shl        = 0x86
	i64ExtendU    = 0xad
	noType        = 0x40
	typeI32       = 0x7f
	typeI64       = 0x7e
)

type function struct {
	signature // its name is exported, unless it is empty
	locals    int
	body      asm
}

type guestModule struct {
	imports  []signature // of wasi_snapshot_preview1, unless the name has a module in it
	from     string
	funcs    []function
	pages    int
	noMemory bool
	data     map[int]string
	start    asm
}

func (g guestModule) bytes() []byte {
	var types, imports, decls, exported, bodies, data []asm
	for k, s := range g.imports {
		types = append(types, typeOf(s))
		imports = append(imports, slices.Concat(name(g.from), name(s.name), asm{0}, uleb(uint64(k))))
	}
	for k, f := range g.funcs {
		index := uint64(len(g.imports) + k)
		types = append(types, typeOf(f.signature))
		decls = append(decls, uleb(index))
		if f.name != "" {
			exported = append(exported, slices.Concat(name(f.name), asm{0}, uleb(index)))
		}
		body := slices.Concat(asm{1}, uleb(uint64(f.locals)), asm{typeI32}, f.body, asm{opEnd})
		bodies = append(bodies, slices.Concat(uleb(uint64(len(body))), body))
	}
	for at, s := range g.data {
		data = append(data, slices.Concat(asm{0}, i32(int64(at)), asm{opEnd}, name(s)))
	}
	m := slices.Concat([]byte("\x00asm\x01\x00\x00\x00"), section(1, vector(types...)))
	if len(imports) > 0 {
		m = append(m, section(2, vector(imports...))...)
	}
	m = append(m, section(3, vector(decls...))...)
	if !g.noMemory {
		m = append(m, section(5, vector(slices.Concat(asm{0}, uleb(uint64(g.pages)))))...)
		exported = append(exported, slices.Concat(name("memory"), asm{2, 0}))
	}
	m = append(m, section(7, vector(exported...))...)
	m = append(m, g.start...)
	m = append(m, section(10, vector(bodies...))...)
	if len(data) > 0 {
		m = append(m, section(11, vector(data...))...)
	}
	return m
}

func typeOf(s signature) asm {
	return slices.Concat(asm{0x60}, name(string(valueTypes(s.params))), name(string(valueTypes(s.results))))
}
