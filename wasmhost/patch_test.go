// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/wasmhost/detect"
)

const (
	atPatches = 0xC000
	changing  = `{"name":"test","version":"1","columns":["severity","matches"],"rules":["noise"],"requires":["patches"],` +
		`"patches":["body","attributes"],"detectors":[{"kind":"email"}]}`
)

// encoded is a patch as the ABI has it.
func encoded(record int, kind, severity byte, rule, at, length int, key, value string) string {
	b := le.AppendUint32(nil, uint32(record))
	b = append(b, kind, severity)
	b = le.AppendUint16(b, uint16(rule))
	for _, n := range []int{at, length, len(key), len(value)} {
		b = le.AppendUint32(b, uint32(n))
	}
	b = append(append(b, key...), value...)
	return string(append(b, make([]byte, -len(b)&7)...))
}

// returning is a guest that keeps all records and returns these patches for every chunk.
func returning(manifest, patches string) guestParts {
	return guestParts{
		manifest: manifest, filter: verdictsFor(0, 0),
		extra: []function{{exports[8], 0, packed(atPatches, int64(len(patches)))}}, data: map[int]string{atPatches: patches},
	}
}

// patched begins a batch, and returns its patches in their order.
func patched(t *testing.T, f *Filter, b *batch) (all []Patch) {
	t.Helper()
	p, err := f.Begin(t.Context(), b, make([]Verdict, b.Len()))
	require.NoError(t, err)
	p.Patches(func(record int, patches []Patch) {
		for _, patch := range patches {
			assert.Equal(t, record, patch.Record)
			all = append(all, patch)
		}
	})
	p.Commit()
	return all
}

func mails() *batch {
	return &batch{records: []record{{body: "x"}, {body: "to a@b.co, c@d.eu", attrs: map[string]string{"mail": "e@f.org"}}}}
}

func TestPatchesNameRecordsRulesAndPlaces(t *testing.T) {
	patches := encoded(0, 3, 0, 1, 0, 0, "", "new") + encoded(1, 1, 0, 1, 1, 0, "", "Y") + encoded(1, 1, 0, 0, 2, 0, "", "Z") +
		encoded(1, 2, 0, 0, 3, 4, "", "") + encoded(1, 4, 0, 0, 0, 0, "k", "v") + encoded(1, 5, 0, 0, 0, 0, "k", "") + encoded(1, 7, 0, 0, 0, 0, "", "r") + encoded(1, 1, 0, 0, 9, 0, "", "")
	f := filterOf(t, returning(changing, patches), Options{Allow: Changes()})
	rule := f.slots[0].program.rules[1]
	assert.Equal(t, []Patch{
		{Record: 0, Kind: PatchBody, Rule: rule, Value: "new"},
		{Record: 1, Kind: PatchMatch, Rule: rule, Text: 0, Start: 11, End: 17, Value: "Y"},
		{Record: 1, Kind: PatchMatch, Text: 1, End: 7, Value: "Z"},
		{Record: 1, Kind: PatchBodyRange, Start: 3, End: 7},
		{Record: 1, Kind: PatchSetAttribute, Key: "k", Value: "v"},
		{Record: 1, Kind: PatchDeleteAttribute, Key: "k"},
		{Record: 1, Kind: PatchRoute, Value: "r"},
		{Record: 1, Kind: PatchMatch, Text: -1},
	}, patched(t, f, mails()))
	assert.Zero(t, f.Stats().Errors)
}

func TestPatchesThatTheABIDoesNotKnowAreAnError(t *testing.T) {
	good := encoded(0, 3, 0, 1, 0, 0, "", "new")
	for name, patches := range map[string]string{
		"too short": good[:20], "half": good[:24], "a record that is not there": encoded(2, 3, 0, 0, 0, 0, "", ""), "records not in their order": encoded(1, 3, 0, 0, 0, 0, "", "") + good,
		"a rule that is not there": encoded(0, 3, 0, 2, 0, 0, "", ""), "kind 0": encoded(0, 0, 0, 0, 0, 0, "", ""), "kind 8": encoded(0, 8, 0, 0, 0, 0, "", ""),
		"a key of a body": encoded(0, 3, 0, 0, 0, 0, "k", ""), "a severity of a body": encoded(0, 3, 1, 0, 0, 0, "", ""), "a range of a route": encoded(0, 7, 0, 0, 1, 0, "", "r"),
		"a value that is deleted": encoded(0, 5, 0, 0, 0, 0, "k", "v"), "a change that is not wanted": encoded(0, 6, 9, 0, 0, 0, "", ""),
		"a size beyond all": encoded(0, 3, 0, 0, 0, 0, "", "")[:20] + "\xff\xff\xff\xff",
	} {
		t.Run(name, func(t *testing.T) {
			f := filterOf(t, returning(changing, patches), Options{Allow: Changes()})
			assert.Empty(t, patched(t, f, mails()))
			assert.EqualValues(t, 1, f.Stats().Errors[KindOutput])
			assert.EqualValues(t, 2, f.Stats().Passed)
		})
	}
}

