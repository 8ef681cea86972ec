// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package divide

import (
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// Signal names what a request carries.
type Signal string

// The signals that can be divided.
const (
	Traces  Signal = "traces"
	Logs    Signal = "logs"
	Metrics Signal = "metrics"
)

// SignalOfPath returns the signal of the path of a URL that takes OTLP, and whether the
// path is one.
func SignalOfPath(path string) (Signal, bool) {
	for _, s := range []Signal{Traces, Logs, Metrics} {
		if strings.HasSuffix(path, "/v1/"+string(s)) {
			return s, true
		}
	}
	return "", false
}

// SignalOfMethod returns the signal of a method of OTLP over gRPC, and whether the method
// is one.
func SignalOfMethod(method string) (Signal, bool) {
	switch method {
	case "/opentelemetry.proto.collector.trace.v1.TraceService/Export":
		return Traces, true
	case "/opentelemetry.proto.collector.logs.v1.LogsService/Export":
		return Logs, true
	case "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export":
		return Metrics, true
	}
	return "", false
}

// Batch is the content of one request. Its items are spans, log records or data points.
type Batch interface {
	// Items returns the number of spans, log records or data points.
	Items() int
	// Marshal encodes the batch as the request that a backend takes.
	Marshal(json bool) ([]byte, error)
	// Retry returns an error that asks an exporter of the Collector to try the batch
	// again, and not the whole request. The error wraps cause.
	Retry(cause error) error

	// units returns how many parts the batch can be divided into at most: its items,
	// and metrics without a data point, which some backends refuse.
	units() int
	// split moves the first n units into a batch of their own.
	split(n int) Batch
	// times returns the times of the units, in order. It returns nil for spans, which no
	// backend refuses for their time.
	times() []pcommon.Timestamp
	// append moves the content of another batch of the same signal behind its own.
	append(Batch)
}

// Parse decodes the body of a request.
func Parse(signal Signal, body []byte, json bool) (Batch, error) {
	switch signal {
	case Traces:
		r := ptraceotlp.NewExportRequest()
		err := decode(&r, body, json)
		return &traceBatch{r.Traces()}, err
	case Logs:
		r := plogotlp.NewExportRequest()
		err := decode(&r, body, json)
		return &logBatch{r.Logs()}, err
	case Metrics:
		r := pmetricotlp.NewExportRequest()
		err := decode(&r, body, json)
		return &metricBatch{r.Metrics()}, err
	}
	return nil, fmt.Errorf("a request of %q cannot be divided", signal)
}

type decoder interface {
	UnmarshalProto([]byte) error
	UnmarshalJSON([]byte) error
}

func decode(d decoder, body []byte, json bool) error {
	if json {
		return d.UnmarshalJSON(body)
	}
	return d.UnmarshalProto(body)
}

type encoder interface {
	MarshalProto() ([]byte, error)
	MarshalJSON() ([]byte, error)
}

func encode(e encoder, json bool) ([]byte, error) {
	if json {
		return e.MarshalJSON()
	}
	return e.MarshalProto()
}

type traceBatch struct{ ptrace.Traces }

func (b *traceBatch) Items() int { return b.SpanCount() }
func (b *traceBatch) units() int { return b.SpanCount() }

func (b *traceBatch) Marshal(json bool) ([]byte, error) {
	return encode(ptraceotlp.NewExportRequestFromTraces(b.Traces), json)
}

func (b *traceBatch) Retry(cause error) error { return consumererror.NewTraces(cause, b.Traces) }

func (b *traceBatch) times() []pcommon.Timestamp { return nil }

func (b *traceBatch) append(other Batch) {
	other.(*traceBatch).ResourceSpans().MoveAndAppendTo(b.ResourceSpans())
}

func (b *traceBatch) split(left int) Batch {
	first := ptrace.NewTraces()
	b.ResourceSpans().RemoveIf(func(from ptrace.ResourceSpans) bool {
		if left == 0 {
			return false
		}
		to := first.ResourceSpans().AppendEmpty()
		from.Resource().CopyTo(to.Resource())
		to.SetSchemaUrl(from.SchemaUrl())
		from.ScopeSpans().RemoveIf(func(from ptrace.ScopeSpans) bool {
			if left == 0 {
				return false
			}
			scope := to.ScopeSpans().AppendEmpty()
			from.Scope().CopyTo(scope.Scope())
			scope.SetSchemaUrl(from.SchemaUrl())
			from.Spans().RemoveIf(func(s ptrace.Span) bool {
				if left == 0 {
					return false
				}
				left--
				s.MoveTo(scope.Spans().AppendEmpty())
				return true
			})
			return from.Spans().Len() == 0
		})
		return from.ScopeSpans().Len() == 0
	})
	return &traceBatch{first}
}

type logBatch struct{ plog.Logs }

func (b *logBatch) Items() int { return b.LogRecordCount() }
func (b *logBatch) units() int { return b.LogRecordCount() }

func (b *logBatch) Marshal(json bool) ([]byte, error) {
	return encode(plogotlp.NewExportRequestFromLogs(b.Logs), json)
}

func (b *logBatch) Retry(cause error) error { return consumererror.NewLogs(cause, b.Logs) }

func (b *logBatch) times() (all []pcommon.Timestamp) {
	for _, rl := range b.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				at := r.Timestamp()
				if at == 0 {
					at = r.ObservedTimestamp()
				}
				all = append(all, at)
			}
		}
	}
	return all
}

func (b *logBatch) append(other Batch) {
	other.(*logBatch).ResourceLogs().MoveAndAppendTo(b.ResourceLogs())
}

func (b *logBatch) split(left int) Batch {
	first := plog.NewLogs()
	b.ResourceLogs().RemoveIf(func(from plog.ResourceLogs) bool {
		if left == 0 {
			return false
		}
		to := first.ResourceLogs().AppendEmpty()
		from.Resource().CopyTo(to.Resource())
		to.SetSchemaUrl(from.SchemaUrl())
		from.ScopeLogs().RemoveIf(func(from plog.ScopeLogs) bool {
			if left == 0 {
				return false
			}
			scope := to.ScopeLogs().AppendEmpty()
			from.Scope().CopyTo(scope.Scope())
			scope.SetSchemaUrl(from.SchemaUrl())
			from.LogRecords().RemoveIf(func(r plog.LogRecord) bool {
				if left == 0 {
					return false
				}
				left--
				r.MoveTo(scope.LogRecords().AppendEmpty())
				return true
			})
			return from.LogRecords().Len() == 0
		})
		return from.ScopeLogs().Len() == 0
	})
	return &logBatch{first}
}
