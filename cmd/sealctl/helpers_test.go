// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sealgate/sealgate/seal"
	"github.com/sealgate/sealgate/seal/archive"
)

// result is what a command line did.
type result struct {
	code           int
	stdout, stderr string
}

func sealctl(t *testing.T, args ...string) result {
	t.Helper()
	return sealctlWith(t, nil, "", args...)
}

// sealctlWith runs a command line in a changed environment, with stdin.
func sealctlWith(t *testing.T, change func(*env), stdin string, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	e := newEnv(strings.NewReader(stdin), &stdout, &stderr)
	if change != nil {
		change(e)
	}
	code := e.run(t.Context(), args)
	return result{code, stdout.String(), stderr.String()}
}

// clock is a clock that only sleeping moves.
type clock struct {
	at    time.Time
	slept []time.Duration
}

func newClock() *clock { return &clock{at: time.Unix(1_800_000_000, 0).UTC()} }

func (c *clock) now() time.Time { return c.at }

func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	c.at = c.at.Add(d)
	c.slept = append(c.slept, d)
	return ctx.Err()
}

func (c *clock) use(e *env) { e.now, e.sleep = c.now, c.sleep }

// keyPair makes an SM2 pair and returns the paths of its parts.
func keyPair(t *testing.T) (private, public string) {
	t.Helper()
	dir := t.TempDir()
	secret, open, _, err := seal.GenerateSM2(nil)
	require.NoError(t, err)
	private, public = filepath.Join(dir, "reader.pem"), filepath.Join(dir, "reader.pub.pem")
	require.NoError(t, os.WriteFile(private, secret, 0o600))
	require.NoError(t, os.WriteFile(public, open, 0o644))
	return private, public
}

// testKey is a symmetric key.
const testKey = "00112233445566778899aabbccddeeff"

func symmetricKey(t *testing.T, digits string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sealgate.key")
	require.NoError(t, os.WriteFile(path, []byte("# test\n"+digits+"\n"), 0o600))
	return path
}

func newKeeper(t *testing.T, provider seal.Provider) *seal.Keeper {
	t.Helper()
	k, err := seal.NewKeeper(t.Context(), provider, seal.KeeperOptions{})
	require.NoError(t, err)
	t.Cleanup(k.Close)
	return k
}

// base is when the telemetry of tests begins.
var base = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

func stamp(seconds int) pcommon.Timestamp {
	return pcommon.NewTimestampFromTime(base.Add(time.Duration(seconds) * time.Second))
}

// spans makes n spans, the one with number i lasting from second i to i+1.
func spans(first, n int) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "checkout")
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName("shop")
	for i := first; i < first+n; i++ {
		s := ss.Spans().AppendEmpty()
		s.SetTraceID(pcommon.TraceID{1, 15: byte(i)})
		s.SetSpanID(pcommon.SpanID{2, 6: byte(i >> 8), 7: byte(i)})
		s.SetName(fmt.Sprintf("span-%04d", i))
		s.SetStartTimestamp(stamp(i))
		s.SetEndTimestamp(stamp(i + 1))
	}
	return td
}

func records(first, n int) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "checkout")
	sl := rl.ScopeLogs().AppendEmpty()
	for i := first; i < first+n; i++ {
		r := sl.LogRecords().AppendEmpty()
		r.Body().SetStr(fmt.Sprintf("line-%04d", i))
		if i%2 == 0 { // either has to count
			r.SetTimestamp(stamp(i))
		}
		r.SetObservedTimestamp(stamp(i))
	}
	return ld
}

