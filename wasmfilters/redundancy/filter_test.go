// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package redundancy

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/wasmfilters/internal/filtertest"
	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest"
)

func native() sdktest.Module { return sdktest.Native(New) }

// each runs a test natively and as WASM.
func each(t *testing.T, config string, test func(*testing.T, *sdktest.Run)) {
	filtertest.Each(t, "redundancy", New, func(t *testing.T, m sdktest.Module) { test(t, sdktest.Start(t, m, config)) })
}

const (
	info = 9
	warn = 13

	second = uint64(time.Second)
	start  = 1_000_000 * uint64(time.Second)
)

func line(body string) sdktest.Record { return sdktest.Record{Severity: info, Body: body} }

// keeps says of each verdict whether it keeps.
func keeps(v []sdk.Verdict) []bool {
	out := make([]bool, len(v))
	for i := range v {
		out[i] = v[i] == sdk.Keep
	}
	return out
}

// at judges records that arrive so many seconds after the start.
func at(run *sdktest.Run, seconds uint64, records ...sdktest.Record) []bool {
	run.Options.Now = start + seconds*second
	return keeps(run.Judge(records...))
}

func counts(reports []sdk.Report) (sum uint64) {
	for _, r := range reports {
		sum += r.Count
	}
	return sum
}

func TestTheFirstRecordOfATemplateInAWindowIsKeptAndTheOthersAreReported(t *testing.T) {
	each(t, `{}`, func(t *testing.T, run *sdktest.Run) {
		took := func(ms int, at uint64) sdktest.Record {
			return sdktest.Record{Severity: info, Body: fmt.Sprintf("took %d ms", ms), Time: at}
		}
		run.Options.Now = start
		v := run.Judge(took(1, 100), took(2, 300), took(3, 200), line("done"))
		assert.Equal(t, []sdk.Verdict{sdk.Keep, sdk.Count(1), sdk.Count(1), sdk.Keep}, v)
		assert.Empty(t, run.Flush(start+59*second, false), "the window has not ended")
		reports := run.Flush(start+60*second, false)
		require.Len(t, reports, 1)
		reports[0].Key = 0
		assert.Equal(t, sdk.Report{Count: 2, First: 200, Last: 300, Rule: 1, Kind: sdk.KeyIdentity, Severity: info}, reports[0])
		assert.Empty(t, run.Flush(start+61*second, true), "it is reported once")
		assert.Equal(t, []bool{true, false}, at(run, 62, took(4, 0), took(5, 0)), "another window")
	})
}

func TestAWindowBeginsWithTheRecordThatIsKept(t *testing.T) {
	each(t, `{"window":"10s"}`, func(t *testing.T, run *sdktest.Run) {
		var got []bool
		for s := range uint64(25) {
			got = append(got, at(run, s, line("tick"))...)
		}
		for s, k := range got {
			assert.Equal(t, s%10 == 0, k, s)
		}
		reports := run.Flush(start+25*second, false)
		require.Len(t, reports, 1, "of two windows that have ended, and what was counted since")
		assert.EqualValues(t, 22, reports[0].Count)
		assert.Equal(t, reports[0].First, start+1*second, "a record without a time has that of its arrival")
		assert.Equal(t, reports[0].Last, start+24*second)
	})
}

func TestTheFirstOnesAreKeptAsConfigured(t *testing.T) {
	each(t, `{"keep_first":3}`, func(t *testing.T, run *sdktest.Run) {
		for s := uint64(0); s <= 60; s += 60 {
			assert.Equal(t, []bool{true, true, true, false, true}, at(run, s, line("a"), line("a"), line("a"), line("a"), line("b")))
		}
	})
}

func TestSeverityAndResourceMakeOtherRecords(t *testing.T) {
	service := func(name string) sdktest.Record {
		return sdktest.Record{Severity: info, Body: "ready", Resource: map[string]string{"service.name": name}}
	}
	debug := sdktest.Record{Severity: 5, Body: "ready", Resource: map[string]string{"service.name": "a"}}
	each(t, `{}`, func(t *testing.T, run *sdktest.Run) {
		assert.Equal(t, []bool{true, true, true, false, false, false}, at(run, 0,
			service("a"), service("b"), debug, service("b"), service("a"), debug))
		assert.Len(t, run.Flush(0, true), 3)
	})
	each(t, `{"per_resource":false}`, func(t *testing.T, run *sdktest.Run) {
		assert.Equal(t, []bool{true, false, true}, at(run, 0, service("a"), service("b"), debug))
		assert.NotContains(t, run.Manifest.Identity.Parts, "resource")
	})
}

