// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdk

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type fake struct {
	manifest Manifest
	err      error
}

func (f *fake) Configure([]byte) (Manifest, error) { return f.manifest, f.err }
func (f *fake) Judge(*Chunk, []Verdict)            {}

func manifestOf(t *testing.T, f Filter) (m Manifest) {
	require.NoError(t, json.Unmarshal(NewGuest(f).Configure(nil), &m))
	return m
}

func TestAManifestIsTheSameAfterJSON(t *testing.T) {
	want := Manifest{
		Name: "a \"b\" \\ \n \x01 é 😀", Version: "1", Columns: []string{Attr("x\ty"), ColumnNeedles},
		Needles: []Needle{{Text: "a"}, {Text: "</b>", Fold: true}, {Text: "a*b", Glob: true, Start: true, End: true}}, Rules: []string{"one", ""},
	}
	assert.Equal(t, want, manifestOf(t, &fake{manifest: want}))
	none := manifestOf(t, &fake{})
	assert.Equal(t, Manifest{Columns: []string{}, Needles: []Needle{}, Rules: []string{}}, none)
}

func TestWhatTheHostWouldRefuseIsSaidInTheManifest(t *testing.T) {
	many := func(n int) []string { return make([]string, n) }
	for want, f := range map[string]*fake{
		"no such planet":                           {err: errors.New("no such planet")},
		`column "bdy" is not one of version 1`:     {manifest: Manifest{Columns: []string{"bdy"}}},
		`column "body" is asked for twice`:         {manifest: Manifest{Columns: []string{"body", "body"}}},
		"65 columns: at most 64":                   {manifest: Manifest{Columns: many(65)}},
		"4097 rules: at most 4096":                 {manifest: Manifest{Rules: many(4097)}},
		"257 texts to look for in the body: at mo": {manifest: Manifest{Needles: make([]Needle, 257)}},
		"has 0 bytes, must have 1 to 256":          {manifest: Manifest{Needles: make([]Needle, 1)}},
		"the name of a rule has 257 bytes":         {manifest: Manifest{Rules: []string{strings.Repeat("x", 257)}}},
		"51200 bytes of texts to look for":         {manifest: Manifest{Needles: slices.Repeat([]Needle{{Text: strings.Repeat("x", 256)}}, 200)}},
	} {
		f.manifest.Name = "fake"
		m := manifestOf(t, f)
		assert.Contains(t, m.Error, want)
		assert.Equal(t, "fake", m.Name)
		assert.Empty(t, m.Columns)
	}
}

func TestAChunkBeforeTheConfigurationIsAnError(t *testing.T) {
	g := NewGuest(&fake{})
	assert.Nil(t, g.Filter(make([]byte, 32)))
	require.ErrorContains(t, g.Err(), "without a configuration")
	assert.Nil(t, g.Flush(1, true))
	assert.Nil(t, g.SaveState())
	assert.Error(t, g.RestoreState(nil))
}

func TestABufferIsAsLargeAsAskedFor(t *testing.T) {
	g := NewGuest(&fake{})
	for _, size := range []uint32{0, 1, 8, 9, 4097, 1 << 20, 16 << 20, 5} {
		b := g.Buffer(size)
		require.NotNil(t, b)
		assert.GreaterOrEqual(t, 8*len(b), int(size))
	}
	assert.LessOrEqual(t, 8*cap(g.in), 1<<20, "what was large once is given back")
	assert.Nil(t, g.Buffer(maxBuffer+1))
	assert.Nil(t, g.Buffer(0xffffffff))
}

func TestTheSameBufferServesAgain(t *testing.T) {
	g := NewGuest(&fake{})
	g.Buffer(10000)
	assert.Zero(t, testing.AllocsPerRun(10, func() { g.Buffer(10001); g.Buffer(1) }))
}

// dropOnce drops the records of its first chunk, and writes no verdict after.
type dropOnce struct{ fake }

func (f *dropOnce) Judge(_ *Chunk, v []Verdict) {
	if f.err == nil {
		f.err = errors.New("done")
		v[0] = Drop(0)
	}
}

func TestVerdictsThatAreNotWrittenAreKeep(t *testing.T) {
	g := NewGuest(&dropOnce{})
	g.Configure(nil)
	chunk := make([]byte, fixedHead)
	chunk[0], chunk[4] = fixedHead, 1
	assert.Equal(t, []Verdict{Drop(0)}, g.Filter(chunk))
	assert.Equal(t, []Verdict{Keep}, g.Filter(chunk))
}

func TestReportsHaveTheirTextsBehindThem(t *testing.T) {
	reports := []Report{
		{Key: 1, Count: 2, First: 3, Last: 4, Rule: 5, Kind: KeyTemplate, Severity: 9, Text: "one"},
		{Count: 1},
		{Count: 1, Text: strings.Repeat("x", MaxReportText+5)},
	}
	const base = 1 << 16
	b := appendReports(nil, reports)
	addresses(b, len(reports), base)
	text := func(i int) string {
		at := b[i*reportSize+36:]
		address, size := binary.LittleEndian.Uint32(at), binary.LittleEndian.Uint32(at[4:])
		if address == 0 {
			return "none"
		}
		return string(b[address-base : address-base+size])
	}
	assert.Equal(t, "one", text(0))
	assert.Equal(t, "none", text(1))
	assert.Len(t, text(2), MaxReportText)
	assert.Equal(t, []byte{5, 0, 1, 9}, b[32:36])
}

func TestVerdictsAreEightBytesOfTheABI(t *testing.T) {
	assert.Equal(t, Verdict(0x0102_00_01), Drop(0x0102))
	assert.Equal(t, Verdict(0x0003_00_02), Count(3))
	assert.Equal(t, Verdict(0x7_0000_00_00), Represent(7))
	assert.Equal(t, Verdict(0x0004_00_00), KeepBy(4))
	assert.True(t, Drop(2).Valid(2))
	assert.False(t, Drop(3).Valid(2), "a rule that the manifest does not name")
	assert.False(t, Verdict(3).Valid(9), "an action that is not there")
	assert.False(t, Verdict(0x100).Valid(9), "the second byte is zero")
	assert.False(t, (Drop(1) | Represent(1)).Valid(9), "what is dropped represents nothing")
}
