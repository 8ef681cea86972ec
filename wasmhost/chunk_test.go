// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/wasmhost/columns"
)

var update = flag.Bool("update", false, "write the golden files")

// chunkOf is the chunk of a batch, padded with what was in the guest's memory before.
func chunkOf(t testing.TB, m Manifest, b *batch, most int) ([]byte, int) {
	t.Helper()
	require.NoError(t, m.check())
	p, err := newPlan(m)
	require.NoError(t, err)
	e := newEncoder(p)
	n := e.gather(b, iota32(b.Len()), largest(most))
	buffer := []byte(strings.Repeat("\xAA", e.bytes()))
	e.writeHead(buffer, 77, flagTrial)
	e.writeColumns(buffer, b)
	return buffer, n
}

func iota32(n int) []int32 {
	list := make([]int32, n)
	for i := range list {
		list[i] = int32(i)
	}
	return list
}

// columnOf is a column of a chunk as a guest would find it.
func columnOf(chunk []byte, k int) []byte {
	at := headSize + directorySize*k
	return chunk[le.Uint32(chunk[at:]):][:le.Uint32(chunk[at+4:])]
}

func textsOf(column []byte, n int) (texts []string) {
	for k := range n {
		at, size := le.Uint32(column[8*k:]), le.Uint32(column[8*k+4:])
		if size == noText {
			texts = append(texts, "(none)")
			continue
		}
		texts = append(texts, string(column[at:at+size]))
	}
	return texts
}

// TestEqualBodiesAreMaskedAlike takes chunks in which bodies come again, which are masked once.
func TestEqualBodiesAreMaskedAlike(t *testing.T) {
	for _, n := range []int{1, leastRepeats - 1, leastRepeats, 500} {
		b := &batch{resources: 1}
		for i := range n {
			b.records = append(b.records, record{body: fmt.Sprintf("order %d of %s", i%11, strings.Repeat("x", i*i%7))})
		}
		chunk, _ := chunkOf(t, Manifest{Columns: []string{"template"}}, b, n)
		var m columns.Masker
		for k, r := range b.records {
			require.Equal(t, m.ID(r.body), le.Uint64(columnOf(chunk, 0)[8*k:]))
		}
	}
}

func TestAChunkHasTheColumnsInTheOrderOfTheManifest(t *testing.T) {
	b := &batch{resources: 2, records: []record{
		{severity: 9, time: 5, body: "GET /healthz 1", attrs: map[string]string{"a": "x"}},
		{severity: 17, time: 6, body: "failed", resource: 1, protected: true},
		{severity: 1, body: "", resource: 1, attrs: map[string]string{"a": ""}},
	}}
	m := Manifest{
		Needles: []Needle{{Text: "/healthz"}, {Text: "FAIL", Fold: true}},
		Columns: []string{
			"severity", "time", "resource", "resource_key", "body", "body_size", "body_hash", "template", "needles",
			"trace_id", "event_name", "protected", "attr:a", "resource_attr:host.name", "resource_attr:none",
		},
	}
	c, n := chunkOf(t, m, b, 100)
	require.Equal(t, 3, n)
	assert.EqualValues(t, headSize+directorySize*15, le.Uint32(c))
	assert.EqualValues(t, 3, le.Uint32(c[4:]), "records")
	assert.EqualValues(t, 2, le.Uint32(c[8:]), "resources")
	assert.EqualValues(t, 15, le.Uint32(c[12:]), "columns")
	assert.EqualValues(t, 77, le.Uint64(c[16:]), "now")
	assert.EqualValues(t, flagTrial, le.Uint32(c[24:]))
	assert.Zero(t, le.Uint32(c[28:]))

	assert.Equal(t, []byte{9, 17, 1}, columnOf(c, 0))
	assert.Equal(t, "\x05\x00\x00\x00\x00\x00\x00\x00\x06", string(columnOf(c, 1)[:9]))
	assert.Equal(t, []byte{0, 0, 1, 0, 1, 0}, columnOf(c, 2))
	assert.Len(t, columnOf(c, 3), 16)
	assert.Equal(t, []string{"GET /healthz 1", "failed", ""}, textsOf(columnOf(c, 4), 3))
	assert.Equal(t, []byte{14, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0}, columnOf(c, 5))
	assert.Equal(t, columns.Hash("failed"), le.Uint64(columnOf(c, 6)[8:]))
	assert.Equal(t, new(columns.Masker).ID("GET /healthz 2"), le.Uint64(columnOf(c, 7)))
	assert.EqualValues(t, 1, le.Uint64(columnOf(c, 8)))
	assert.EqualValues(t, 2, le.Uint64(columnOf(c, 8)[8:]))
	assert.Len(t, columnOf(c, 9), 48)
	assert.Equal(t, []string{"event", "event", "event"}, textsOf(columnOf(c, 10), 3))
	assert.Equal(t, []byte{0, 1, 0}, columnOf(c, 11))
	assert.Equal(t, []string{"x", "(none)", ""}, textsOf(columnOf(c, 12), 3))
	assert.Equal(t, []string{"host.name0", "host.name1"}, textsOf(columnOf(c, 13), 2))
	assert.Equal(t, []string{"(none)", "(none)"}, textsOf(columnOf(c, 14), 2))
}