func TestSevereRecordsAreKept(t *testing.T) {
	severities := func(s ...uint8) (out []sdktest.Record) {
		for _, s := range s {
			out = append(out, sdktest.Record{Severity: s, Body: "x"}, sdktest.Record{Severity: s, Body: "x"})
		}
		return out
	}
	each(t, `{}`, func(t *testing.T, run *sdktest.Run) {
		assert.Equal(t, []bool{true, false, true, true, true, true}, at(run, 0, severities(12, 13, 24)...))
	})
	each(t, `{"keep_severity":"ERROR"}`, func(t *testing.T, run *sdktest.Run) {
		assert.Equal(t, []bool{true, false, true, true}, at(run, 0, severities(16, 17)...))
	})
	each(t, `{"keep_severity":"NONE"}`, func(t *testing.T, run *sdktest.Run) {
		assert.Equal(t, []bool{true, false}, at(run, 0, severities(24)...))
	})
	t.Run("a severity that OTLP does not have is none", func(t *testing.T) {
		run := sdktest.Start(t, native(), `{}`)
		assert.Equal(t, []bool{true, false, false, false}, at(run, 0, severities(0, 99)...))
		assert.Zero(t, run.Flush(0, true)[0].Severity)
	})
}

func TestSevereRecordsAreThinnedIfAskedForUnderTheirOwnRule(t *testing.T) {
	each(t, `{"thin_severe":true}`, func(t *testing.T, run *sdktest.Run) {
		failed := sdktest.Record{Severity: warn, Body: "disk 1 failed"}
		plain := sdktest.Record{Severity: 17, Body: "ERROR disk 1 failed"}
		run.Options.Now = start
		v := run.Judge(failed, line("disk 1 failed"), failed, plain, plain)
		assert.Equal(t, []sdk.Verdict{sdk.Keep, sdk.Keep, sdk.Count(2), sdk.Keep, sdk.Count(2)}, v)
		reports := run.Flush(start+60*second, false)
		require.Len(t, reports, 2)
		for i, severity := range []uint8{warn, 17} {
			assert.Equal(t, severity, reports[i].Severity)
			assert.EqualValues(t, 2, reports[i].Rule)
			assert.EqualValues(t, 1, reports[i].Count)
		}
	})
}

func TestLevelWordsAreTheHostsNow(t *testing.T) {
	run := sdktest.Start(t, native(), `{"level_words":true}`)
	assert.Empty(t, run.Manifest.Needles)
	assert.Equal(t, []bool{true, false}, at(run, 0, sdktest.Record{Body: "ERROR"}, sdktest.Record{Body: "ERROR"}))
}

func TestAttributesTellRecordsApart(t *testing.T) {
	request := func(status string) sdktest.Record {
		return sdktest.Record{Severity: info, Body: "request done", Attrs: map[string]string{"status": status}}
	}
	each(t, `{}`, func(t *testing.T, run *sdktest.Run) {
		assert.Equal(t, []bool{true, true, false, false}, at(run, 0, request("ok"), request("failed"), request("failed"), request("ok")))
	})
	each(t, `{"identity":{"attributes":"none"}}`, func(t *testing.T, run *sdktest.Run) {
		assert.Equal(t, []bool{true, false}, at(run, 0, request("ok"), request("failed")))
	})
	each(t, `{"identity":{"exclude":["status"]}}`, func(t *testing.T, run *sdktest.Run) {
		assert.Equal(t, []bool{true, false}, at(run, 0, request("ok"), request("failed")))
	})
	each(t, `{"identity":{"attributes":"none","include":["status"]}}`, func(t *testing.T, run *sdktest.Run) {
		assert.Equal(t, []bool{true, true, true, false}, at(run, 0, request("ok"), request("5"), request("6"), request("6")))
	})
}

func TestWhatTheHostProtectsIsKeptAndNotCounted(t *testing.T) {
	each(t, `{}`, func(t *testing.T, run *sdktest.Run) {
		protected := line("x")
		protected.Protected = true
		assert.Equal(t, []bool{true, false, true, true}, at(run, 0, line("x"), line("x"), protected, protected))
		assert.EqualValues(t, 1, counts(run.Flush(0, true)))
	})
}

func TestAWindowWithoutEndIsReportedEveryMinute(t *testing.T) {
	each(t, `{"window":"0s"}`, func(t *testing.T, run *sdktest.Run) {
		assert.Equal(t, []bool{true, false}, at(run, 0, line("x"), line("x")))
		assert.EqualValues(t, 1, counts(run.Flush(start, false)))
		assert.Equal(t, []bool{false}, at(run, 1<<24, line("x")))
		assert.EqualValues(t, 1, counts(run.Flush(start+1<<24*second, false)))
		assert.Equal(t, []bool{false}, at(run, 1<<24, line("x")))
		assert.Empty(t, run.Flush(start+(1<<24+59)*second, false))
		assert.EqualValues(t, 1, counts(run.Flush(start+(1<<24+60)*second, false)))
	})
}

