// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/xpdata/entity"
)

// filler fills every field of a message with values that take many bytes.
type filler struct{ *rand.Rand }

func (f filler) text() string { return strings.Repeat("x", f.IntN(300)*f.IntN(2)) }

func (f filler) value(v pcommon.Value, depth int) {
	switch f.IntN(8 - depth) {
	case 0:
		v.SetInt(math.MinInt64)
	case 1:
		v.SetDouble(math.Pi)
	case 2:
		v.SetBool(true)
	case 3:
		v.SetEmptyBytes().FromRaw([]byte(f.text()))
	case 4:
	case 5:
		v.SetStr(f.text())
	case 6:
		for range f.IntN(3) {
			f.value(v.SetEmptySlice().AppendEmpty(), depth+1)
		}
	default:
		f.fill(v.SetEmptyMap(), depth+1)
	}
}

func (f filler) fill(m pcommon.Map, depth int) {
	for range f.IntN(4) {
		f.value(m.PutEmpty(f.text()), depth)
	}
}

func (f filler) resource(r pcommon.Resource) {
	f.fill(r.Attributes(), 0)
	r.SetDroppedAttributesCount(math.MaxUint32)
	for range f.IntN(3) {
		ref := entity.ResourceEntityRefs(r).AppendEmpty()
		ref.SetSchemaUrl(f.text())
		ref.SetType(f.text())
		ref.IdKeys().Append(f.text(), f.text())
		ref.DescriptionKeys().Append(f.text())
	}
}

func (f filler) scope(s pcommon.InstrumentationScope) {
	s.SetName(f.text())
	s.SetVersion(f.text())
	s.SetDroppedAttributesCount(math.MaxUint32)
	f.fill(s.Attributes(), 0)
}

const late = pcommon.Timestamp(math.MaxUint64)

