// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest"
)

// languages are those whose modules are committed.
func languages(t testing.TB) (names []string) {
	modules, err := filepath.Glob("../*/quiet.wasm")
	require.NoError(t, err)
	require.NotEmpty(t, modules)
	for _, m := range modules {
		names = append(names, filepath.Base(filepath.Dir(m)))
	}
	return names
}

func module(language string) string { return filepath.Join("..", language, "quiet.wasm") }

// committed are the filter in each of these languages.
func committed(t testing.TB) map[string]sdktest.Module {
	m := map[string]sdktest.Module{}
	for _, language := range languages(t) {
		m[language] = sdktest.WASM(t, module(language))
	}
	return m
}

func native() sdktest.Module { return sdktest.Native(newFilter) }

// all are the filter in each language and, unless tests are to be short, in Go as a module.
func all(t *testing.T) map[string]sdktest.Module {
	m := committed(t)
	m["Go, native"] = native()
	if !testing.Short() {
		m["Go"] = sdktest.Build(t, ".")
	}
	return m
}

// each runs a test with the filter in each language.
func each(t *testing.T, test func(*testing.T, sdktest.Module)) {
	for name, m := range all(t) {
		t.Run(name, func(t *testing.T) { test(t, m) })
	}
}

const (
	textsOnly    = `{"below":1,"contains":["GET","z1","took"]}`
	severityOnly = `{"below":"WARN","contains":[]}`
)

func TestConformance(t *testing.T) {
	each(t, func(t *testing.T, m sdktest.Module) {
		sdktest.Conformance(t, m, `{}`, textsOnly, severityOnly, `{"contains":[`+numbers(maxTexts)+`]}`)
	})
}

// numbers is a list of JSON texts: n numbers with brackets around each.
func numbers(n int) string {
	var texts []string
	for i := range n {
		texts = append(texts, fmt.Sprintf(`"<%d>"`, i))
	}
	return strings.Join(texts, ",")
}

func TestTheManifestAsksForWhatTheConfigurationNeeds(t *testing.T) {
	each(t, func(t *testing.T, m sdktest.Module) {
		assert.Equal(t, sdk.Manifest{
			Name: "quiet", Version: "1.0.0",
			Columns: []string{"severity", "needles", "time", "protected"},
			Needles: []sdk.Needle{{Text: "GET /healthz"}, {Text: "GET /readyz"}},
			Rules:   []string{"severity", "contains: GET /healthz", "contains: GET /readyz"},
		}, sdktest.Start(t, m, `{}`).Manifest)
		assert.Equal(t, sdk.Manifest{
			Name: "quiet", Version: "1.0.0",
			Columns: []string{"severity"}, Needles: []sdk.Needle{}, Rules: []string{"severity"},
		}, sdktest.Start(t, m, severityOnly).Manifest)
	})
}

func TestTextsAreReadAndWrittenAsJSON(t *testing.T) {
	longest := strings.Repeat("\x01", maxText) // of which each byte becomes six
	for written, want := range map[string]string{
		`a\"b\\c\/d\b\f\n\r\t`:            "a\"b\\c/d\b\f\n\r\t",
		`\u0041\u00e9\u20AC\ud83d\ude00`:  "Aé€😀",
		`é€😀`:                             "é€😀",
		`\ud83d x`:                        "\uFFFD x",
		`\ud83d\ud83d\ude00`:              "\uFFFD😀",
		`\ude00\ud83d`:                    "\uFFFD\uFFFD",
		`\u0000\u001f` + "\x7f":           "\x00\x1f\x7f",
		strings.Repeat(`\u0001`, maxText): longest,
		strings.Repeat(`é`, maxText/2):    strings.Repeat(`é`, maxText/2),
	} {
		each(t, func(t *testing.T, m sdktest.Module) {
			manifest := sdktest.Start(t, m, ` { "contains" : [ "`+written+`" ] } `).Manifest
			assert.Equal(t, []sdk.Needle{{Text: want}}, manifest.Needles)
			assert.Equal(t, []string{"severity", "contains: " + want}, manifest.Rules)
		})
	}
}

