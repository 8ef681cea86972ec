// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fuel_test

import (
	"bytes"
	"context"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"

	"github.com/sealgate/sealgate/wasmhost/fuel"
)

func TestWhatCannotBeInstrumentedIsRefusedAndSaysWhere(t *testing.T) {
	header := "\x00asm\x01\x00\x00\x00"
	huge := b(0xff, 0xff, 0xff, 0xff, 0x0f) // 2^32-1
	section := func(id byte, content []byte) []byte { return join([]byte(header), part(id, content)) }
	withCode := func(locals []byte, code ...[]byte) []byte { return single(noneToNone, locals, code...) }
	for name, c := range map[string]struct {
		module []byte
		want   string
	}{
		"nothing":                       {nil, "not a WebAssembly binary"},
		"a text":                        {[]byte("(module)"), "a text file is to be assembled first"},
		"a component":                   {[]byte("\x00asm\x0d\x00\x01\x00"), "not a WebAssembly binary of version 1"},
		"an ELF file":                   {[]byte("\x7fELF\x02\x01\x01\x00"), "not a WebAssembly binary"},
		"unknown section":               {section(14, nil), "there is no section 14"},
		"tags":                          {section(13, b(0)), "without exception handling"},
		"section past the end":          {append([]byte(header), 1, 9, 0), "type section, offset 0xa: it ends too early: 9 bytes are needed, 1 are left"},
		"section size of 4 GB":          {join([]byte(header), b(1), huge), "type section, offset 0xe: it ends too early"},
		"section longer than content":   {section(1, b(0, 0)), "1 bytes too many"},
		"sections out of order":         {join([]byte(header), part(3, b(0)), part(1, b(0))), "type section, offset 0xd: the section is out of order"},
		"section twice":                 {join([]byte(header), part(1, b(0)), part(1, b(0))), "there are two of it"},
		"data count after code":         {join([]byte(header), part(10, b(0)), part(12, b(0))), "out of order"},
		"a count that is cut off":       {section(3, huge[:4]), "it ends too early"},
		"4 billion types":               {section(1, huge), "4294967295 types are claimed, but 0 bytes are left"},
		"4 billion parameters":          {section(1, join(b(1, 0x60), huge)), "are claimed"},
		"4 billion imports":             {section(2, huge), "are claimed"},
		"4 billion functions":           {section(3, huge), "are claimed"},
		"4 billion tables":              {section(4, huge), "are claimed"},
		"4 billion memories":            {section(5, huge), "are claimed"},
		"4 billion globals":             {section(6, huge), "are claimed"},
		"4 billion exports":             {section(7, huge), "are claimed"},
		"4 billion element segments":    {section(9, huge), "are claimed"},
		"4 billion elements":            {section(9, join(b(1, 1, 0), huge)), "are claimed"},
		"4 billion bodies":              {section(10, huge), "are claimed"},
		"4 billion data segments":       {section(11, huge), "are claimed"},
		"4 billion bytes of data":       {section(11, join(b(1, 1), huge)), "are claimed"},
		"4 billion labels":              {withCode(nil, i32(0), b(0x0e), huge), "labels are claimed"},
		"4 billion locals":              {withCodeGroups(join(u32(1), huge, b(0x7f))), "more than 50000 locals"},
		"4 billion groups of locals":    {withCodeGroups(huge), "groups of locals are claimed"},
		"locals that overflow":          {withCodeGroups(join(u32(2), huge, b(0x7f), huge, b(0x7f))), "more than 50000 locals"},
		"name past the section":         {section(0, b(5, 'a')), "5 bytes of a name are claimed"},
		"name that is not UTF-8":        {section(0, b(1, 0xff)), "not UTF-8"},
		"LEB of six bytes":              {section(1, b(0x80, 0x80, 0x80, 0x80, 0x80, 0x00)), "a number of more than 32 bits"},
		"LEB of 33 bits":                {section(1, b(0x80, 0x80, 0x80, 0x80, 0x10)), "a number of more than 32 bits"},
		"i32.const of 33 bits":          {withCode(nil, b(0x41, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x1a)), "more than 32 bits"},
		"i32.const of six bytes":        {withCode(nil, b(0x41, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00, 0x1a)), "more than 32 bits"},
		"i64.const of 65 bits":          {withCode(nil, b(0x42, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x1a)), "more than 64 bits"},
		"the counter is exported":       {source{globals: [][]byte{b(0x7e, 0x01, 0x42, 0x00, 0x0b)}, exports: [][]byte{export(fuel.Global, 3, 0)}}.bytes(), `the export "sealgate_fuel" is reserved`},
		"its name for a memory":         {source{memories: [][]byte{pages(1)}, exports: [][]byte{export(fuel.Global, 2, 0)}}.bytes(), "is reserved"},
		"export of the counter's index": {source{exports: [][]byte{export("mine", 3, 0)}}.bytes(), "global 0 is exported, but there are 0"},
		"global.get of the counter":     {withCode(nil, b(0x23, 0x00, 0x1a)), "code section, function 0, offset 0x34: global 0 is out of range: there are 0"},
		"global.set of the counter":     {withCode(nil, b(0x42, 0x00, 0x24, 0x00)), "global 0 is out of range"},
		"counter as an initial value":   {source{globals: [][]byte{b(0x7e, 0x00, 0x23, 0x00, 0x0b)}}.bytes(), "global section, offset 0xe: global 0 is out of range"},
		"counter as an offset":          {source{memories: [][]byte{pages(1)}, data: [][]byte{b(0x00, 0x23, 0x00, 0x0b, 0x00)}}.bytes(), "global 0 is out of range"},
		"counter as an element":         {source{elements: [][]byte{b(0x05, 0x70, 0x01, 0x23, 0x00, 0x0b)}}.bytes(), "global 0 is out of range"},
		"the scratch local":             {withCode(b(2, 0x7f), b(0x20, 0x02, 0x1a), i32(0), i32(0), i32(0), b(0xfc, 0x0b, 0)), "local 2 is out of range: there are 2"},
		"branch out of the function":    {withCode(nil, b(0x0c, 0x01)), "a branch out of 1 blocks, of which there are 1"},
		"code that does not end":        {withCode(nil, b(0x02, 0x40)), "ends too early"},
		"code after its end":            {withCode(nil, end), "1 bytes too many"},
		"block in a constant":           {source{globals: [][]byte{b(0x7f, 0x00, 0x02, 0x40, 0x0b, 0x0b)}}.bytes(), "opcode 0x02 in a constant expression"},
		"call in a constant":            {source{globals: [][]byte{b(0x7f, 0x00, 0x10, 0x00, 0x0b, 0x0b)}}.bytes(), "opcode 0x10 in a constant expression"},
		"atomics":                       {withCode(nil, b(0xfe, 0x03, 0x00)), "opcode 0xfe is not supported: build the guest without threads"},
		"shared memory":                 {source{memories: [][]byte{b(0x03, 1, 1)}}.bytes(), "build the guest without threads"},
		"64-bit memory":                 {source{memories: [][]byte{b(0x04, 1)}}.bytes(), "build the guest for 32 bits"},
		"exceptions":                    {withCode(nil, b(0x08, 0x00)), "opcode 0x08 is not supported: build the guest without exception handling"},
		"call_ref":                      {withCode(nil, b(0x14, 0x00)), "without typed references"},
		"relaxed SIMD":                  {withCode(nil, b(0xfd, 0x80, 0x02)), "opcode 0xfd 0x100 is not supported"},
		"vector opcode in a long form":  {withCode(nil, b(0xfd, 0x8c, 0x00)), "not in its shortest form"},
		"opcode that does not exist":    {withCode(nil, b(0x27)), "opcode 0x27 is not supported"},
		"second memory":                 {withCode(nil, i32(0), b(0x28, 0x42, 0x01, 0x00)), "an alignment of 2^66"},
		"block of a missing type":       {withCode(nil, b(0x02, 0x07)), "a block type that does not exist"},
		"block type in a long form":     {withCode(nil, b(0x02, 0xc0, 0x7f)), "a block type that does not exist"},
		"struct type":                   {section(1, b(1, 0x5f, 0, 0)), "without garbage collection"},
		"typed reference":               {section(1, b(1, 0x60, 1, 0x63, 0)), "0x63 is not the type of a value"},
		"function of a missing type":    {source{types: [][]byte{noneToNone}, funcs: [][]byte{b(1)}}.bytes(), "type 1 is out of range: there are 1"},
		"function without code":         {source{types: [][]byte{noneToNone}, funcs: [][]byte{b(0)}}.bytes(), "1 functions are declared, but 0 have code"},
		"code without function":         {source{code: [][]byte{fn(nil)}}.bytes(), "0 functions are declared, but 1 have code"},
		"table of a gigabyte":           {source{tables: [][]byte{join(b(0x70, 0x00), u32(1<<27))}}.bytes(), "table 0 has 134217728 elements, at most 32768"},
		"five tables":                   {source{tables: bytesOf(5, b(0x70, 0x00, 0))}.bytes(), "there are 5 tables, at most 4"},
		"500,000 globals":               {source{globals: bytesOf(500_000, b(0x7f, 0x01, 0x41, 0x00, 0x0b))}.bytes(), "there are 500000 globals, at most 10000"},
		"1000 parameters":               {source{types: [][]byte{join(b(0x60), u32(1000), bytes.Repeat(b(0x7f), 1000), b(0))}}.bytes(), "type 0 has 1000 parameters and 0 results: at most 128 and 16"},
		"17 results":                    {source{types: [][]byte{join(b(0x60, 0, 17), bytes.Repeat(b(0x7f), 17))}}.bytes(), "type 0 has 0 parameters and 17 results"},
		"a function of a megabyte":      {withCode(nil, bytes.Repeat(b(0x01), 1<<20)), "bytes, at most 524288 are accepted"},
		"1000 locals in 1000 loops":     {withCode(b(100, 0x7f, 100, 0x7f, 100, 0x7f, 100, 0x7f, 100, 0x7f), bytes.Repeat(b(0x03, 0x40, 0x0b), 1000)), "too much work to compile"},
		"the function that refills":     {withCode(nil, b(0x10, 1)), "function 1 is out of range: there are 1"},
		"the same in tail position":     {withCode(nil, b(0x12, 1)), "function 1 is out of range"},
		"a reference to it":             {withCode(nil, b(0xd2, 1, 0x1a)), "function 1 is out of range"},
		"it as an initial value":        {source{globals: [][]byte{b(0x70, 0x00, 0xd2, 0x00, 0x0b)}}.bytes(), "function 0 is out of range"},
		"it as an element":              {source{elements: [][]byte{b(0x01, 0x00, 0x01, 0x00)}}.bytes(), "function 0 is out of range"},
		"it as an export":               {source{exports: [][]byte{export("f", 0, 0)}}.bytes(), "function 0 is out of range"},
		"it as the start":               {source{start: [][]byte{b(0)}}.bytes(), "function 0 is out of range"},
		"the reserve is exported":       {source{memories: [][]byte{pages(1)}, exports: [][]byte{export(fuel.Reserve, 2, 0)}}.bytes(), "is reserved"},
		"the stack is exported":         {source{memories: [][]byte{pages(1)}, exports: [][]byte{export(fuel.Stack, 2, 0)}}.bytes(), "is reserved"},
		"too big":                       {make([]byte, fuel.MaxSize+1), "at most 33554432 are accepted"},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			m, err := fuel.Instrument(c.module, fuel.Limits{Budget: 1})
			runtime.ReadMemStats(&after)
			require.ErrorContains(t, err, c.want)
			assert.Nil(t, m)
			assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(16<<20), "bytes for a module of %d", len(c.module))
		})
	}
	_, err := fuel.Instrument([]byte(header), fuel.Limits{Budget: -1})
	require.ErrorContains(t, err, "the budget is -1: it must not be negative")
}