var (
	fullTrace = pcommon.TraceID{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
	fullSpan  = pcommon.SpanID{1, 2, 3, 4, 5, 6, 7, 8}
)

func (f filler) span(s ptrace.Span) {
	s.SetTraceID(fullTrace)
	s.SetSpanID(fullSpan)
	s.SetParentSpanID(fullSpan)
	s.TraceState().FromRaw(f.text())
	s.SetName(f.text())
	s.SetKind(math.MinInt32)
	s.SetFlags(math.MaxUint32)
	s.SetStartTimestamp(late)
	s.SetEndTimestamp(late)
	s.SetDroppedAttributesCount(math.MaxUint32)
	s.SetDroppedEventsCount(math.MaxUint32)
	s.SetDroppedLinksCount(math.MaxUint32)
	s.Status().SetCode(math.MinInt32)
	s.Status().SetMessage(f.text())
	f.fill(s.Attributes(), 0)
	for range f.IntN(3) {
		e := s.Events().AppendEmpty()
		e.SetName(f.text())
		e.SetTimestamp(late)
		e.SetDroppedAttributesCount(math.MaxUint32)
		f.fill(e.Attributes(), 0)
		l := s.Links().AppendEmpty()
		l.SetTraceID(fullTrace)
		l.SetSpanID(fullSpan)
		l.TraceState().FromRaw(f.text())
		l.SetFlags(math.MaxUint32)
		l.SetDroppedAttributesCount(math.MaxUint32)
		f.fill(l.Attributes(), 0)
	}
}

func (f filler) record(r plog.LogRecord) {
	r.SetTimestamp(late)
	r.SetObservedTimestamp(late)
	r.SetSeverityNumber(math.MinInt32)
	r.SetSeverityText(f.text())
	r.SetEventName(f.text())
	r.SetDroppedAttributesCount(math.MaxUint32)
	r.SetFlags(plog.LogRecordFlags(math.MaxUint32))
	r.SetTraceID(fullTrace)
	r.SetSpanID(fullSpan)
	f.value(r.Body(), 0)
	f.fill(r.Attributes(), 0)
}

func (f filler) exemplars(all pmetric.ExemplarSlice) {
	for range f.IntN(3) {
		e := all.AppendEmpty()
		e.SetTimestamp(late)
		e.SetIntValue(math.MinInt64)
		e.SetTraceID(fullTrace)
		e.SetSpanID(fullSpan)
		f.fill(e.FilteredAttributes(), 0)
	}
}

func (f filler) numbers() []uint64 {
	list := make([]uint64, f.IntN(50))
	for i := range list {
		list[i] = math.MaxUint64
	}
	return list
}

func (f filler) metric(m pmetric.Metric, kind int) {
	m.SetName(f.text())
	m.SetDescription(f.text())
	m.SetUnit(f.text())
	f.fill(m.Metadata(), 0)
	flags := pmetric.DataPointFlags(math.MaxUint32)
	switch kind {
	case 0:
		p := m.SetEmptyGauge().DataPoints().AppendEmpty()
		p.SetTimestamp(late)
		p.SetStartTimestamp(late)
		p.SetIntValue(math.MinInt64)
		p.SetFlags(flags)
		f.fill(p.Attributes(), 0)
		f.exemplars(p.Exemplars())
	case 1:
		sum := m.SetEmptySum()
		sum.SetAggregationTemporality(math.MinInt32)
		sum.SetIsMonotonic(true)
		p := sum.DataPoints().AppendEmpty()
		p.SetTimestamp(late)
		p.SetDoubleValue(math.Pi)
		f.fill(p.Attributes(), 0)
		f.exemplars(p.Exemplars())
	case 2:
		m.SetEmptyHistogram().SetAggregationTemporality(math.MinInt32)
		p := m.Histogram().DataPoints().AppendEmpty()
		p.SetTimestamp(late)
		p.SetStartTimestamp(late)
		p.SetCount(math.MaxUint64)
		p.SetSum(1)
		p.SetMin(1)
		p.SetMax(1)
		p.SetFlags(flags)
		p.BucketCounts().FromRaw(f.numbers())
		p.ExplicitBounds().FromRaw(make([]float64, f.IntN(50)))
		f.fill(p.Attributes(), 0)
		f.exemplars(p.Exemplars())
	case 3:
		m.SetEmptyExponentialHistogram().SetAggregationTemporality(math.MinInt32)
		p := m.ExponentialHistogram().DataPoints().AppendEmpty()
		p.SetTimestamp(late)
		p.SetStartTimestamp(late)
		p.SetCount(math.MaxUint64)
		p.SetZeroCount(math.MaxUint64)
		p.SetZeroThreshold(1)
		p.SetScale(math.MinInt32)
		p.SetSum(1)
		p.SetMin(1)
		p.SetMax(1)
		p.SetFlags(flags)
		p.Positive().SetOffset(math.MinInt32)
		p.Positive().BucketCounts().FromRaw(f.numbers())
		p.Negative().SetOffset(math.MinInt32)
		p.Negative().BucketCounts().FromRaw(f.numbers())
		f.fill(p.Attributes(), 0)
		f.exemplars(p.Exemplars())
	default:
		p := m.SetEmptySummary().DataPoints().AppendEmpty()
		p.SetTimestamp(late)
		p.SetStartTimestamp(late)
		p.SetCount(math.MaxUint64)
		p.SetSum(1)
		p.SetFlags(flags)
		for range f.IntN(20) {
			q := p.QuantileValues().AppendEmpty()
			q.SetQuantile(0.5)
			q.SetValue(1)
		}
		f.fill(p.Attributes(), 0)
	}
}

// TestBoundsAreNeverBelowTheSize takes requests of one item, all of whose fields are filled.
func TestBoundsAreNeverBelowTheSize(t *testing.T) {
	f := filler{rand.New(rand.NewPCG(1, 2))}
	for i := range 3000 {
		td := ptrace.NewTraces()
		rs := td.ResourceSpans().AppendEmpty()
		ss := rs.ScopeSpans().AppendEmpty()
		rs.SetSchemaUrl(f.text())
		ss.SetSchemaUrl(f.text())
		f.resource(rs.Resource())
		f.scope(ss.Scope())
		f.span(ss.Spans().AppendEmpty())
		size := (&ptrace.ProtoMarshaler{}).TracesSize(td)
		require.GreaterOrEqual(t, heaviestSpan(td), size)
		require.Less(t, heaviestSpan(td), 2*size+1000, "a bound is not far away")

		ld := plog.NewLogs()
		rl := ld.ResourceLogs().AppendEmpty()
		sl := rl.ScopeLogs().AppendEmpty()
		rl.SetSchemaUrl(f.text())
		sl.SetSchemaUrl(f.text())
		f.resource(rl.Resource())
		f.scope(sl.Scope())
		f.record(sl.LogRecords().AppendEmpty())
		require.GreaterOrEqual(t, heaviestRecord(ld), (&plog.ProtoMarshaler{}).LogsSize(ld))

		md := pmetric.NewMetrics()
		rm := md.ResourceMetrics().AppendEmpty()
		sm := rm.ScopeMetrics().AppendEmpty()
		rm.SetSchemaUrl(f.text())
		sm.SetSchemaUrl(f.text())
		f.resource(rm.Resource())
		f.scope(sm.Scope())
		f.metric(sm.Metrics().AppendEmpty(), i%5)
		require.GreaterOrEqual(t, heaviestPoint(md), (&pmetric.ProtoMarshaler{}).MetricsSize(md), i%5)
	}
}
