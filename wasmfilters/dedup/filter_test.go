// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package dedup

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/wasmfilters/internal/filtertest"
	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest"
)

const second = 1e9

func both(t *testing.T, test func(*testing.T, sdktest.Module)) {
	filtertest.Each(t, "dedup", New, test)
}

func info(body string) sdktest.Record { return sdktest.Record{Severity: 9, Body: body} }

func TestTheFilterConforms(t *testing.T) {
	both(t, func(t *testing.T, m sdktest.Module) {
		sdktest.Conformance(t, m, `{}`, `{"keep_severity":"NONE","attributes":["http.route"],"text":false,"max_lines":3}`)
	})
}

func TestTheFirstOfAWindowPassesAndTheRestIsReportedOnceItHasEnded(t *testing.T) {
	both(t, func(t *testing.T, m sdktest.Module) {
		run := sdktest.Start(t, m, `{"window":"10s"}`)
		at := func(now uint64, record sdktest.Record) sdk.Verdict {
			run.Options.Now = now * second
			return run.Judge(record)[0]
		}
		hello := func(time uint64) sdktest.Record { r := info("hello"); r.Time = time; return r }
		require.Equal(t, sdk.Keep, at(100, hello(1)))
		require.Equal(t, sdk.Count(1), at(101, hello(3)))
		require.Equal(t, sdk.Count(1), at(109, hello(2)))
		require.Equal(t, sdk.Keep, at(109, info("world")))
		require.Empty(t, run.Flush(109*second, false), "the window goes on")
		require.Equal(t, sdk.Keep, at(110, hello(9)), "a new window")
		require.Equal(t, sdk.Count(1), at(111, info("hello")))
		reports := run.Flush(112*second, false)
		require.Len(t, reports, 1)
		want := sdk.Report{Key: reports[0].Key, Kind: sdk.KeyIdentity, Count: 3, First: 2, Last: 111 * second, Rule: 1, Severity: 9, Text: "hello"}
		require.Equal(t, want, reports[0])
		require.Equal(t, sdk.Count(1), at(113, hello(7)))
		require.Empty(t, run.Flush(114*second, false))
		want.Count, want.First, want.Last = 1, 7, 7
		require.Equal(t, []sdk.Report{want}, run.Flush(115*second, true), "all is due at the end")
	})
}

func TestRecordsAreEqualByBodySeverityAndResource(t *testing.T) {
	a, other := map[string]string{"user": "a"}, map[string]string{"user": "b"}
	for _, tt := range []struct {
		name, config string
		second       sdktest.Record
		want         sdk.Verdict
	}{
		{"equal", `{}`, sdktest.Record{Severity: 9, Body: "x", Attrs: a, Resource: a}, sdk.Count(1)},
		{"another body", `{}`, sdktest.Record{Severity: 9, Body: "y", Attrs: a, Resource: a}, sdk.Keep},
		{"another severity", `{}`, sdktest.Record{Severity: 10, Body: "x", Attrs: a, Resource: a}, sdk.Keep},
		{"another resource", `{}`, sdktest.Record{Severity: 9, Body: "x", Attrs: a, Resource: other}, sdk.Keep},
		{"another resource, if it does not count", `{"per_resource":false}`, sdktest.Record{Severity: 9, Body: "x", Attrs: a, Resource: other}, sdk.Count(1)},
		{"another attribute", `{}`, sdktest.Record{Severity: 9, Body: "x", Attrs: other, Resource: a}, sdk.Keep},
		{"another attribute, if none counts", `{"identity":{"attributes":"none"}}`, sdktest.Record{Severity: 9, Body: "x", Attrs: other, Resource: a}, sdk.Count(1)},
		{"another attribute, if others count", `{"attributes":["role"]}`, sdktest.Record{Severity: 9, Body: "x", Attrs: other, Resource: a}, sdk.Count(1)},
		{"another number in the body", `{}`, sdktest.Record{Severity: 9, Body: "x 1", Attrs: a, Resource: a}, sdk.Keep},
		{"another attribute, if it counts", `{"attributes":["user"]}`, sdktest.Record{Severity: 9, Body: "x", Attrs: other, Resource: a}, sdk.Keep},
	} {
		run := sdktest.Start(t, sdktest.Native(New), tt.config)
		v := run.Judge(sdktest.Record{Severity: 9, Body: "x", Attrs: a, Resource: a}, tt.second)
		assert.Equal(t, []sdk.Verdict{sdk.Keep, tt.want}, v, tt.name)
	}
}