// The layout is a contract with guests that are compiled elsewhere: where this breaks, the ABI has changed.
func TestTheLayoutOfVersionOneIsFixed(t *testing.T) {
	b := &batch{resources: 2, records: []record{
		{severity: 9, time: 1, body: "GET /healthz 200", attrs: map[string]string{"k": "v"}},
		{severity: 17, time: 2, body: "", resource: 1, protected: true},
	}}
	m := Manifest{
		Needles: []Needle{{Text: "/healthz"}},
		Columns: []string{
			"time", "severity", "resource", "resource_key", "body", "body_size", "body_hash", "template", "needles",
			"trace_id", "protected", "event_name", "attr:k", "resource_attr:host.name",
		},
	}
	chunk, _ := chunkOf(t, m, b, 100)
	clear(columnOf(chunk, 6)) // body_hash and template are keyed per process
	clear(columnOf(chunk, 7))
	path := filepath.Join("testdata", "chunk_v1.hex")
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(hex.Dump(chunk)), 0o644))
	}
	golden, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(golden), hex.Dump(chunk))
}

func TestColumnsBeginAtMultiplesOfEightAndNothingIsLeftUnwritten(t *testing.T) {
	m := Manifest{Columns: []string{"severity", "resource", "body", "body_size", "attr:a", "protected"}}
	c, _ := chunkOf(t, m, mixed(5, 2), 100)
	assert.Zero(t, len(c)%8)
	assert.NotContains(t, string(c), "\xAA")
	for k := range m.Columns {
		assert.Zero(t, le.Uint32(c[headSize+directorySize*k:])%8)
	}
}

func TestBodiesOfAnyKindAreJudgedByTheirWhole(t *testing.T) {
	large := strings.Repeat("x", 1<<20) + "needle"
	b := &batch{records: []record{{body: ""}, {body: large}, {body: "\x00\xff\xfe"}, {body: "a\xc3("}}}
	m := Manifest{Columns: []string{"body", "body_size", "body_hash", "needles"}, Needles: []Needle{{Text: "needle"}}}
	c, n := chunkOf(t, m, b, 100)
	require.Equal(t, 4, n)
	texts := textsOf(columnOf(c, 0), 4)
	assert.Equal(t, []string{"", large[:maxTextSize], "\x00\xff\xfe", "a\xc3("}, texts)
	assert.EqualValues(t, len(large), le.Uint32(columnOf(c, 1)[4:]))
	assert.Equal(t, columns.Hash(large), le.Uint64(columnOf(c, 2)[8:]))
	assert.EqualValues(t, 1, le.Uint64(columnOf(c, 3)[8:]))
}

func TestNeedlesAreLeftOutWhereTheGuestHasNoUseForThem(t *testing.T) {
	b := &batch{records: []record{{body: "a needle"}, {body: "a needle", severity: 9}, {body: "none"}}}
	m := Manifest{Columns: []string{"needles"}, Needles: make([]Needle, 70), NeedlesFor: "no_severity"} // two words a record
	for k := range m.Needles {
		m.Needles[k].Text = "needle"
	}
	c, _ := chunkOf(t, m, b, 100)
	want := binary.LittleEndian.AppendUint64(nil, math.MaxUint64)
	want = binary.LittleEndian.AppendUint64(want, 1<<6-1)
	assert.Equal(t, append(want, make([]byte, 32)...), columnOf(c, 0))

	m.NeedlesFor = "whom it may concern" // a hint that this host does not know
	c, _ = chunkOf(t, m, b, 100)
	assert.Equal(t, slices.Concat(want, want, make([]byte, 16)), columnOf(c, 0))
}

