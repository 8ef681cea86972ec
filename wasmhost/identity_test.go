// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func str(s string) Value   { return Value{Text: s} }
func num(n uint64) Value   { return Value{Kind: ValueNumber, Bits: n} }
func truth(b uint64) Value { return Value{Kind: ValueBool, Bits: b} }

// identities are those of records, computed as one chunk.
func identities(t testing.TB, id Identity, records ...record) []uint64 {
	t.Helper()
	m := Manifest{Columns: []string{"identity"}, Identity: id}
	c, n := chunkOf(t, m, &batch{records: records, resources: 3}, 100)
	require.Equal(t, len(records), n)
	out := make([]uint64, n)
	for k := range out {
		out[k] = le.Uint64(columnOf(c, 0)[8*k:])
	}
	return out
}

func attr(name string, v Value) record { return record{values: map[string]Value{name: v}} }

func TestIdentityTellsRecordsApart(t *testing.T) {
	for name, pair := range map[string][2]record{
		"body":               {{body: "login failed"}, {body: "login done"}},
		"severity":           {{severity: 9}, {severity: 17}},
		"resource":           {{resource: 1}, {resource: 2}},
		"scope":              {{scope: 1}, {scope: 2}},
		"event name":         {{event: "a"}, {event: "b"}},
		"attribute's value":  {attr("outcome", str("ok")), attr("outcome", str("failed"))},
		"attribute's name":   {attr("a", str("x")), attr("b", str("x"))},
		"attribute more":     {{}, attr("a", str("x"))},
		"attribute's kind":   {attr("a", str("true")), attr("a", truth(1))},
		"bool":               {attr("ok", truth(0)), attr("ok", truth(1))},
		"status as number":   {attr("http.response.status_code", num(200)), attr("http.response.status_code", num(503))},
		"status as text":     {attr("http.status_code", str("200")), attr("http.status_code", str("503"))},
		"exit code":          {attr("exit_code", num(0)), attr("exit_code", num(137))},
		"file":               {attr("log.file.path", str("/var/log/a1.log")), attr("log.file.path", str("/var/log/a2.log"))},
		"file's name":        {attr("log.file.name", str("1.log")), attr("log.file.name", str("2.log"))},
		"error type":         {attr("error.type", str("TimeoutError")), attr("error.type", str("KeyError"))},
		"swapped attributes": {{values: map[string]Value{"a": str("x"), "b": str("y")}}, {values: map[string]Value{"a": str("y"), "b": str("x")}}},
	} {
		ids := identities(t, Identity{}, pair[0], pair[1], pair[0])
		assert.NotEqual(t, ids[0], ids[1], name)
		assert.Equal(t, ids[0], ids[2], name)
	}
}

func TestIdentityLeavesOutWhatVaries(t *testing.T) {
	for name, pair := range map[string][2]record{
		"number in the body":  {{body: "order 17 placed"}, {body: "order 18 placed"}},
		"number in a value":   {attr("user", str("u17")), attr("user", str("u18"))},
		"number":              {attr("order", num(17)), attr("order", num(18))},
		"trace id":            {attr("trace_id", str("abcdef")), attr("trace_id", str("fedcba"))},
		"span id":             {attr("spanId", str("abcdef")), attr("spanId", str("fedcba"))},
		"time":                {attr("@timestamp", str("noon")), attr("@timestamp", str("night"))},
		"duration":            {attr("duration_ms", str("one")), attr("duration_ms", str("two"))},
		"latency":             {attr("latency", str("a while")), attr("latency", str("long"))},
		"id that is an UUID":  {attr("request.id", str("3fa85f64-5717-4562-b3fc-2c963f66afa6")), attr("request.id", str("1fa85f64-5717-4562-b3fc-2c963f66afa7"))},
		"record's number":     {attr("log.file.record_number", num(1)), attr("log.file.record_number", num(2))},
		"record's offset":     {attr("log.file.record_offset", num(0)), attr("log.file.record_offset", num(90))},
		"order of attributes": {{values: map[string]Value{"a": str("x"), "b": str("y")}}, {values: map[string]Value{"b": str("y"), "a": str("x")}}},
	} {
		ids := identities(t, Identity{}, pair[0], pair[1])
		assert.Equal(t, ids[0], ids[1], name)
	}
}

