// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package ratelimit

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/wasmfilters/internal/filtertest"
	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest"
)

const second = 1e9

func both(t *testing.T, test func(*testing.T, sdktest.Module)) {
	filtertest.Each(t, "ratelimit", New, test)
}

// passed is how many of n records pass at a time.
func passed(run *sdktest.Run, now uint64, n int, record sdktest.Record) (kept int) {
	run.Options.Now = now
	records := make([]sdktest.Record, n)
	for i := range records {
		records[i] = record
	}
	for _, v := range run.Judge(records...) {
		if v.Action() == sdk.ActionKeep {
			kept++
		}
	}
	return kept
}

func TestTheFilterConforms(t *testing.T) {
	both(t, func(t *testing.T, m sdktest.Module) {
		sdktest.Conformance(t, m, `{"rate":1}`,
			`{"rate":5,"burst":1,"per_template":true,"per_severity":true,"attributes":["http.route"],"resource_attributes":["service.name"],"keep_severity":"NONE","max_keys":2}`)
	})
}

func TestABucketGivesItsBurstAndThenTheRate(t *testing.T) {
	both(t, func(t *testing.T, m sdktest.Module) {
		run := sdktest.Start(t, m, `{"rate":2,"burst":5}`)
		r := sdktest.Record{Severity: 9}
		assert.Equal(t, 5, passed(run, 100*second, 50, r), "a full bucket")
		assert.Equal(t, 0, passed(run, 100*second, 1, r), "an empty one")
		assert.Equal(t, 2, passed(run, 101*second, 50, r))
		assert.Equal(t, 0, passed(run, 101.4*second, 50, r))
		assert.Equal(t, 1, passed(run, 101.5*second, 50, r))
		assert.Equal(t, 5, passed(run, 1000*second, 50, r), "no fuller than full")
	})
}

func TestTheRateHoldsOverTime(t *testing.T) {
	for rate, want := range map[string]int{"0.1": 1 + 6, "4": 1 + 4*60, "100": 1 + 100*60} {
		run := sdktest.Start(t, sdktest.Native(New), `{"rate":`+rate+`,"burst":1}`)
		kept := 0
		for now := uint64(0); now <= 60*second; now += second / 1000 {
			kept += passed(run, now, 1, sdktest.Record{})
		}
		assert.Equal(t, want, kept, rate)
	}
}

func TestTheBurstIsTenSecondsUnlessItIsSaid(t *testing.T) {
	for rate, want := range map[string]int{"0.01": 1, "0.1": 1, "1": 10, "20": 200} {
		run := sdktest.Start(t, sdktest.Native(New), `{"rate":`+rate+`}`)
		assert.Equal(t, want, passed(run, second, 500, sdktest.Record{}), rate)
	}
}

func TestEachKeyHasABucket(t *testing.T) {
	base := sdktest.Record{Severity: 9, Body: "got 1", Attrs: map[string]string{"user": "a"}, Resource: map[string]string{"service.name": "a"}}
	change := func(f func(*sdktest.Record)) sdktest.Record { r := base; f(&r); return r }
	for _, tt := range []struct {
		key    string
		differ sdktest.Record
	}{
		{`"per_resource":true`, change(func(r *sdktest.Record) { r.Resource = map[string]string{"service.name": "b"} })},
		{`"per_resource":false,"per_severity":true`, change(func(r *sdktest.Record) { r.Severity = 5 })},
		{`"per_resource":false,"per_template":true`, change(func(r *sdktest.Record) { r.Body = "gave 1" })},
		{`"per_resource":false,"attributes":["user"]`, change(func(r *sdktest.Record) { r.Attrs = map[string]string{"user": "b"} })},
		{`"per_resource":false,"resource_attributes":["service.name"]`, change(func(r *sdktest.Record) { r.Resource = map[string]string{"service.name": "b"} })},
	} {
		run := sdktest.Start(t, sdktest.Native(New), `{"rate":1,"burst":1,`+tt.key+`}`)
		assert.Equal(t, []sdk.Verdict{sdk.Keep, sdk.Count(1), sdk.Keep}, run.Judge(base, base, tt.differ), tt.key)
		run = sdktest.Start(t, sdktest.Native(New), `{"rate":1,"burst":1,"per_resource":false}`)
		assert.Equal(t, []sdk.Verdict{sdk.Keep, sdk.Count(1)}, run.Judge(base, tt.differ), tt.key)
	}
}

func TestSevereRecordsPassAndTakeNoToken(t *testing.T) {
	info, warn := sdktest.Record{Severity: 9}, sdktest.Record{Severity: 13}
	run := sdktest.Start(t, sdktest.Native(New), `{"rate":1,"burst":1}`)
	assert.Equal(t, []sdk.Verdict{sdk.Keep, sdk.Keep, sdk.Keep, sdk.Count(1), sdk.Keep}, run.Judge(warn, warn, info, info, sdktest.Record{Severity: 9, Protected: true}))
	run = sdktest.Start(t, sdktest.Native(New), `{"rate":1,"burst":1,"keep_severity":"NONE"}`)
	assert.Equal(t, []sdk.Verdict{sdk.Keep, sdk.Count(1)}, run.Judge(warn, warn))
}

