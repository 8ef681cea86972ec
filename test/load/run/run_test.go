// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheGatewayIsMeasuredWithAllOfOursAndLosesNothing(t *testing.T) {
	o := &options{gateway: os.Getenv("SEALGATE_BIN"), sealctl: os.Getenv("SEALGATE_CTL"), each: time.Second, scale: 0.2, way: way{"zstd", "disk"}, dir: t.TempDir()}
	if o.gateway == "" || o.sealctl == "" {
		t.Skip("SEALGATE_BIN and SEALGATE_CTL do not name built binaries; `make test` builds them and runs this test")
	}
	require.NoError(t, o.makeKeys(t.Context()))
	k := kinds[1] // logs pass all three
	r, err := o.measure(t.Context(), k, ours)
	require.NoError(t, err)
	assert.Zero(t, r.Lost)
	assert.Positive(t, r.CPU)
	assert.Greater(t, r.Peak, 10.0)
	assert.Positive(t, r.P99)
	assert.Greater(t, r.Dropped, 0.5, "it filters")
}

func TestResultsAreMediansOfTheRoundsAndOfTheirRatios(t *testing.T) {
	upstream := []result{{CPU: 1, Lost: 1}, {CPU: 2, Lost: 1}, {CPU: 4}}
	ours := []result{{CPU: 3, Lost: 1}, {CPU: 1, Lost: 1}, {CPU: 4}}
	r := medians(ours, upstream)
	assert.InDelta(t, 3, r.CPU, 0)
	assert.InDelta(t, 1, r.CPURatio, 0)
	assert.InDelta(t, 2, r.Lost, 0, "what was lost in any round counts")
	assert.InDelta(t, 1, medians(upstream, upstream).CPURatio, 0)
}

func TestTheTotalIsOfAMillionOfEachSignal(t *testing.T) {
	all := []result{
		{Load: "traces", Side: "upstream", CPU: 4}, {Load: "traces", Side: "sealgate", CPU: 5},
		{Load: "logs", Side: "upstream", CPU: 4}, {Load: "logs", Side: "sealgate", CPU: 1},
		{Load: "metrics", Side: "upstream", CPU: 2}, {Load: "metrics", Side: "sealgate", CPU: 3},
		{Load: "plain_spans", Side: "upstream", CPU: 100},
	}
	assert.Equal(t, []result{{Side: "upstream", CPU: 10, CPURatio: 1}, {Side: "sealgate", CPU: 9, CPURatio: 0.9}}, totals(all))
	assert.Empty(t, totals(all[:4]), "there is none unless all were measured")
}

func TestTheTableIsMarkdown(t *testing.T) {
	var out strings.Builder
	(&options{rounds: 1}).print(&out, []result{{Load: "traces", Side: "sealgate", Way: way{"gzip", "disk"}.String(), CPU: 1.5}})
	var cells []int
	for line := range strings.Lines(out.String()) {
		if strings.HasPrefix(line, "|") {
			cells = append(cells, strings.Count(line, "|"))
		}
	}
	assert.Equal(t, []int{14, 14, 14}, cells)
}

func TestMemoryThatGrowsInTheSecondHalfFailsTheSoak(t *testing.T) {
	quarters := func(a, b, c, d float64) (samples []float64) {
		for _, q := range []float64{a, b, c, d} {
			samples = append(samples, q, q, q)
		}
		return samples
	}
	require.NoError(t, report(quarters(100, 300, 300, 310), nil))
	require.ErrorContains(t, report(quarters(100, 200, 300, 330), nil), "grew by 10.0%")
	require.ErrorContains(t, report(make([]float64, 3), nil), "too short")
	var lost sent
	lost.Sent = 1
	require.ErrorContains(t, report(quarters(1, 1, 1, 1), []sent{lost}), "traces")
}