func TestIdentityIsOfTheNamedParts(t *testing.T) {
	full := record{severity: 9, body: "took 5 ms", resource: 1, scope: 1, event: "e", values: map[string]Value{"a": str("x1"), "b": str("y")}}
	with := func(f func(*record)) record { r := full; f(&r); return r }
	other := map[string]record{
		PartResource:   with(func(r *record) { r.resource = 2 }),
		PartScope:      with(func(r *record) { r.scope = 2 }),
		PartEventName:  with(func(r *record) { r.event = "f" }),
		PartSeverity:   with(func(r *record) { r.severity = 10 }),
		PartTemplate:   with(func(r *record) { r.body = "gave 5 ms" }),
		PartBody:       with(func(r *record) { r.body = "took 6 ms" }),
		PartAttributes: with(func(r *record) { r.values = map[string]Value{"a": str("z"), "b": str("y")} }),
	}
	for part, differs := range other {
		ids := identities(t, Identity{Parts: []string{part}}, full, differs)
		assert.NotEqual(t, ids[0], ids[1], part)
		ids = identities(t, Identity{Parts: []string{}}, full, differs)
		assert.Equal(t, ids[0], ids[1], part)
	}
	another := with(func(r *record) { r.values = map[string]Value{"a": str("x2"), "b": str("y")} })
	for _, tt := range []struct {
		name string
		id   Identity
		same bool
	}{
		{"masked", Identity{}, true},
		{"exact beside the exact body", Identity{Parts: []string{PartBody, PartAttributes}}, false},
		{"included", Identity{Include: []string{"a"}}, false},
		{"included alone", Identity{Parts: []string{}, Include: []string{"a"}}, false},
		{"another included", Identity{Parts: []string{}, Include: []string{"b"}}, true},
		{"excluded", Identity{Parts: []string{PartBody, PartAttributes}, Exclude: []string{"a"}}, true},
	} {
		ids := identities(t, tt.id, full, another)
		assert.Equal(t, tt.same, ids[0] == ids[1], tt.name)
	}
}

func TestIdentityOfAManifestIsChecked(t *testing.T) {
	assert.ErrorContains(t, Manifest{Identity: Identity{Parts: []string{"bodies"}}}.check(), `"bodies" a part of the identity: this host knows resource,`)
	assert.ErrorContains(t, Manifest{Identity: Identity{Include: make([]string, maxColumns+1)}}.check(), "at most 64")
	assert.NoError(t, Manifest{Identity: Identity{Parts: allParts, Exclude: []string{"a"}}}.check())
}

func TestIdentityCachesHoldManyNames(t *testing.T) {
	var records []record
	for i := range 3000 { // more than the caches have places
		name := fmt.Sprintf("name%c%c%c", 'a'+i%26, 'a'+i/26%26, 'a'+i/676)
		records = append(records, attr(name, str("v"+name)), attr(name, str("v"+name)))
	}
	seen := map[uint64]bool{}
	for from := 0; from < len(records); from += 100 {
		ids := identities(t, Identity{}, records[from:from+100]...)
		for k := 0; k < len(ids); k += 2 {
			require.Equal(t, ids[k], ids[k+1])
			seen[ids[k]] = true
		}
	}
	assert.Len(t, seen, 3000)
}

func TestIdentityAllocatesNothing(t *testing.T) {
	b := &batch{records: []record{{severity: 9, body: "order 17 placed", values: map[string]Value{"a": str("x1"), "http.status_code": num(200), "log.file.path": str("/a")}}}}
	p, err := newPlan(Manifest{Columns: []string{"identity"}})
	require.NoError(t, err)
	e := newEncoder(p)
	list := iota32(1)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		e.gather(b, list, largest(1))
		e.findTemplates()
		e.findIdentities(b)
	}))
}
