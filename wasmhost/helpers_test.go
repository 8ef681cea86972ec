// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// guestCache keeps the compiled guest of standard Go from test to test: to compile it takes seconds,
// and much longer with the race detector.
var guestCache string

func TestMain(m *testing.M) {
	var err error
	if guestCache, err = os.MkdirTemp("", "wasmhost-"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(guestCache)
		os.Exit(code)
	}))
}

// Where the guests of the tests have what.
const (
	atManifest = 0x400
	atVerdicts = 0x10000
	atReport   = 0xA000
	atCount    = 0xB000 // u64: what was dropped with verdict 2
	atBuffer   = 0x100000
	guestPages = 64
)

// guestParts are what makes a guest of the tests; what is left out is as it should be.
type guestParts struct {
	manifest  string
	abi       asm // results on the stack, as the exports' types say
	buffer    asm
	configure asm
	filter    asm // three more locals of i32: 2, 3, 4
	extra     []function
	without   string // an export to leave out
	imports   []signature
	from      string
	pages     int
	noMemory  bool
	start     asm
	data      map[int]string
}

func packed(address, size int64) asm { return i64(address<<32 | size) }

// verdictsFor is a filter that gives the verdict to every record of a severity below the limit. Column
// 0 must be the severity.
func verdictsFor(verdict int64, below int64) asm {
	const ptr, k, n = 0, 2, 3
	return code(
		get(ptr), load32(4), set(n),
		opLoop, noType,
		i32(atVerdicts), get(k), i32(3), i32Shl, i32Add,
		i64(verdict), i64(0),
		get(ptr), get(ptr), load32(32), i32Add, get(k), i32Add, load8(0), i32(below), i32LtU,
		opSelect, store64(0),
		get(k), i32(1), i32Add, set(k),
		get(k), get(n), i32LtU, opBrIf, 0,
		opEnd,
		i64(atVerdicts<<32), get(n), i32(3), i32Shl, i64ExtendU, i64Or)
}

const (
	info       = 9
	dropAll    = 100                 // below which all severities are
	dropRule1  = int64(Drop) | 1<<16 // verdicts as numbers
	represent1 = int64(Represent) | 1<<16
	oneRule    = `{"name":"test","version":"1","columns":["severity"],"rules":["noise"]}`
)

func assemble(p guestParts) []byte {
	if p.manifest == "" {
		p.manifest = oneRule
	}
	or := func(a, b asm) asm {
		if a == nil {
			return b
		}
		return a
	}
	if p.pages == 0 {
		p.pages = guestPages
	}
	if p.from == "" {
		p.from = wasiModule
	}
	all := append([]function{
		{exports[0], 0, or(p.abi, i32(1))},
		{exports[1], 0, or(p.buffer, i32(atBuffer))},
		{exports[2], 0, or(p.configure, packed(atManifest, int64(len(p.manifest))))},
		{exports[3], 3, or(p.filter, verdictsFor(dropRule1, info))},
	}, p.extra...)
	var funcs []function
	for _, f := range all {
		if f.name != p.without {
			funcs = append(funcs, f)
		}
	}
	data := map[int]string{atManifest: p.manifest}
	maps.Copy(data, p.data)
	if p.noMemory {
		data = nil
	}
	return guestModule{
		imports: p.imports, from: p.from, funcs: funcs, pages: p.pages, noMemory: p.noMemory,
		data: maps.Clone(data), start: p.start,
	}.bytes()
}

// counting is a guest that drops with verdict 2 what is below INFO, counts it in its memory, reports
// it in one report, and hands the count over.
func counting() guestParts {
	const ptr, k, n = 0, 2, 3
	filter := code(
		verdictsFor(represent1, info), // leaves the result on the stack
		i32(0), set(k),
		opLoop, noType,
		i32(atCount), i32(atCount), load64(0),
		i64(1), i64(0), get(ptr), get(ptr), load32(32), i32Add, get(k), i32Add, load8(0), i32(info), i32LtU, opSelect,
		i64Add, store64(0),
		get(k), i32(1), i32Add, set(k),
		get(k), get(n), i32LtU, opBrIf, 0,
		opEnd)
	flush := code(
		i32(atReport), i64(42), store64(0),
		i32(atReport), i32(atCount), load64(0), store64(8),
		i32(atReport), i32(1), store32(32),
		i32(atCount), i64(0), store64(0),
		packed(atReport, reportSize))
	return guestParts{filter: filter, extra: []function{{exports[4], 0, flush}}}
}