func TestWindowsGoByTheTimeOfRecordsIfAskedFor(t *testing.T) {
	each(t, `{"clock":"record","window":"60s"}`, func(t *testing.T, run *sdktest.Run) {
		tick := func(seconds uint64) sdktest.Record {
			r := line("tick")
			if seconds > 0 {
				r.Time = start + seconds*second
			}
			return r
		}
		hour := []sdktest.Record{tick(100), tick(130), tick(90), tick(159), tick(160), tick(0), tick(170), tick(10)}
		want := []bool{true, false, false, false, true, false, false, true}
		assert.Equal(t, want, at(run, 5000, hour...), "what is a little older counts, by more than a window is another")
		reports := run.Flush(start+5001*second, false)
		require.Len(t, reports, 1)
		assert.EqualValues(t, 5, reports[0].Count)
		assert.Equal(t, []uint64{start + 90*second, start + 170*second}, []uint64{reports[0].First, reports[0].Last})

		assert.Equal(t, []bool{false}, at(run, 5002, tick(11)))
		assert.Empty(t, run.Flush(start+5003*second, false), "its window has not ended")
		assert.Len(t, run.Flush(start+5062*second, false), 1, "no record came for as long as a window")
	})
}

func TestAClockThatGoesBackKeepsRatherThanLoses(t *testing.T) {
	each(t, `{}`, func(t *testing.T, run *sdktest.Run) {
		assert.Equal(t, []bool{true, false}, at(run, 1000, line("x"), line("x")))
		assert.Equal(t, []bool{false}, at(run, 990, line("x")))
		assert.Equal(t, []bool{true, false}, at(run, 10, line("x"), line("x")))
		assert.EqualValues(t, 3, counts(run.Flush(0, true)))
	})
}

// TestCountsAreExactWhateverComes takes a small table, so that templates make room for others all the time.
func TestCountsAreExactWhateverComes(t *testing.T) {
	for _, config := range []string{`{"max_templates":16}`, everyKey, `{"window":"0s","max_templates":17,"keep_first":2}`} {
		each(t, config, func(t *testing.T, run *sdktest.Run) {
			r := rand.New(rand.NewPCG(1, 2))
			var dropped, reported uint64
			for range 300 {
				run.Options.Now += r.Uint64N(30 * second)
				var records []sdktest.Record
				for range r.IntN(200) + 1 {
					rec := line(word(r.IntN(1 + r.IntN(60))))
					rec.Time, rec.Severity = r.Uint64N(3)*r.Uint64N(30*second), uint8(r.IntN(26))
					records = append(records, rec)
				}
				for _, v := range run.Judge(records...) {
					if v.Action() == sdk.ActionCount {
						dropped++
					}
				}
				if r.IntN(4) == 0 {
					reported += counts(run.Flush(run.Options.Now, false))
				}
				require.LessOrEqual(t, reported, dropped)
			}
			reported += counts(run.Flush(run.Options.Now, true))
			assert.Equal(t, dropped, reported)
			assert.NotZero(t, dropped)
		})
	}
}

func TestWhereNothingMoreCanBePutOffNewTemplatesGoThroughUntilTheNextFlush(t *testing.T) {
	run := sdktest.Start(t, native(), `{"max_templates":16}`)
	twice := func(n int) []bool {
		r := line(word(n))
		return at(run, 0, r, r)
	}
	for n := range maxEvicted + 16 {
		require.Equal(t, []bool{true, false}, twice(n))
	}
	assert.Equal(t, []bool{true, true}, twice(1_000_000), "it would push out one that is owed a report")
	assert.Equal(t, []bool{false, false}, twice(maxEvicted), "one that is known goes on")
	assert.EqualValues(t, maxEvicted, counts(run.Flush(start, false)))
	assert.Equal(t, []bool{true, false}, twice(1_000_000))
	assert.EqualValues(t, 16+2+1, counts(run.Flush(start, true)))
}

func TestTheTemplatesThatWereUsedLastAreRemembered(t *testing.T) {
	each(t, `{"max_templates":16}`, func(t *testing.T, run *sdktest.Run) {
		for n := range 16 {
			at(run, 0, line(word(n)))
		}
		assert.Equal(t, []bool{false, true, false, true}, at(run, 1, line(word(0)), line(word(16)), line(word(0)), line(word(1))))
	})
}

func TestConformance(t *testing.T) {
	filtertest.Each(t, "redundancy", New, func(t *testing.T, m sdktest.Module) { sdktest.Conformance(t, m, accepted...) })
}