func TestWhatIsDroppedIsReportedUnlessItShallNotBe(t *testing.T) {
	r := sdktest.Record{Severity: 9, Body: "x", Time: 7}
	run := sdktest.Start(t, sdktest.Native(New), `{"rate":1,"burst":1}`)
	passed(run, second, 3, r)
	reports := run.Flush(2*second, false)
	require.Len(t, reports, 1)
	assert.NotZero(t, reports[0].Key)
	reports[0].Key = 0
	assert.Equal(t, sdk.Report{Kind: sdk.KeyIdentity, Count: 2, First: 7, Last: 7, Rule: 1}, reports[0])
	assert.Empty(t, run.Flush(3*second, true))

	run = sdktest.Start(t, sdktest.Native(New), `{"rate":1,"burst":1,"report":false}`)
	assert.Equal(t, []sdk.Verdict{sdk.Keep, sdk.Drop(1)}, run.Judge(r, r))
	assert.Empty(t, run.Flush(second, true))
}

func TestAKeyThatMakesRoomIsStillCounted(t *testing.T) {
	run := sdktest.Start(t, sdktest.Native(New), `{"rate":1,"burst":1,"per_template":true,"max_keys":1}`)
	run.Judge(sdktest.Record{Body: "a"}, sdktest.Record{Body: "a"}, sdktest.Record{Body: "b"})
	reports := run.Flush(1, true)
	require.Len(t, reports, 1)
	assert.Equal(t, sdk.KeyIdentity, reports[0].Kind, "it still says whose records these were")
	assert.EqualValues(t, 1, reports[0].Count)
}

func TestTheStateGoesOnInASuccessor(t *testing.T) {
	both(t, func(t *testing.T, m sdktest.Module) {
		config := `{"rate":1,"burst":2}`
		before := sdktest.Start(t, m, config)
		require.Equal(t, 2, passed(before, 100*second, 5, sdktest.Record{}))
		state, err := before.Driver.SaveState()
		require.NoError(t, err)
		after := sdktest.Start(t, m, config)
		require.NoError(t, after.Driver.RestoreState(state))
		assert.Equal(t, 1, passed(after, 101*second, 5, sdktest.Record{}))
		assert.EqualValues(t, 3+4, after.Flush(102*second, true)[0].Count)
	})
}

func TestAClockThatWasAheadLeavesNoBucketClosed(t *testing.T) {
	run := sdktest.Start(t, sdktest.Native(New), `{"rate":1,"burst":2}`)
	passed(run, 1<<62, 5, sdktest.Record{})
	assert.Equal(t, 0, passed(run, 100*second, 5, sdktest.Record{}))
	assert.Equal(t, 1, passed(run, 101*second, 5, sdktest.Record{}))
}

func TestConfigurations(t *testing.T) {
	filtertest.Documented(t, New, keys)
	filtertest.Accepted(t, New, `{"rate":0.001,"burst":1000000}`, `{"rate":1e3,"max_keys":1,"keep_severity":"NONE"}`,
		`{"rate":1,"per_resource":false,"per_severity":true,"per_template":true,"attributes":["a"],"resource_attributes":["a"],"report":false}`)
	filtertest.Refused(t, New, map[string]string{
		`{}`:                        "`rate` is missing",
		`{"rate":0}`:                "`rate`: it must be a number of records a second",
		`{"rate":"5"}`:              "`rate`: it must be",
		`{"rate":1000001}`:          "`rate`: it must be",
		`{"rate":1,"burst":0}`:      "`burst`: it must be a whole number from 1 to 1000000",
		`{"rate":1,"burst":1.5}`:    "`burst`: it must be",
		`{"rate":1,"max_keys":0}`:   "`max_keys`: it must be",
		`{"rate":1,"report":"no"}`:  "`report`: it is a text",
		`{"rate":1,"per":"x"}`:      "key `per` is not known",
		`{"rate":1,"attributes":1}`: "`attributes`: it must be a list",
	})
}

func FuzzConfigure(f *testing.F) {
	filtertest.FuzzConfigure(f, New, `{"rate":1,"burst":1}`, `{"rate":0.5,"per_template":true,"attributes":["a"],"max_keys":1}`)
}

func FuzzState(f *testing.F) {
	a, b := sdktest.Record{Body: "a"}, sdktest.Record{Body: "b"}
	filtertest.FuzzState(f, New, `{"rate":1,"burst":1,"per_template":true,"max_keys":4}`, a, a, b, b)
}

func TestAsManyKeysAsThereMayBeStayWithinTheBudgetsOfTheHost(t *testing.T) {
	var records []sdktest.Record
	for i := range mostKeys {
		r := sdktest.Record{Attrs: map[string]string{"user": strconv.Itoa(i)}}
		records = append(records, r, r)
	}
	st := filtertest.Hosted(t, "ratelimit", fmt.Sprintf(`{"rate":0.001,"attributes":["user"],"max_keys":%d}`, mostKeys), records)
	assert.EqualValues(t, 3*mostKeys, st.Represented)
}

func TestJudgingAllocatesNothing(t *testing.T) {
	filtertest.AllocatesNothing(t, New, `{"rate":1}`, sdktest.Lines(100))
	filtertest.AllocatesNothing(t, New, `{"rate":1,"per_template":true,"max_keys":10,"attributes":["http.route"]}`, sdktest.Lines(100))
}

func BenchmarkJudge(b *testing.B) {
	filtertest.Bench(b, "ratelimit", New, sdktest.Lines(1000), map[string]string{
		"per resource":              `{"rate":1}`,
		"per template":              `{"rate":1,"per_template":true}`,
		"per attribute":             `{"rate":1,"attributes":["http.route"]}`,
		"per template, few of them": `{"rate":1,"per_template":true,"max_keys":100}`,
	})
}
