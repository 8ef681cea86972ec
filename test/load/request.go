// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// Attributes by which an item is known at the sink. A pipeline that seals has to keep
// them in the clear: `load.*`.
const (
	attrRun    = "load.run"    // of the resource
	attrNumber = "load.number" // of the item
	attrDue    = "load.due"    // of the item, ns since 1970
)

// Request is an OTLP request that is sent again and again, each time with other
// numbers and times. Several goroutines may use it.
type Request struct {
	signal  *signal
	items   []mark
	marshal func() ([]byte, error)
	shift   func(time.Duration) // moves the times of the items; nil: they stay

	mu sync.Mutex
}

// mark is what is changed of an item.
type mark struct{ number, due pcommon.Value }

// Len returns how many items the request has.
func (r *Request) Len() int { return len(r.items) }

// encode returns the request with its items numbered from first on.
func (r *Request) encode(first int, due time.Time, shift time.Duration) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, item := range r.items {
		item.number.SetInt(int64(first + i))
		item.due.SetInt(due.UnixNano())
	}
	if r.shift != nil {
		r.shift(shift)
	}
	return r.marshal()
}

// newRequest marks all items, and their resources with the run. Each calls a function
// with every item's attributes and its resource's.
func newRequest(run string, s *signal, each func(func(resource, item pcommon.Map)), marshal func() ([]byte, error)) *Request {
	r := &Request{signal: s, marshal: marshal}
	each(func(resource, item pcommon.Map) {
		resource.PutStr(attrRun, run)
		item.PutInt(attrNumber, 0)
		item.PutInt(attrDue, 0)
		number, _ := item.Get(attrNumber)
		due, _ := item.Get(attrDue)
		r.items = append(r.items, mark{number, due})
	})
	return r
}

// Traces returns a request with the spans of td, which is changed.
func (l *Ledger) Traces(td ptrace.Traces) *Request {
	return newRequest(l.run, traces, eachSpan(td), ptraceotlp.NewExportRequestFromTraces(td).MarshalProto)
}

// Logs returns a request with the records of ld, which is changed.
func (l *Ledger) Logs(ld plog.Logs) *Request {
	r := newRequest(l.run, logs, eachRecord(ld), plogotlp.NewExportRequestFromLogs(ld).MarshalProto)
	var shifted time.Duration
	r.shift = func(to time.Duration) {
		by := pcommon.Timestamp(to - shifted)
		if shifted = to; by == 0 {
			return
		}
		for _, rl := range ld.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, record := range sl.LogRecords().All() {
					record.SetTimestamp(record.Timestamp() + by)
					record.SetObservedTimestamp(record.ObservedTimestamp() + by)
				}
			}
		}
	}
	return r
}

// Metrics returns a request with the datapoints of md, which is changed.
func (l *Ledger) Metrics(md pmetric.Metrics) *Request {
	return newRequest(l.run, metrics, eachPoint(md), pmetricotlp.NewExportRequestFromMetrics(md).MarshalProto)
}

// signal is what differs between the signals in OTLP.
type signal struct {
	name   string // and the end of the path of OTLP over HTTP
	method string // of OTLP over gRPC
	// rejected reads an answer: how many items it says were not taken, and why.
	rejected func(answer []byte) (int64, string, error)
	// each decodes a request and calls a function with every item, as newRequest does.
	each func(body []byte, f func(resource, item pcommon.Map)) error
}

var (
	traces = &signal{
		name: "traces", method: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
		rejected: func(answer []byte) (int64, string, error) {
			r := ptraceotlp.NewExportResponse()
			err := r.UnmarshalProto(answer)
			return r.PartialSuccess().RejectedSpans(), r.PartialSuccess().ErrorMessage(), err
		},
		each: func(body []byte, f func(resource, item pcommon.Map)) error {
			r := ptraceotlp.NewExportRequest()
			err := r.UnmarshalProto(body)
			eachSpan(r.Traces())(f)
			return err
		},
	}
	logs = &signal{
		name: "logs", method: "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
		rejected: func(answer []byte) (int64, string, error) {
			r := plogotlp.NewExportResponse()
			err := r.UnmarshalProto(answer)
			return r.PartialSuccess().RejectedLogRecords(), r.PartialSuccess().ErrorMessage(), err
		},
		each: func(body []byte, f func(resource, item pcommon.Map)) error {
			r := plogotlp.NewExportRequest()
			err := r.UnmarshalProto(body)
			eachRecord(r.Logs())(f)
			return err
		},
	}
	metrics = &signal{
		name: "metrics", method: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
		rejected: func(answer []byte) (int64, string, error) {
			r := pmetricotlp.NewExportResponse()
			err := r.UnmarshalProto(answer)
			return r.PartialSuccess().RejectedDataPoints(), r.PartialSuccess().ErrorMessage(), err
		},
		each: func(body []byte, f func(resource, item pcommon.Map)) error {
			r := pmetricotlp.NewExportRequest()
			err := r.UnmarshalProto(body)
			eachPoint(r.Metrics())(f)
			return err
		},
	}
	signals = []*signal{traces, logs, metrics}
)

func (s *signal) path() string { return "/v1/" + s.name }

func eachSpan(td ptrace.Traces) func(func(resource, item pcommon.Map)) {
	return func(f func(resource, item pcommon.Map)) {
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, span := range ss.Spans().All() {
					f(rs.Resource().Attributes(), span.Attributes())
				}
			}
		}
	}
}

func eachRecord(ld plog.Logs) func(func(resource, item pcommon.Map)) {
	return func(f func(resource, item pcommon.Map)) {
		for _, rl := range ld.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, record := range sl.LogRecords().All() {
					f(rl.Resource().Attributes(), record.Attributes())
				}
			}
		}
	}
}

func eachPoint(md pmetric.Metrics) func(func(resource, item pcommon.Map)) {
	return func(f func(resource, item pcommon.Map)) {
		for _, rm := range md.ResourceMetrics().All() {
			for _, sm := range rm.ScopeMetrics().All() {
				for _, metric := range sm.Metrics().All() {
					for _, attributes := range points(metric) {
						f(rm.Resource().Attributes(), attributes)
					}
				}
			}
		}
	}
}

// points returns the attributes of the datapoints of a metric, of the kinds that are
// generated here.
func points(m pmetric.Metric) (all []pcommon.Map) {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		for _, p := range m.Gauge().DataPoints().All() {
			all = append(all, p.Attributes())
		}
	case pmetric.MetricTypeSum:
		for _, p := range m.Sum().DataPoints().All() {
			all = append(all, p.Attributes())
		}
	case pmetric.MetricTypeHistogram:
		for _, p := range m.Histogram().DataPoints().All() {
			all = append(all, p.Attributes())
		}
	default:
		panic(fmt.Sprintf("a metric of type %s is not generated here", m.Type()))
	}
	return all
}
