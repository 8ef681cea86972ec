// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmfilterprocessor

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/internal/logfilter"
)

// summaries are the counts of summary records that came through, by the resource's attribute i.
func (h *harness) summaries() map[int64]int64 {
	sum := map[int64]int64{}
	for _, ld := range h.sink.AllLogs() {
		for _, rl := range ld.ResourceLogs().All() {
			for _, r := range rl.ScopeLogs().At(0).LogRecords().All() {
				if r.EventName() == logfilter.EventSuppressed {
					i, _ := rl.Resource().Attributes().Get("i")
					n, _ := r.Attributes().Get(logfilter.AttrCount)
					sum[i.Int()] += n.Int()
				}
			}
		}
	}
	return sum
}

func TestRecordsWithoutASeverityAreProtected(t *testing.T) {
	failed := func() plog.Logs {
		return logs(line{body: `{"level":50,"pid":7,"hostname":"h","took":1,"msg":"job run"}`},
			line{body: `{"level":50,"pid":7,"hostname":"h","took":2,"msg":"job run"}`})
	}
	for mode, want := range map[string]int{"off": 1, "guard": 2, "set": 2} {
		t.Run(mode, func(t *testing.T) {
			h := start(t, "reports: metric\ninfer_severity: "+mode+"\nmodule: "+guest(t, repeatFilter))
			require.NoError(t, h.ConsumeLogs(t.Context(), failed()))
			assert.Len(t, h.bodies(), want)
			first := h.sink.AllLogs()[0].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
			assert.Equal(t, mode == "set", first.SeverityNumber() == plog.SeverityNumberError)
		})
	}
}

func TestSummariesSayWhoseRecordsTheyStandFor(t *testing.T) {
	h := start(t, "flush_interval: 1h\nmodule: "+guest(t, repeatFilter))
	require.NoError(t, h.ConsumeLogs(t.Context(), repeats(3)))
	require.NoError(t, h.Shutdown(t.Context()))
	assert.Equal(t, map[int64]int64{0: 2, 1: 2, 2: 2}, h.summaries())
}

func TestSummariesThatAreRefusedAreSentAgain(t *testing.T) {
	h := start(t, "flush_interval: 20ms\nconfig: {window: 1s}\nmodule: "+guest(t, repeatFilter))
	var full atomic.Bool
	refused := make(chan struct{}, 1000)
	h.sink.fails = func(context.Context) error {
		if !full.Load() {
			return nil
		}
		refused <- struct{}{}
		return errFull
	}
	require.NoError(t, h.ConsumeLogs(t.Context(), manyRepeats()))
	full.Store(true)
	<-refused // the window has ended
	<-refused
	full.Store(false)
	require.Eventually(t, func() bool { return h.summaries()[0] == 99 }, waitFor, tick)
	require.NoError(t, h.Shutdown(t.Context()))
	assert.EqualValues(t, 99, h.summaries()[0], "each once")
}

func TestSummariesThatAreRefusedAtTheEndAreSentAgain(t *testing.T) {
	h := start(t, "flush_interval: 1h\nmodule: "+guest(t, repeatFilter))
	require.NoError(t, h.ConsumeLogs(t.Context(), manyRepeats()))
	refusals := 3
	h.sink.fails = func(context.Context) error {
		if refusals--; refusals >= 0 {
			return errFull
		}
		return nil
	}
	require.NoError(t, h.Shutdown(t.Context()))
	assert.EqualValues(t, 99, h.summaries()[0])
	assert.EqualValues(t, 99, h.count(t, "reported"))
}

func TestSummariesThatAreLostAreNotCountedAsReported(t *testing.T) {
	for name, end := range map[string]error{"for good": consumererror.NewPermanent(errFull), "until the end": errFull} {
		t.Run(name, func(t *testing.T) {
			h := start(t, "flush_interval: 1h\nmodule: "+guest(t, repeatFilter))
			require.NoError(t, h.ConsumeLogs(t.Context(), manyRepeats()))
			h.sink.fails = func(context.Context) error { return end }
			ctx, cancel := context.WithCancel(t.Context())
			cancel() // the end is now
			require.NoError(t, h.Shutdown(ctx))
			assert.Zero(t, h.count(t, "reported"))
			assert.EqualValues(t, 99, h.count(t, "unreported"))
		})
	}
}

// manyRepeats are a hundred lines of one kind.
func manyRepeats() plog.Logs {
	lines := make([]line, 100)
	for i := range lines {
		lines[i] = line{body: "order 1 placed", severity: info}
	}
	return logs(lines...)
}

func TestTheTenantsOfTwoSendersAreNotMixed(t *testing.T) {
	h := start(t, "flush_interval: 1h\nmodule: "+guest(t, repeatFilter))
	var tenants []string
	h.sink.fails = func(ctx context.Context) error {
		tenants = append(tenants, client.FromContext(ctx).Metadata.Get("x-scope-orgid")...)
		return nil
	}
	for _, tenant := range []string{"red", "blue"} {
		ctx := client.NewContext(t.Context(), client.Info{Metadata: client.NewMetadata(map[string][]string{"x-scope-orgid": {tenant}})})
		require.NoError(t, h.ConsumeLogs(ctx, manyRepeats()))
	}
	assert.Len(t, h.bodies(), 2, "one of each")
	require.NoError(t, h.Shutdown(t.Context()))
	assert.ElementsMatch(t, []string{"red", "blue", "red", "blue"}, tenants, "the records, and the summaries")
}
