// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sample

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/wasmfilters/internal/filtertest"
	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest"
)

func both(t *testing.T, test func(*testing.T, sdktest.Module)) {
	filtertest.Each(t, "sample", New, test)
}

func traced(id string) sdktest.Record {
	r := sdktest.Record{Severity: 9}
	if n, err := hex.Decode(r.TraceID[:], []byte(id)); err != nil || n != len(r.TraceID) {
		panic("bad trace id " + id)
	}
	return r
}

func TestTheFilterConforms(t *testing.T) {
	both(t, func(t *testing.T, m sdktest.Module) {
		sdktest.Conformance(t, m, `{"percentage":50}`, `{"percentage":0.1,"without_trace":"hash","keep_severity":"NONE"}`)
	})
}

// The thresholds were made with ProbabilityToThresholdWithPrecision of contrib's
// pkg/sampling v0.161.0, with the percentage as a number of 32 bits, as in the
// configuration of probabilistic_sampler: percentage, precision, threshold.
func TestThresholdsAreThoseOfProbabilisticSampler(t *testing.T) {
	vectors, err := os.ReadFile("testdata/thresholds.txt")
	require.NoError(t, err)
	for line := range strings.Lines(string(vectors)) {
		var (
			percentage string
			precision  int
			want       uint64
		)
		_, err := fmt.Sscanf(line, "%s %d %x", &percentage, &precision, &want)
		require.NoError(t, err)
		s, err := parse(fmt.Appendf(nil, `{"percentage":%s,"precision":%d}`, percentage, precision))
		require.NoError(t, err)
		assert.Equal(t, fmt.Sprintf("%014x", want), fmt.Sprintf("%014x", s.threshold), line)
	}
}

func TestATraceIsKeptIfItsLastSevenBytesReachTheThreshold(t *testing.T) {
	both(t, func(t *testing.T, m sdktest.Module) {
		run := sdktest.Start(t, m, `{"percentage":25}`) // threshold c0000000000000
		assert.Equal(t, []sdk.Verdict{sdk.Keep, sdk.Drop(1), sdk.Keep, sdk.Drop(1)}, run.Judge(
			traced("00000000000000000000c00000000000"[:18]+"c0000000000000"),
			traced("ffffffffffffffffff"+"bfffffffffffff"),
			traced("000000000000000000"+"ffffffffffffff"),
			traced("000000000000000001"+"00000000000000"),
		))
		assert.Equal(t, []string{"traces beyond 25%", "records without a trace"}, run.Manifest.Rules)
	})
}

func TestAllAndNoneAreKept(t *testing.T) {
	highest, lowest := traced("ffffffffffffffffffffffffffffffff"), traced("ff000000000000000000000000000000")
	run := sdktest.Start(t, sdktest.Native(New), `{"percentage":100}`)
	assert.Equal(t, []sdk.Verdict{sdk.Keep, sdk.Keep}, run.Judge(highest, lowest))
	run = sdktest.Start(t, sdktest.Native(New), `{"percentage":0}`)
	assert.Equal(t, []sdk.Verdict{sdk.Drop(1), sdk.Drop(1)}, run.Judge(highest, lowest))
}

func TestThePercentageIsKept(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	records := make([]sdktest.Record, 50000)
	for i := range records {
		binary.BigEndian.PutUint64(records[i].TraceID[:], r.Uint64())
		binary.BigEndian.PutUint64(records[i].TraceID[8:], r.Uint64())
	}
	var fewer []sdk.Verdict
	for _, percentage := range []float64{1, 10, 33.3, 90} {
		run := sdktest.Start(t, sdktest.Native(New), fmt.Sprintf(`{"percentage":%v}`, percentage))
		v := run.Judge(records...)
		kept := 0
		for i := range v {
			if v[i] == sdk.Keep {
				kept++
			} else if fewer != nil {
				require.NotEqual(t, sdk.Keep, fewer[i], "a lower percentage keeps some of the same traces")
			}
		}
		assert.InDelta(t, percentage/100, float64(kept)/float64(len(v)), 0.01)
		fewer = v
	}
}