func TestSevereAndProtectedRecordsAreKept(t *testing.T) {
	warn, protected := sdktest.Record{Severity: 13, Body: "x"}, sdktest.Record{Severity: 9, Body: "x", Protected: true}
	run := sdktest.Start(t, sdktest.Native(New), `{}`)
	assert.Equal(t, make([]sdk.Verdict, 4), run.Judge(warn, warn, protected, protected))
	run = sdktest.Start(t, sdktest.Native(New), `{"keep_severity":"NONE"}`)
	assert.Equal(t, []sdk.Verdict{sdk.Keep, sdk.Count(1), sdk.Keep}, run.Judge(warn, warn, protected))
	run = sdktest.Start(t, sdktest.Native(New), `{"keep_severity":"ERROR"}`)
	assert.Equal(t, []sdk.Verdict{sdk.Keep, sdk.Count(1)}, run.Judge(warn, warn))
}

func TestALineThatMakesRoomIsStillCounted(t *testing.T) {
	run := sdktest.Start(t, sdktest.Native(New), `{"max_lines":2}`)
	run.Options.Now = 5
	run.Judge(info("a"), info("a"), info("b"), info("c"), info("b"))
	reports := run.Flush(6, true)
	require.Len(t, reports, 2)
	assert.Equal(t, sdk.Report{Key: reports[0].Key, Kind: sdk.KeyIdentity, Count: 1, First: 5, Last: 5, Rule: 1, Severity: 9}, reports[0])
	assert.Equal(t, "b", reports[1].Text)
	assert.Equal(t, sdk.Keep, run.Judge(info("a"))[0], "forgotten")
}

func TestAReportShowsTheBeginningOfTheBody(t *testing.T) {
	for _, body := range []string{strings.Repeat("ä", 80), "x" + strings.Repeat("ä", 80), strings.Repeat("\xff", 200), strings.Repeat("x", textSize)} {
		run := sdktest.Start(t, sdktest.Native(New), `{}`)
		run.Judge(info(body), info(body))
		text := run.Flush(1, true)[0].Text
		assert.True(t, strings.HasPrefix(body, text))
		assert.Equal(t, utf8.ValidString(body), utf8.ValidString(text))
		assert.GreaterOrEqual(t, len(text), textSize-3)
	}
	run := sdktest.Start(t, sdktest.Native(New), `{"text":false}`)
	run.Judge(info("secret"), info("secret"))
	assert.Empty(t, run.Flush(1, true)[0].Text)
	assert.NotContains(t, run.Manifest.Columns, sdk.ColumnBody)
}

func TestTheStateGoesOnInASuccessor(t *testing.T) {
	both(t, func(t *testing.T, m sdktest.Module) {
		before := sdktest.Start(t, m, `{"window":"10s"}`)
		before.Options.Now = 1 * second
		before.Judge(info("a"), info("b"), info("a"))
		state, err := before.Driver.SaveState()
		require.NoError(t, err)

		after := sdktest.Start(t, m, `{"window":"10s","max_lines":1}`)
		require.NoError(t, after.Driver.RestoreState(state))
		after.Options.Now = 2 * second
		assert.Equal(t, []sdk.Verdict{sdk.Count(1)}, after.Judge(info("a")), "it was used last")
		reports := after.Flush(20*second, false)
		require.Len(t, reports, 1)
		assert.EqualValues(t, 2, reports[0].Count)
	})
}

