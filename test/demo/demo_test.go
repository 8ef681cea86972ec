// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sealgate/sealgate/seal"
	"github.com/sealgate/sealgate/seal/archive"
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
	path := filepath.Join(t.TempDir(), "logs.jsonl")
	mine, other := fleet.Clusters[0].Generate("mine", 1, time.Unix(0, 0)), fleet.Clusters[0].Generate("other", 1, time.Unix(0, 0))
	found, err := findLogs(path, mine)
	require.NoError(t, err, "the file need not be there yet")
	assert.Nil(t, found)

	write := func(content string) { require.NoError(t, os.WriteFile(path, []byte(content), 0o644)) }
	line := jsonLine(t, mine.Logs)
	write(jsonLine(t, other.Logs) + "\n" + line[:len(line)/2])
	found, err = findLogs(path, mine)
	require.NoError(t, err, "half a line is still being written")
	assert.Nil(t, found)

	write(jsonLine(t, other.Logs) + "\n" + line + "\n")
	found, err = findLogs(path, mine)
	require.NoError(t, err)
	assert.Equal(t, "ack-prod", found["k8s.cluster.name"])
}

func jsonLine(t *testing.T, ld plog.Logs) string {
	t.Helper()
	line, err := (&plog.JSONMarshaler{}).MarshalLogs(ld)
	require.NoError(t, err)
	return string(line)
}

func TestTracesOfTheRunAreReadFromTheSealedArchive(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sealed")
	kek, err := seal.NewKEK(make([]byte, seal.KeySize))
	require.NoError(t, err)
	mine, other := fleet.Clusters[0].Generate("mine", 1, time.Unix(0, 0)), fleet.Clusters[1].Generate("other", 1, time.Unix(0, 0))
	found, err := findTraces(t.Context(), dir, kek, mine)
	require.NoError(t, err, "the folder need not be there yet")
	assert.Nil(t, found)

	keeper, err := seal.NewKeeper(t.Context(), recipient{kek}, seal.KeeperOptions{})
	require.NoError(t, err)
	defer keeper.Close()
	a, err := archive.Open(archive.Options{Dir: dir, Signal: archive.Traces, Keeper: keeper})
	require.NoError(t, err)
	defer func() { require.NoError(t, a.Close(t.Context())) }()
	for _, b := range []fleet.Batch{other, mine} {
		found, err = findTraces(t.Context(), dir, kek, mine)
		require.NoError(t, err)
		assert.Nil(t, found)
		payload, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(b.Traces)
		require.NoError(t, err)
		require.NoError(t, a.Append(t.Context(), archive.Record{Payload: payload, Items: b.Traces.SpanCount()}))
	}
	found, err = findTraces(t.Context(), dir, kek, mine)
	require.NoError(t, err)
	assert.Equal(t, "ack-prod", found["k8s.cluster.name"])
}

// recipient provides one recipient.
type recipient struct{ seal.Recipient }

func (r recipient) Recipients(context.Context) ([]seal.Recipient, error) {
	return []seal.Recipient{r.Recipient}, nil
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