func TestAChunkEndsEarlyWhereItsTextsAreMany(t *testing.T) {
	b := &batch{}
	for range 100 {
		b.records = append(b.records, record{body: strings.Repeat("x", 100_000)})
	}
	_, n := chunkOf(t, Manifest{Columns: []string{"body"}}, b, 100)
	assert.Equal(t, maxChunkText/maxTextSize, n)
	_, n = chunkOf(t, Manifest{Columns: []string{"body_hash"}}, b, 100)
	assert.Equal(t, 100, n)
}

func TestLargeBodiesPassThroughAGuest(t *testing.T) {
	f := filterOf(t, guestParts{manifest: `{"columns":["severity","body"],"rules":["noise"]}`}, Options{})
	b := mixed(100, 1)
	for i := range b.records {
		b.records[i].body = strings.Repeat("\xff", 1<<20)
	}
	judge(t, f, b)
	assert.EqualValues(t, 50, f.Stats().Dropped)
	assert.EqualValues(t, 13, f.Stats().Chunks)
}

func TestAGuestWithoutColumnsIsAsked(t *testing.T) {
	const n = 3
	all := code(get(0), load32(4), set(n), i64(atVerdicts<<32), get(n), i32(8), i32Mul, i64ExtendU, i64Or)
	f := filterOf(t, guestParts{manifest: `{}`, filter: all}, Options{})
	assert.Equal(t, Keep, judge(t, f, mixed(5, 1))[0].Action)
}

func TestRecordsOfAResourceStayWithOneInstance(t *testing.T) {
	var r routes
	slots := map[int]int{}
	for range 3 {
		b := mixed(64, 16)
		r.fill(b, 4)
		seen := 0
		for slot, list := range r.records {
			for _, i := range list {
				resource := b.Resource(int(i))
				if was, ok := slots[resource]; ok {
					assert.Equal(t, was, slot)
				}
				slots[resource] = slot
				seen++
			}
		}
		assert.Equal(t, 64, seen)
	}
	spread := map[int]bool{}
	for _, slot := range slots {
		spread[slot] = true
	}
	assert.Len(t, spread, 4)
}

func TestSmallKeysAreSpread(t *testing.T) {
	var count [4]int
	for key := range uint64(4000) {
		count[route(key, 4)]++
	}
	for _, n := range count {
		assert.InDelta(t, 1000, n, 100)
	}
}

func TestTimeNeverGoesBack(t *testing.T) {
	var c clock
	f := filterOf(t, guestParts{}, c.options(Options{}))
	judge(t, f, mixed(1, 1))
	before := f.slots[0].instance.lastNow
	c.now = c.now.Add(-1e9)
	judge(t, f, mixed(1, 1))
	assert.Equal(t, before, f.slots[0].instance.lastNow)
}

func TestAManifestBeyondItsLimitsIsRefused(t *testing.T) {
	many := func(n int) (list []string) {
		for k := range n {
			list = append(list, fmt.Sprint("attr:", k))
		}
		return list
	}
	for says, m := range map[string]Manifest{
		"65 columns":  {Columns: many(65)},
		"4097 rules":  {Rules: many(4097)},
		"257 bytes":   {Rules: []string{strings.Repeat("x", 257)}},
		"257 needles": {Needles: make([]Needle, 257)},
	} {
		b, err := json.Marshal(m)
		require.NoError(t, err)
		m, err = decodeManifest(b)
		if err == nil {
			_, err = newPlan(m)
		}
		assert.ErrorContains(t, err, says)
	}
}

func TestTemplatesSeenLastAreRemembered(t *testing.T) {
	var m columns.Masker
	var mem templates
	for k := range 9000 {
		body := strings.Repeat("x", k%1500+1) + strings.Repeat("y", k/1500) + " failed"
		id := m.ID(body)
		mem.remember(id, body)
		mem.remember(id, "another body of the same template")
		assert.Equal(t, body[:min(len(body), maxTemplateText)], mem.text(id))
	}
	assert.Empty(t, mem.text(12345))
}

func TestRuleNumbersOutliveModulesAndAreBounded(t *testing.T) {
	b := newRuleBook()
	first := b.enter([]string{"a", "", "b"})
	assert.Equal(t, []RuleID{0, 1, 2, 3}, first)
	assert.Equal(t, "rule 2", b.name(2))
	assert.Equal(t, []RuleID{0, 3, 4}, b.enter([]string{"b", "c"}))
	for k := range maxRuleIDs {
		b.enter([]string{fmt.Sprint("other", k)})
	}
	assert.Equal(t, maxRuleIDs, b.size())
	assert.Equal(t, otherRules, b.name(maxRuleIDs-1))
	assert.Equal(t, RuleID(maxRuleIDs-1), b.enter([]string{"too late"})[1])
}