func TestAWindowThatBeganInTheFutureHasEnded(t *testing.T) {
	run := sdktest.Start(t, sdktest.Native(New), `{}`)
	run.Options.Now = 1 << 62
	run.Judge(info("a"), info("a"))
	run.Options.Now = 5
	assert.Equal(t, sdk.Keep, run.Judge(info("a"))[0])
}

func TestConfigurations(t *testing.T) {
	filtertest.Documented(t, New, keys)
	filtertest.Accepted(t, New, `{}`, `{"window":"1ms","attributes":[],"per_resource":false,"keep_severity":"ERROR2","text":false,"max_lines":8192}`,
		`{"window":"366h","keep_severity":9}`)
	filtertest.Refused(t, New, map[string]string{
		`[]`:                          "it is a list, must be an object with the keys `window`",
		`{"windows":"1s"}`:            "key `windows` is not known; `window`, ",
		`{"window":10}`:               "`window`: it must be a duration",
		`{"window":"10"}`:             "`window`: it must be a duration",
		`{"attributes":"a"}`:          "`attributes`: it must be a list of at most 16 texts",
		`{"attributes":[""]}`:         "`attributes`: entry 1: it must be a text that is not empty",
		`{"per_resource":1}`:          "`per_resource`: it is a number, must be true or false",
		`{"keep_severity":false}`:     "`keep_severity`: it must be TRACE, DEBUG",
		`{"keep_severity":0}`:         "`keep_severity`: it must be",
		`{"text":null}`:               "`text`: it is null",
		`{"max_lines":0}`:             "`max_lines`: it must be a whole number from 1 to 8192",
		`{"max_lines":8193}`:          "`max_lines`: it must be",
		`{"keep_severity":"warning"}`: "`keep_severity`: it must be",
	})
	assert.Contains(t, sdktest.Refused(t, sdktest.Native(New), `{"window":"0s"}`), "from 1ms to 8784h")
	assert.Contains(t, sdktest.Refused(t, sdktest.Native(New), `{"attributes":["a","a"]}`), "is there twice")
}

func FuzzConfigure(f *testing.F) {
	filtertest.FuzzConfigure(f, New, `{"window":"1h30m","attributes":["a"],"keep_severity":"NONE"}`, `{"max_lines":1,"text":false}`)
}

func FuzzState(f *testing.F) {
	filtertest.FuzzState(f, New, `{"max_lines":4}`, info("a"), info("a"), info("b"), info("b"))
}

// distinct are n different lines, each of them twice.
func distinct(n int) []sdktest.Record {
	out := make([]sdktest.Record, 0, 2*n)
	for i := range n {
		r := info(fmt.Sprintf("%d %s", i, strings.Repeat("x", 150)))
		out = append(out, r, r)
	}
	return out
}

func TestAsManyLinesAsThereMayBeStayWithinTheBudgetsOfTheHost(t *testing.T) {
	st := filtertest.Hosted(t, "dedup", fmt.Sprintf(`{"max_lines":%d}`, mostLines), distinct(mostLines))
	assert.EqualValues(t, 3*mostLines, st.Represented, "the second pass is nothing but repeats")
	assert.LessOrEqual(t, st.MemoryBytes, uint64(32<<20))
}

func TestJudgingAllocatesNothing(t *testing.T) {
	for _, records := range [][]sdktest.Record{distinct(200), sdktest.Lines(100)} {
		filtertest.AllocatesNothing(t, New, `{"max_lines":100}`, records)
		filtertest.AllocatesNothing(t, New, `{"attributes":["http.route"]}`, records)
	}
}

func BenchmarkJudge(b *testing.B) {
	filtertest.Bench(b, "dedup", New, sdktest.Lines(1000), map[string]string{
		"all repeats":          `{"keep_severity":"NONE"}`,
		"hardly any repeat":    `{"max_lines":100}`,
		"an attribute as well": `{"attributes":["http.route"]}`,
	})
}