func TestAGuestThatWantsToChangeWhatIsNotAllowedIsRefused(t *testing.T) {
	for _, allow := range [][]Change{nil, {ChangeBody}, {ChangeSeverity, ChangeAttributes}} {
		_, err := NewFilter(t.Context(), load(t, newRuntime(t), returning(changing, "")), Options{Allow: allow})
		requireKind(t, KindConfigure, err)
		assert.ErrorContains(t, err, "`allow`")
	}
}

func TestManifestsThatWantToChangeRecords(t *testing.T) {
	for manifest, want := range map[string]string{
		strings.Replace(changing, `"body"`, `"time"`, 1):                                    `"time"`,
		strings.Replace(changing, `"requires":["patches"]`, `"requires":["x"]`, 1):          `"x"`,
		strings.Replace(changing, `"email"`, `"iban"`, 1):                                   `"iban"`,
		strings.Replace(changing, `{"kind":"email"}`, `{"kind":"regexp","pattern":"("}`, 1): "missing closing",
		strings.Replace(changing, `"rules"`, `"detect_in":["severity"],"rules"`, 1):         "detect",
	} {
		_, err := NewFilter(t.Context(), load(t, newRuntime(t), returning(manifest, "")), Options{Allow: Changes()})
		assert.ErrorContains(t, err, want)
	}
	p := returning(changing, "")
	p.extra = nil
	_, err := NewFilter(t.Context(), load(t, newRuntime(t), p), Options{Allow: Changes()})
	assert.ErrorContains(t, err, "sealgate_patches")
}

func TestAGuestOfVersion10IsNotAskedForPatches(t *testing.T) {
	p := returning(oneRule, "")
	p.extra[0].body = code(opUnreachable)
	f := filterOf(t, p, Options{Allow: Changes()})
	assert.Empty(t, patched(t, f, mails()))
	assert.Zero(t, f.Stats().Errors)
}

// A chunk is as small as the matches make it: each has its own fuel, whatever the length of its record.
func TestMatchesCountInTheFuelAndTheSizeOfAChunk(t *testing.T) {
	f := filterOf(t, returning(changing, ""), Options{Allow: Changes()})
	b := &batch{}
	for range 512 {
		b.records = append(b.records, record{body: strings.Repeat("a@b.co ", 100)})
	}
	patched(t, f, b)
	assert.Greater(t, f.Stats().Chunks, uint64(5))
}

func TestMatchesAreFoundWhereTheManifestSays(t *testing.T) {
	for in, want := range map[string]int{`[]`: 3, `["body"]`: 2, `["attributes"]`: 1, `["body","attributes"]`: 3} {
		m, err := decodeManifest([]byte(strings.Replace(changing, `"rules"`, `"detect_in":`+in+`,"rules"`, 1)))
		require.NoError(t, err)
		p, err := newPlan(m)
		require.NoError(t, err)
		e := newEncoder(p)
		require.Equal(t, 2, e.gather(mails(), iota32(2), largest(10)))
		assert.Len(t, e.matches.all, want)
		e.reset()
		assert.Empty(t, e.matches.all)
	}
}

func FuzzPatches(f *testing.F) {
	f.Add(encoded(0, 3, 0, 1, 0, 0, "", "new")+encoded(1, 1, 0, 1, 1, 0, "", "Y"), 1)
	f.Add(encoded(1, 4, 0, 0, 0, 0, "key", "value"), 0)
	f.Add("\x00", 0)
	m, err := decodeManifest([]byte(changing))
	require.NoError(f, err)
	p, err := newPlan(m)
	require.NoError(f, err)
	e := newEncoder(p)
	require.Equal(f, 2, e.gather(mails(), iota32(2), largest(10)))
	f.Fuzz(func(t *testing.T, b string, rules int) {
		rules = min(max(rules, 0), maxRules)
		patches, err := decodePatches(nil, b, rules, Changes(), e)
		if err != nil {
			return
		}
		size, last := 0, 0
		for _, p := range patches {
			size += patchSize + (len(p.Key)+len(p.Value)+7)&^7
			assert.GreaterOrEqual(t, p.Record, last)
			assert.Less(t, p.Record, 2)
			assert.LessOrEqual(t, int(p.Rule), rules)
			last = p.Record
		}
		assert.Len(t, b, size)
	})
}

func FuzzDetectors(f *testing.F) {
	f.Add("to a@b.co", "mail", "password=x")
	s, err := detect.New([]detect.Detector{{Kind: detect.Email}, {Kind: detect.Secret}, {Kind: detect.IP}})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, body, name, value string) {
		m := newMatches(&plan{detectors: s, body: true, attr: true})
		b := &batch{records: []record{{body: body, attrs: map[string]string{name: value}}, {body: value}}}
		m.add(b, 0)
		m.add(b, 1)
		column := make([]byte, m.size())
		m.write(column)
		for k := range m.all {
			entry := column[m.head()+matchSize*k:]
			at, size := le.Uint32(entry[8:]), le.Uint32(entry[12:])
			require.Equal(t, m.all[k].text, string(column[at:at+size]))
		}
	})
}