func bytesOf(n int, item []byte) (all [][]byte) {
	for range n {
		all = append(all, item)
	}
	return all
}

// withCodeGroups has one function whose code starts with those bytes and then ends.
func withCodeGroups(groups []byte) []byte {
	body := append(bytes.Clone(groups), 0x0b)
	return source{types: [][]byte{noneToNone}, funcs: [][]byte{b(0)}, code: [][]byte{join(u32(len(body)), body)}}.bytes()
}

// What is cut off somewhere may by chance be a module still: between two sections.
func TestTruncatedModuleIsRefusedOrStillAModule(t *testing.T) {
	module := randomModule(1)
	r := newRuntime(t, "interpreter")
	accepted := 0
	for n := range module {
		if m, err := fuel.Instrument(module[:n], fuel.Limits{Budget: 1}); err == nil {
			bothOrNeither(t, r, module[:n], m.Code)
			accepted++
		}
	}
	assert.Less(t, accepted, 12, "as many as there are sections")
}

func TestModuleWithOneByteChangedIsRefusedOrAsValidAsBefore(t *testing.T) {
	module := single(i32ToI32, b(1, 0x7e), countdown, i32(0), param, i32(3), b(0xfc, 0x0b, 0x00), param)
	r := newRuntime(t, "interpreter")
	for i := range module {
		changed := bytes.Clone(module)
		for v := range 256 {
			changed[i] = byte(v)
			if m, err := fuel.Instrument(changed, fuel.Limits{Budget: 1}); err == nil {
				bothOrNeither(t, r, changed, m.Code)
			}
		}
	}
}

// bothOrNeither wants an instrumented module to be as valid as the original. It is
// compiled first: what Instrument lets through cannot hurt the engine.
func bothOrNeither(t *testing.T, r wazero.Runtime, original, instrumented []byte) {
	t.Helper()
	is, isErr := r.CompileModule(context.Background(), instrumented)
	was, wasErr := r.CompileModule(context.Background(), original)
	if wasErr != nil && strings.Contains(wasErr.Error(), "failed to read custom section name") {
		return // wazero 1.12 refuses an empty custom section at the end of a module, which is valid
	}
	if (isErr == nil) != (wasErr == nil) {
		t.Fatalf("module %x\nbefore: %v\nafter:  %v", original, wasErr, isErr)
	}
	if isErr == nil {
		_ = is.Close(context.Background())
		_ = was.Close(context.Background())
	}
}