func TestARecordWithoutATraceIsTreatedAsConfigured(t *testing.T) {
	records := make([]sdktest.Record, 2000)
	for i := range records {
		records[i].Body = fmt.Sprint("line ", i/2)
	}
	for config, want := range map[string]float64{``: 1, `,"without_trace":"keep"`: 1, `,"without_trace":"drop"`: 0, `,"without_trace":"hash"`: 0.25} {
		v := sdktest.Start(t, sdktest.Native(New), `{"percentage":25`+config+`}`).Judge(records...)
		kept := 0
		for i := range v {
			if v[i] == sdk.Keep {
				kept++
			} else {
				require.Equal(t, sdk.Drop(2), v[i])
			}
			require.Equal(t, v[i&^1], v[i], "equal bodies fare alike")
		}
		assert.InDelta(t, want, float64(kept)/float64(len(v)), 0.05, config)
	}
}

func TestSevereAndProtectedRecordsAreKept(t *testing.T) {
	warn := traced("ff000000000000000000000000000000")
	warn.Severity = 13
	protected := traced("ff000000000000000000000000000000")
	protected.Protected = true
	run := sdktest.Start(t, sdktest.Native(New), `{"percentage":0}`)
	assert.Equal(t, []sdk.Verdict{sdk.Keep, sdk.Keep}, run.Judge(warn, protected))
	run = sdktest.Start(t, sdktest.Native(New), `{"percentage":0,"keep_severity":"NONE"}`)
	assert.Equal(t, []sdk.Verdict{sdk.Drop(1), sdk.Keep}, run.Judge(warn, protected))
}

func TestConfigurations(t *testing.T) {
	filtertest.Documented(t, New, keys)
	filtertest.Accepted(t, New, `{"percentage":0}`, `{"percentage":100,"precision":14}`, `{"percentage":1e-7,"without_trace":"hash","keep_severity":"FATAL"}`)
	filtertest.Refused(t, New, map[string]string{
		`{}`:                                    "`percentage` is missing",
		`{"percentage":101}`:                    "`percentage`: it must be a number from 0 to 100",
		`{"percentage":-1}`:                     "`percentage`: it must be",
		`{"percentage":"10%"}`:                  "`percentage`: it must be",
		`{"percentage":1,"precision":0}`:        "`precision`: it must be a whole number from 1 to 14",
		`{"percentage":1,"without_trace":"no"}`: "`without_trace`: it must be \"keep\", \"drop\" or \"hash\"",
		`{"sampling_percentage":1}`:             "key `sampling_percentage` is not known; `percentage`",
		`{"percentage":1,"keep_severity":""}`:   "`keep_severity`: it must be",
	})
}

func FuzzConfigure(f *testing.F) {
	filtertest.FuzzConfigure(f, New, `{"percentage":12.5,"precision":3,"without_trace":"hash"}`)
}

func lines() []sdktest.Record {
	records := sdktest.Lines(1000)
	for i := range records {
		binary.BigEndian.PutUint64(records[i].TraceID[8:], uint64(i)*0x9e3779b97f4a7c15)
	}
	return records
}

func TestTheHostDropsWhatIsNotInTheSample(t *testing.T) {
	st := filtertest.Hosted(t, "sample", `{"percentage":10}`, lines())
	assert.InDelta(t, 1800, st.Dropped, 100)
}

func TestJudgingAllocatesNothing(t *testing.T) {
	filtertest.AllocatesNothing(t, New, `{"percentage":10,"without_trace":"hash"}`, lines())
}

func BenchmarkJudge(b *testing.B) {
	filtertest.Bench(b, "sample", New, lines(), map[string]string{"by trace": `{"percentage":10}`})
}
