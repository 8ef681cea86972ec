// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package nesting

import (
	"fmt"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

func attributes(m pcommon.Map, n int) {
	for i := range n {
		m.PutStr(fmt.Sprintf("attribute.number.%d", i), fmt.Sprintf("value-%d-of-a-usual-length", i))
	}
}

// usual returns requests as they usually are, of 1000 items.
func usual(b *testing.B) map[string]place {
	td, ld, md := ptrace.NewTraces(), plog.NewLogs(), pmetric.NewMetrics()
	rs, rl, rm := td.ResourceSpans().AppendEmpty(), ld.ResourceLogs().AppendEmpty(), md.ResourceMetrics().AppendEmpty()
	attributes(rs.Resource().Attributes(), 10)
	attributes(rl.Resource().Attributes(), 10)
	attributes(rm.Resource().Attributes(), 10)
	spans, records, metrics := rs.ScopeSpans().AppendEmpty().Spans(), rl.ScopeLogs().AppendEmpty().LogRecords(), rm.ScopeMetrics().AppendEmpty().Metrics()
	for i := range 1000 {
		s := spans.AppendEmpty()
		s.SetTraceID([16]byte{1, byte(i)})
		s.SetSpanID([8]byte{2, byte(i)})
		s.SetName("GET /api/orders")
		s.SetStartTimestamp(1e18)
		s.SetEndTimestamp(1e18 + 1)
		attributes(s.Attributes(), 8)
		lr := records.AppendEmpty()
		lr.SetTimestamp(1e18)
		lr.Body().SetStr("an order of customer 4711 was paid by card after 3 attempts, see the audit log")
		attributes(lr.Attributes(), 5)
		m := metrics.AppendEmpty()
		m.SetName("http.server.request.duration")
		dp := m.SetEmptyGauge().DataPoints().AppendEmpty()
		dp.SetDoubleValue(0.25)
		attributes(dp.Attributes(), 5)
	}
	encode := func(m Message, proto func() ([]byte, error), json func() ([]byte, error)) place {
		p, err := proto()
		if err != nil {
			b.Fatal(err)
		}
		j, err := json()
		if err != nil {
			b.Fatal(err)
		}
		return place{m, func(testing.TB, func(pcommon.Value)) ([]byte, []byte) { return p, j }}
	}
	return map[string]place{
		"traces":  encode(Traces, func() ([]byte, error) { return (&ptrace.ProtoMarshaler{}).MarshalTraces(td) }, func() ([]byte, error) { return (&ptrace.JSONMarshaler{}).MarshalTraces(td) }),
		"logs":    encode(Logs, func() ([]byte, error) { return (&plog.ProtoMarshaler{}).MarshalLogs(ld) }, func() ([]byte, error) { return (&plog.JSONMarshaler{}).MarshalLogs(ld) }),
		"metrics": encode(Metrics, func() ([]byte, error) { return (&pmetric.ProtoMarshaler{}).MarshalMetrics(md) }, func() ([]byte, error) { return (&pmetric.JSONMarshaler{}).MarshalMetrics(md) }),
	}
}

// BenchmarkScan measures a scan beside the decoder of the same request.
func BenchmarkScan(b *testing.B) {
	jsonDecoders := map[Message]func([]byte) error{
		Traces:  func(j []byte) error { _, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(j); return err },
		Logs:    func(j []byte) error { _, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(j); return err },
		Metrics: func(j []byte) error { _, err := (&pmetric.JSONUnmarshaler{}).UnmarshalMetrics(j); return err },
	}
	protoDecoders := map[Message]func([]byte) error{
		Traces:  func(p []byte) error { _, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(p); return err },
		Logs:    func(p []byte) error { _, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(p); return err },
		Metrics: func(p []byte) error { _, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(p); return err },
	}
	for signal, p := range usual(b) {
		proto, json := p.put(b, nil)
		for name, run := range map[string]func() error{
			"protobuf/scan":   func() error { return Check(p.message, proto) },
			"protobuf/decode": func() error { return protoDecoders[p.message](proto) },
			"json/scan":       func() error { return CheckJSON(json) },
			"json/decode":     func() error { return jsonDecoders[p.message](json) },
		} {
			b.Run(signal+"/"+name, func(b *testing.B) {
				size := len(proto)
				if name[:4] == "json" {
					size = len(json)
				}
				b.SetBytes(int64(size))
				for b.Loop() {
					if err := run(); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(size)*1024, "ns/KB")
			})
		}
	}
}
