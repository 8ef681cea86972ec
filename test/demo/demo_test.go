// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sealgate/sealgate/test/fleet"
)

func TestAGatewayThatDoesNotRunIsSaid(t *testing.T) {
	err := reachable(t.Context(), "127.0.0.1:1")
	require.Error(t, err)
	assert.Contains(t, err.Error(), "no gateway answers at 127.0.0.1:1")
	assert.Contains(t, err.Error(), "make run")
}

func TestWhatThereIsToDoIsSaid(t *testing.T) {
	assert.ErrorContains(t, run(t.Context(), nil), "usage: demo load")
	assert.ErrorContains(t, run(t.Context(), []string{"dance"}), `"dance" is not something to do`)
}

// correct is the outcome of a gateway that does what it should.
func correct(c fleet.Cluster) outcome {
	out := outcome{}
	for _, signal := range fleet.Signals {
		out[signal] = attributes(c.Labels)
	}
	return out
}

func TestAComparisonShowsEachSpellingAndCountsWhatIsWrong(t *testing.T) {
	c := fleet.Clusters[0]
	b := c.Generate("run", 1, time.Unix(0, 0))
	var text strings.Builder
	assert.Zero(t, printComparison(&text, b, correct(c)))
	assert.Regexp(t, `logs +cloud\.provider=aliyun +->  cloud_provider=alibaba\n`, text.String())

	out := correct(c)
	out[fleet.Metrics] = attributes{"cloud_provider": "Alibaba"}
	assert.Equal(t, len(c.Labels), printComparison(&text, b, out))
	assert.Contains(t, text.String(), "cloud_provider=Alibaba  WRONG, should be alibaba")
}

func TestOnlyWholeLinesOfTheRunAreRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "traces.jsonl")
	mine, other := fleet.Clusters[0].Generate("mine", 1, time.Unix(0, 0)), fleet.Clusters[0].Generate("other", 1, time.Unix(0, 0))
	found, err := findTraces(path, mine)
	require.NoError(t, err, "the file need not be there yet")
	assert.Nil(t, found)

	write := func(content string) { require.NoError(t, os.WriteFile(path, []byte(content), 0o644)) }
	line := jsonLine(t, mine.Traces)
	write(jsonLine(t, other.Traces) + "\n" + line[:len(line)/2])
	found, err = findTraces(path, mine)
	require.NoError(t, err, "half a line is still being written")
	assert.Nil(t, found)

	write(jsonLine(t, other.Traces) + "\n" + line + "\n")
	found, err = findTraces(path, mine)
	require.NoError(t, err)
	assert.Equal(t, "ack-prod", found["k8s.cluster.name"])
}

func jsonLine(t *testing.T, td ptrace.Traces) string {
	t.Helper()
	line, err := (&ptrace.JSONMarshaler{}).MarshalTraces(td)
	require.NoError(t, err)
	return string(line)
}

func TestNothingButATerminalIsOne(t *testing.T) {
	null, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer null.Close()
	assert.False(t, isTerminal(null))
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	require.NoError(t, err)
	defer file.Close()
	assert.False(t, isTerminal(file))
}
