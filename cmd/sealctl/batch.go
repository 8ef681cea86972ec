// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sealgate/sealgate/internal/timespan"
	"github.com/sealgate/sealgate/seal/archive"
)

// batch is telemetry of one signal.
type batch interface {
	items() int
	size() int               // bytes in protobuf
	span() (from, to uint64) // nanoseconds since 1970; from > to where nothing has a time
	keep(timeRange)
	// takeFirst moves the first n items to a new batch.
	takeFirst(n int) batch
	json() ([]byte, error)
	protobuf() ([]byte, error)
}

// decodeBatch decodes the payload of a frame.
func decodeBatch(signal archive.Signal, payload []byte) (batch, error) {
	if err := checkShape(signal, payload); err != nil {
		return nil, frameError{fmt.Errorf("it is authentic but hostile, and is not decoded: %w", err)}
	}
	var b batch
	var err error
	switch signal {
	case archive.Traces:
		var u ptrace.ProtoUnmarshaler
		var td ptrace.Traces
		td, err = u.UnmarshalTraces(payload)
		b = traceBatch{td}
	case archive.Logs:
		var u plog.ProtoUnmarshaler
		var ld plog.Logs
		ld, err = u.UnmarshalLogs(payload)
		b = logBatch{ld}
	case archive.Metrics:
		var u pmetric.ProtoUnmarshaler
		var md pmetric.Metrics
		md, err = u.UnmarshalMetrics(payload)
		b = metricBatch{md}
	default:
		return nil, fmt.Errorf("there is no signal %d; use a newer sealctl", signal)
	}
	if err != nil {
		return nil, frameError{fmt.Errorf("it is authentic but not OTLP; its writer was at fault: %w", err)}
	}
	return b, nil
}

type traceBatch struct{ ptrace.Traces }

func (b traceBatch) items() int              { return b.SpanCount() }
func (b traceBatch) size() int               { return (&ptrace.ProtoMarshaler{}).TracesSize(b.Traces) }
func (b traceBatch) keep(r timeRange)        { r.keepTraces(b.Traces) }
func (b traceBatch) span() (from, to uint64) { return timespan.Traces(b.Traces) }
func (b traceBatch) takeFirst(n int) batch   { return traceBatch{takeTraces(b.Traces, n)} }
func (b traceBatch) json() ([]byte, error)   { return (&ptrace.JSONMarshaler{}).MarshalTraces(b.Traces) }
func (b traceBatch) protobuf() ([]byte, error) {
	return (&ptrace.ProtoMarshaler{}).MarshalTraces(b.Traces)
}

type logBatch struct{ plog.Logs }

func (b logBatch) items() int                { return b.LogRecordCount() }
func (b logBatch) size() int                 { return (&plog.ProtoMarshaler{}).LogsSize(b.Logs) }
func (b logBatch) keep(r timeRange)          { r.keepLogs(b.Logs) }
func (b logBatch) span() (from, to uint64)   { return timespan.Logs(b.Logs) }
func (b logBatch) takeFirst(n int) batch     { return logBatch{takeLogs(b.Logs, n)} }
func (b logBatch) json() ([]byte, error)     { return (&plog.JSONMarshaler{}).MarshalLogs(b.Logs) }
func (b logBatch) protobuf() ([]byte, error) { return (&plog.ProtoMarshaler{}).MarshalLogs(b.Logs) }

type metricBatch struct{ pmetric.Metrics }

func (b metricBatch) items() int              { return b.DataPointCount() }
func (b metricBatch) size() int               { return (&pmetric.ProtoMarshaler{}).MetricsSize(b.Metrics) }
func (b metricBatch) keep(r timeRange)        { r.keepMetrics(b.Metrics) }
func (b metricBatch) span() (from, to uint64) { return timespan.Metrics(b.Metrics) }
func (b metricBatch) takeFirst(n int) batch   { return metricBatch{takeMetrics(b.Metrics, n)} }
func (b metricBatch) json() ([]byte, error) {
	return (&pmetric.JSONMarshaler{}).MarshalMetrics(b.Metrics)
}
func (b metricBatch) protobuf() ([]byte, error) {
	return (&pmetric.ProtoMarshaler{}).MarshalMetrics(b.Metrics)
}