func TestTheLargestConfigurationIsAccepted(t *testing.T) {
	var texts, want []string
	for i := range maxTexts {
		texts = append(texts, fmt.Sprintf(`"%s\u00%02x"`, strings.Repeat(`\u0001`, maxText-1), i))
		want = append(want, strings.Repeat("\x01", maxText-1)+string(rune(i)))
	}
	each(t, func(t *testing.T, m sdktest.Module) {
		manifest := sdktest.Start(t, m, `{"contains":[`+strings.Join(texts, ",")+`]}`).Manifest
		for i, n := range manifest.Needles {
			assert.Equal(t, want[i], n.Text)
		}
		assert.Len(t, manifest.Needles, maxTexts)
	})
}

// refused are configurations with one mistake each, and what is said of it in
// every language.
var refused = []struct{ config, message string }{
	{`[]`, "configuration: it must be an object with the keys `below` and `contains`"},
	{`null`, "configuration: it must be an object with the keys `below` and `contains`"},
	{`{`, "configuration: not JSON at byte 1, where a key should be"},
	{`{"below" 9}`, "configuration: not JSON at byte 9, where a colon should be"},
	{`{"below":9 "contains":[]}`, "configuration: not JSON at byte 11, where a comma or `}` should be"},
	{`{"below":9,}`, "configuration: not JSON at byte 11, where a key should be"},
	{`{"below":9}}`, "configuration: not JSON at byte 11, where the end should be"},
	{"{}\x00", "configuration: not JSON at byte 2, where the end should be"},
	{`{"contains":["a" "b"]}`, "configuration: not JSON at byte 17, where a comma or `]` should be"},
	{`{"contains":["a`, "configuration: not JSON at byte 15, where a quotation mark should be"},
	{"{\"contains\":[\"a\n\"]}", "configuration: not JSON at byte 15, where no control character should be"},
	{`{"contains":["\x"]}`, "configuration: not JSON at byte 14, where an escape sequence should be"},
	{`{"contains":["\u12g4"]}`, "configuration: not JSON at byte 14, where an escape sequence should be"},
	{`{"contains":["` + "\xc0\x80" + `"]}`, "configuration: it is not UTF-8"},
	{`{"below":9,"below":9}`, `configuration: key "below" is there twice in one object`},
	{`{"contains":[],"contains":[]}`, `configuration: key "contains" is there twice in one object`},
	{`{"blow":9}`, "configuration: key `blow` is not known; `below` and `contains` are"},
	{`{"\n\"":9}`, "configuration: key `\n\"` is not known; `below` and `contains` are"},
	{`{"` + strings.Repeat("x", 100000) + `":9}`, "configuration: key `...` is not known; `below` and `contains` are"},
	{`{"contains":1}`, "`contains`: it must be a list of at most 64 texts"},
	{`{"contains":[` + numbers(maxTexts+1) + `]}`, "`contains`: it must be a list of at most 64 texts"},
	{`{"contains":["a",1]}`, "`contains`: entry 2 must be a text of 1 to 200 bytes that is not there already"},
	{`{"contains":[""]}`, "`contains`: entry 1 must be a text of 1 to 200 bytes that is not there already"},
	{`{"contains":["a","b","a"]}`, "`contains`: entry 3 must be a text of 1 to 200 bytes that is not there already"},
	{`{"contains":["` + strings.Repeat("x", maxText+1) + `"]}`, "`contains`: entry 1 must be a text of 1 to 200 bytes that is not there already"},
	{`{"contains":["` + strings.Repeat("€", 100000) + `"]}`, "`contains`: entry 1 must be a text of 1 to 200 bytes that is not there already"},
}

const noSeverity = "`below`: it must be TRACE, DEBUG, INFO, WARN, ERROR or FATAL, one of them with 2, 3 or 4, or a number from 1 to 24"

func TestAConfigurationIsRefusedWithThePlaceOfTheMistake(t *testing.T) {
	each(t, func(t *testing.T, m sdktest.Module) {
		for _, tt := range refused {
			assert.Equal(t, tt.message, sdktest.Refused(t, m, tt.config), "%.60s", tt.config)
		}
		for _, value := range []string{
			`0`, `25`, `-1`, `9.5`, `9e0`, `99999999999999999999`, `4294967305`, `true`, `null`, `[]`, `{}`,
			`""`, `"info"`, `"INFO1"`, `"INFO5"`, `"INFO22"`, `"INF"`, `"UNSPECIFIED"`, `"` + strings.Repeat("INFO", 1000) + `"`,
		} {
			assert.Equal(t, noSeverity, sdktest.Refused(t, m, `{"below":`+value+`}`), "%.60s", value)
		}
	})
}

