// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fuel_test

// A module for tests, section by section. What a test leaves out is not there.
type source struct {
	types, imports, funcs, tables, memories, globals, exports, start, elements, count, code, data [][]byte
	customs                                                                                       [][]byte
}

func (s source) bytes() []byte {
	out := []byte("\x00asm\x01\x00\x00\x00")
	for _, c := range s.customs {
		out = append(out, part(0, c)...)
	}
	for _, p := range []struct {
		id    byte
		items [][]byte
	}{
		{1, s.types}, {2, s.imports}, {3, s.funcs}, {4, s.tables}, {5, s.memories}, {6, s.globals}, {7, s.exports},
		{8, s.start}, {9, s.elements}, {12, s.count}, {10, s.code}, {11, s.data},
	} {
		switch {
		case p.items == nil:
		case p.id == 8 || p.id == 12:
			out = append(out, part(p.id, p.items[0])...)
		default:
			out = append(out, part(p.id, vec(p.items...))...)
		}
	}
	return out
}

func part(id byte, content []byte) []byte { return join([]byte{id}, u32(len(content)), content) }

func vec(items ...[]byte) []byte { return join(u32(len(items)), join(items...)) }

func join(parts ...[]byte) []byte {
	var out []byte
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

func u32(v int) []byte {
	var out []byte
	for ; v >= 0x80; v >>= 7 {
		out = append(out, byte(v)|0x80)
	}
	return append(out, byte(v))
}

func s64(v int64) []byte {
	var out []byte
	for ; v < -64 || v > 63; v >>= 7 {
		out = append(out, byte(v)|0x80)
	}
	return append(out, byte(v)&0x7f)
}

func str(s string) []byte { return join(u32(len(s)), []byte(s)) }

// fn is the code of a function: groups of locals as (count, type), then instructions
// without the last end.
func fn(locals []byte, instructions ...[]byte) []byte {
	body := join(u32(len(locals)/2), locals, join(instructions...), []byte{0x0b})
	return join(u32(len(body)), body)
}

func export(name string, kind byte, index int) []byte {
	return join(str(name), []byte{kind}, u32(index))
}

func b(bytes ...byte) []byte { return bytes }

func i32(v int64) []byte { return join(b(0x41), s64(v)) }

// Types and instructions that many tests use.
var (
	noneToNone = b(0x60, 0, 0)
	i32ToI32   = b(0x60, 1, 0x7f, 1, 0x7f)
	pages      = func(least byte) []byte { return b(0x00, least) }
)

// single is a module with one exported function "f" of a type, a memory of one page, a
// table of ten functions, and one passive segment of each kind.
func single(typ []byte, locals []byte, instructions ...[]byte) []byte {
	return source{
		types:    [][]byte{typ},
		funcs:    [][]byte{b(0)},
		tables:   [][]byte{b(0x70, 0x00, 10)},
		memories: [][]byte{pages(1)},
		exports:  [][]byte{export("f", 0, 0)},
		elements: [][]byte{join(b(0x01, 0x00), vec(b(0)))},
		count:    [][]byte{b(1)},
		code:     [][]byte{fn(locals, instructions...)},
		data:     [][]byte{join(b(0x01), str("abc"))},
	}.bytes()
}