func (p guestParts) withState() guestParts {
	p.extra = append(p.extra,
		function{exports[5], 0, packed(atCount, 8)},
		function{exports[6], 0, code(i32(atCount), get(0), load64(0), store64(0), i32(0))})
	return p
}

// record is one of the tests' batches.
type record struct {
	severity  uint8
	resource  int
	time      uint64
	body      string
	attrs     map[string]string
	values    map[string]Value
	event     string
	scope     uint64
	protected bool
}

type batch struct {
	records   []record
	resources int // keys are their numbers
}

func (b *batch) Len() int                 { return len(b.records) }
func (b *batch) Resources() int           { return max(1, b.resources) }
func (b *batch) ResourceKey(r int) uint64 { return uint64(r) }
func (b *batch) ResourceAttribute(r int, name string) (string, bool) {
	return fmt.Sprint(name, r), name == "host.name"
}
func (b *batch) Resource(i int) int     { return b.records[i].resource }
func (b *batch) Time(i int) uint64      { return b.records[i].time }
func (b *batch) Severity(i int) uint8   { return b.records[i].severity }
func (b *batch) Body(i int) string      { return b.records[i].body }
func (b *batch) TraceID(i int) [16]byte { return [16]byte{15: byte(i)} }
func (b *batch) EventName(i int) string { return cmp.Or(b.records[i].event, "event") }
func (b *batch) ScopeKey(i int) uint64  { return b.records[i].scope }
func (b *batch) Attributes(i int, visit func(string, Value)) {
	for name, v := range b.records[i].values {
		visit(name, v)
	}
}
func (b *batch) Texts(i int, visit func(Text)) {
	visit(Text{Value: b.records[i].body})
	for _, name := range slices.Sorted(maps.Keys(b.records[i].attrs)) {
		visit(Text{Name: name, Value: b.records[i].attrs[name], Attribute: true})
	}
}
func (b *batch) Attribute(i int, name string) (string, bool) {
	s, ok := b.records[i].attrs[name]
	return s, ok
}
func (b *batch) Protected(i int) bool { return b.records[i].protected }

// mixed has n records of which every second is below INFO.
func mixed(n, resources int) *batch {
	b := &batch{resources: resources}
	for i := range n {
		b.records = append(b.records, record{severity: uint8(5 + 4*(i%2)), resource: i * resources / n, body: "a line of a log"})
	}
	return b
}

func newRuntime(t testing.TB) *Runtime { return runtimeWith(t, RuntimeOptions{}) }

func runtimeWith(t testing.TB, opts RuntimeOptions) *Runtime {
	t.Helper()
	r, err := NewRuntime(t.Context(), opts)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, r.Close(context.Background())) })
	return r
}

func load(t testing.TB, r *Runtime, p guestParts) *Module {
	t.Helper()
	m, err := r.Load(t.Context(), assemble(p), "")
	require.NoError(t, err)
	return m
}

// newFilter makes a filter of one instance, unless opts say otherwise, and closes it with the test.
func newFilter(t testing.TB, m *Module, opts Options) *Filter {
	t.Helper()
	if opts.Instances == 0 {
		opts.Instances = 1
	}
	f, err := NewFilter(t.Context(), m, opts)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := f.Close(context.Background())
		assert.NoError(t, err)
		assertConserved(t, f.Stats())
	})
	return f
}

func filterOf(t testing.TB, p guestParts, opts Options) *Filter {
	t.Helper()
	return newFilter(t, load(t, newRuntime(t), p), opts)
}

func judge(t testing.TB, f *Filter, b *batch) []Verdict {
	t.Helper()
	out := make([]Verdict, b.Len())
	require.NoError(t, f.Judge(t.Context(), b, out))
	return out
}

func assertConserved(t testing.TB, st Stats) {
	t.Helper()
	assert.Equal(t, st.In, st.Kept+st.Dropped+st.Represented+st.Refused, "in = kept + dropped + represented + refused")
	assert.Equal(t, st.Represented+st.ProtectedRepresented, st.Reported+st.Outstanding+st.Cancelled, "what is represented is reported")
	var byRule uint64
	for _, r := range st.ByRule {
		byRule += r.Count
	}
	assert.Equal(t, st.Dropped-st.DroppedOnError+st.Represented, byRule, "what is dropped has a rule")
}

func requireKind(t testing.TB, want Kind, err error) {
	t.Helper()
	var e *Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, want.String(), e.Kind.String(), err.Error())
}
