// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sealpdata

import (
	"bytes"
	"compress/gzip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sealgate/sealgate/test/fleet"
)

const (
	benchSpans = 20480
	benchBatch = 1024
)

// BenchmarkRecord compares sealing and marshalling with marshalling, on the same
// spans: nanoseconds, allocations and bytes of a span.
func BenchmarkRecord(b *testing.B) {
	policy, err := New(Options{Keep: []string{"service.name", "k8s.*", "cloud.*"}})
	require.NoError(b, err)
	sealer, _ := fieldPair(b)
	for _, bench := range []struct {
		name string
		work func(ptrace.Traces)
	}{
		{"plain", func(ptrace.Traces) {}},
		{"sealed", func(td ptrace.Traces) { require.NoError(b, policy.SealTraces(sealer, td)) }},
	} {
		b.Run(bench.name, func(b *testing.B) { benchTraces(b, bench.work) })
	}
}

// BenchmarkRatio takes turns, batch by batch, so that what else the machine does hits
// both alike.
func BenchmarkRatio(b *testing.B) {
	policy, err := New(Options{Keep: []string{"service.name", "k8s.*", "cloud.*"}})
	require.NoError(b, err)
	sealer, _ := fieldPair(b)
	originals := benchBatches()
	var marshaler ptrace.ProtoMarshaler
	var took [2]time.Duration
	for i := range b.N {
		for turn := range took {
			td := copyOf(originals[i%len(originals)])
			start := time.Now()
			if turn == 1 {
				require.NoError(b, policy.SealTraces(sealer, td))
			}
			_, err := marshaler.MarshalTraces(td)
			took[turn] += time.Since(start)
			require.NoError(b, err)
		}
	}
	spans := float64(b.N * benchBatch)
	b.ReportMetric(float64(took[0])/spans, "plain-ns/span")
	b.ReportMetric(float64(took[1])/spans, "sealed-ns/span")
	b.ReportMetric(float64(took[1])/float64(took[0]), "ratio")
}

func benchBatches() []ptrace.Traces {
	batches := make([]ptrace.Traces, benchSpans/benchBatch)
	for i := range batches {
		batches[i] = fleet.Spans(uint64(i), benchBatch)
	}
	return batches
}

func benchTraces(b *testing.B, work func(ptrace.Traces)) {
	originals := benchBatches()
	var marshaler ptrace.ProtoMarshaler
	var raw, zipped, spans int
	var took time.Duration
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		b.StopTimer()
		td := ptrace.NewTraces()
		originals[i%len(originals)].CopyTo(td)
		b.StartTimer()
		start := time.Now()
		work(td)
		out, err := marshaler.MarshalTraces(td)
		took += time.Since(start)
		b.StopTimer()
		require.NoError(b, err)
		spans += benchBatch
		if i < len(originals) {
			raw += len(out)
			zipped += gzipped(out)
		}
		b.StartTimer()
	}
	measured := float64(min(spans, benchSpans))
	b.ReportMetric(float64(took.Nanoseconds())/float64(spans), "ns/span")
	b.ReportMetric(float64(raw)/measured, "B/span")
	b.ReportMetric(float64(zipped)/measured, "gzipB/span")
}

func gzipped(b []byte) int {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	_, _ = w.Write(b)
	_ = w.Close()
	return buf.Len()
}

func BenchmarkLogs(b *testing.B) {
	policy, err := New(Options{Keep: []string{"service.name"}})
	require.NoError(b, err)
	sealer, _ := fieldPair(b)
	original := fleet.LogRecords(1, benchBatch)
	b.ReportAllocs()
	for range b.N {
		b.StopTimer()
		ld := plog.NewLogs()
		original.CopyTo(ld)
		b.StartTimer()
		require.NoError(b, policy.SealLogs(sealer, ld))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*benchBatch), "ns/record")
}