// datapoints makes n datapoints of each kind of metric.
func datapoints(first, n int) pmetric.Metrics {
	md := pmetric.NewMetrics()
	ms := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics()
	add := func(name string) pmetric.Metric {
		m := ms.AppendEmpty()
		m.SetName(name)
		m.SetUnit("s")
		return m
	}
	gauge, sum := add("gauge").SetEmptyGauge(), add("sum").SetEmptySum()
	sum.SetIsMonotonic(true)
	sum.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	histogram, exponential, summary := add("histogram").SetEmptyHistogram(), add("exponential").SetEmptyExponentialHistogram(), add("summary").SetEmptySummary()
	for i := first; i < first+n; i++ {
		for _, p := range []pmetric.NumberDataPoint{gauge.DataPoints().AppendEmpty(), sum.DataPoints().AppendEmpty()} {
			p.SetTimestamp(stamp(i))
			p.SetIntValue(int64(i))
		}
		h, x, s := histogram.DataPoints().AppendEmpty(), exponential.DataPoints().AppendEmpty(), summary.DataPoints().AppendEmpty()
		h.SetTimestamp(stamp(i))
		h.SetCount(uint64(i))
		x.SetTimestamp(stamp(i))
		x.SetCount(uint64(i))
		s.SetTimestamp(stamp(i))
		s.SetCount(uint64(i))
	}
	return md
}

// record encodes a batch, with its time range from second first to last.
func record(t *testing.T, b batch, first, last int) archive.Record {
	t.Helper()
	payload, err := b.protobuf()
	require.NoError(t, err)
	return archive.Record{Payload: payload, Items: b.items(), From: uint64(stamp(first)), To: uint64(stamp(last))}
}

// writer opens an archive; each record that is appended is a frame.
func writer(t *testing.T, dir string, signal archive.Signal, provider seal.Provider, perFile int64) *archive.Archive {
	t.Helper()
	a, err := archive.Open(archive.Options{Dir: dir, Signal: signal, Keeper: newKeeper(t, provider), MaxFileBytes: perFile, Sync: archive.SyncNever})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.Close(context.WithoutCancel(t.Context()))) })
	return a
}

// tracesIn writes frames of ten spans each to a directory, and returns its files.
func tracesIn(t *testing.T, dir string, provider seal.Provider, frames int) []string {
	t.Helper()
	a := writer(t, dir, archive.Traces, provider, 0)
	for i := range frames {
		require.NoError(t, a.Append(t.Context(), record(t, traceBatch{spans(10*i, 10)}, 10*i, 10*i+10)))
	}
	require.NoError(t, a.Close(t.Context()))
	files, err := archive.List(dir)
	require.NoError(t, err)
	return files
}

// archiveOf is tracesIn with a new symmetric key.
func archiveOf(t *testing.T, frames int) (dir, file, key string) {
	t.Helper()
	dir, key = t.TempDir(), symmetricKey(t, testKey)
	return dir, tracesIn(t, dir, seal.FileProvider{Path: key}, frames)[0], key
}

// names returns the names of all spans in OTLP JSON lines.
func names(t *testing.T, lines string) (all []string) {
	t.Helper()
	for line := range strings.Lines(lines) {
		td, err := new(ptrace.JSONUnmarshaler).UnmarshalTraces([]byte(line))
		require.NoError(t, err)
		all = append(all, spanNames(td)...)
	}
	return all
}

func spanNames(td ptrace.Traces) (all []string) {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				all = append(all, s.Name())
			}
		}
	}
	return all
}

func namesFrom(first, n int) (all []string) { return spanNames(spans(first, n)) }

// change changes the bytes of a file.
func change(t *testing.T, path string, how func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, how(b), 0o640))
}

// inFrame flips a bit in the middle of the frame with that number.
func inFrame(n int) func([]byte) []byte {
	return func(b []byte) []byte {
		at := 0
		for range n + 1 {
			at += bytes.Index(b[at:], []byte("SGF1")) + 4
		}
		b[at+60] ^= 1
		return b
	}
}

// archiveFor writes an archive of traces and logs for a public key.
func archiveFor(t *testing.T, dir, public string) {
	t.Helper()
	provider := seal.SM2Provider{Paths: []string{public}}
	tracesIn(t, dir, provider, 1)
	a := writer(t, dir, archive.Logs, provider, 0)
	require.NoError(t, a.Append(t.Context(), record(t, logBatch{records(0, 5)}, 0, 5)))
	require.NoError(t, a.Close(t.Context()))
}