func TestRecordsBelowASeverityAreDropped(t *testing.T) {
	for value, number := range map[string]uint8{`1`: 1, `24`: 24, `"TRACE"`: 1, `"DEBUG4"`: 8, `"INFO"`: 9, `"WARN2"`: 14, `"ERROR"`: 17, `"FATAL4"`: 24} {
		each(t, func(t *testing.T, m sdktest.Module) {
			for _, texts := range []string{`[]`, `["GET /healthz"]`} {
				run := sdktest.Start(t, m, `{"below":`+value+`,"contains":`+texts+`}`)
				var records []sdktest.Record
				for severity := range 256 {
					records = append(records, sdktest.Record{Severity: uint8(severity), Body: "x"})
				}
				for severity, v := range run.Judge(records...) {
					want := sdk.Keep
					if severity > 0 && severity < int(number) {
						want = sdk.Drop(1)
					}
					assert.Equal(t, want, v, "severity %d, below %s", severity, value)
				}
			}
		})
	}
}

func TestRecordsWithATextAreCountedUnderTheFirstOfTheirTexts(t *testing.T) {
	each(t, func(t *testing.T, m sdktest.Module) {
		run := sdktest.Start(t, m, `{"contains":["one","two"]}`)
		run.Options.Now = 50
		assert.Equal(t, []sdk.Verdict{sdk.Count(3), sdk.Count(2), sdk.Drop(1), sdk.Keep, sdk.Keep, sdk.Count(2), sdk.Count(2)}, run.Judge(
			sdktest.Record{Time: 7, Severity: 9, Body: "two"},
			sdktest.Record{Time: 9, Severity: 9, Body: "two one"},
			sdktest.Record{Time: 1, Severity: 8, Body: "one"},
			sdktest.Record{Time: 2, Severity: 9, Body: "one", Protected: true},
			sdktest.Record{Time: 3, Severity: 9, Body: "three"},
			sdktest.Record{Time: 8, Severity: 17, Body: "one"},
			sdktest.Record{Severity: 9, Body: "one"}, // at the time of the chunk
		))
		assert.Equal(t, []sdk.Report{
			{Key: 2, Count: 3, First: 8, Last: 50, Rule: 2, Text: "one"},
			{Key: 3, Count: 1, First: 7, Last: 7, Rule: 3, Severity: 9, Text: "two"},
		}, run.Flush(60, false))
		assert.Empty(t, run.Flush(61, true))
	})
}

func TestEveryTextIsToldApart(t *testing.T) {
	each(t, func(t *testing.T, m sdktest.Module) {
		run := sdktest.Start(t, m, `{"contains":[`+numbers(maxTexts)+`]}`)
		for i := range maxTexts {
			v := run.Judge(sdktest.Record{Time: 1, Body: fmt.Sprintf("<%d><%d>", maxTexts-1, i)})
			assert.Equal(t, sdk.Count(uint16(i+2)), v[0])
		}
		assert.Len(t, run.Flush(2, true), maxTexts)
	})
}

func TestNothingIsJudgedWithoutAConfiguration(t *testing.T) {
	manifest := sdktest.Start(t, native(), `{}`).Manifest
	each(t, func(t *testing.T, m sdktest.Module) {
		d, err := m.New()
		require.NoError(t, err)
		defer d.Close()
		for range 2 { // before, and after one that is refused
			v, err := d.Filter(sdktest.Encode(&manifest, sdktest.Options{Now: 1}, sdktest.Record{Body: "GET /healthz"}))
			require.NoError(t, err)
			assert.Empty(t, v)
			reports, err := d.Flush(1, true)
			require.NoError(t, err)
			assert.Empty(t, reports)
			state, err := d.SaveState()
			require.NoError(t, err)
			assert.Empty(t, state)
			assert.ErrorIs(t, d.RestoreState(make([]byte, 80)), sdktest.ErrNoState)
			_, err = d.Configure([]byte(`{"contains":[""]}`))
			require.Error(t, err)
		}
	})
}
