// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Options say what is refused. A limit of 0 is no limit.
type Options struct {
	// Tempo, Loki and Prometheus say behind which backends the checks stand.
	Tempo, Loki, Prometheus bool
	// MaxItemBytes is the size of the largest item, with its resource and scope, as
	// OTLP in protobuf.
	MaxItemBytes int
	// AcceptDelta lets data points of delta temporality pass.
	AcceptDelta bool
	// MaxAge and MaxAhead bound the times of log records.
	MaxAge, MaxAhead time.Duration
	// MaxLineBytes is the length of the longest body of a log record.
	MaxLineBytes int
	// MaxAttributes is the most attributes of a log record.
	MaxAttributes int
	// MaxMetadataBytes is the size of the largest set of a resource's attributes, of
	// log records.
	MaxMetadataBytes int
	// Now is the clock. It is nil for that of the system.
	Now func() time.Time
}

// Checker checks requests. It is safe for concurrent use.
type Checker struct{ Options }

// New returns a checker.
func New(o Options) *Checker {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Checker{o}
}

// UnknownSize says that nobody knows how large a request is.
const UnknownSize = -1

// weighs says whether the items of a request have to be weighed. The size is an upper
// bound of the request's, or UnknownSize; heaviest is one of its largest item's.
func (c *Checker) weighs(size int, heaviest func() int) bool {
	switch {
	case c.MaxItemBytes == 0, size != UnknownSize && size <= c.MaxItemBytes:
		return false
	}
	return heaviest() > c.MaxItemBytes
}

// framing is the most that the encoding of a message adds to its fields: a tag and a
// length, in bytes, for each of the three levels.
const framing = 3 * 6

// Traces removes refused spans from a request of at most size bytes.
func (c *Checker) Traces(td ptrace.Traces, size int) (r Result) {
	if c.weighs(size, func() int { return heaviestSpan(td) }) {
		c.weighSpans(td, &r)
	}
	if !c.Tempo {
		return r
	}
	for i := range td.ResourceSpans().Len() {
		scopes := td.ResourceSpans().At(i).ScopeSpans()
		for j := range scopes.Len() {
			spans := scopes.At(j).Spans()
			for k := range spans.Len() {
				if spans.At(k).TraceID().IsEmpty() {
					removeSpans(spans, func(s ptrace.Span) bool { return s.TraceID().IsEmpty() }, EmptyTraceID, &r)
					break
				}
			}
		}
	}
	if r != (Result{}) {
		prune(td)
	}
	return r
}

func removeSpans(spans ptrace.SpanSlice, bad func(ptrace.Span) bool, reason Reason, r *Result) {
	spans.RemoveIf(func(s ptrace.Span) bool {
		if bad(s) {
			r.counts[reason]++
			return true
		}
		return false
	})
}

func (c *Checker) weighSpans(td ptrace.Traces, r *Result) {
	m := ptrace.ProtoMarshaler{}
	for _, rs := range td.ResourceSpans().All() {
		above := m.ResourceSpansSize(rs)
		for _, ss := range rs.ScopeSpans().All() {
			above -= m.ScopeSpansSize(ss)
		}
		for _, ss := range rs.ScopeSpans().All() {
			scope := above + m.ScopeSpansSize(ss)
			for _, s := range ss.Spans().All() {
				scope -= m.SpanSize(s)
			}
			removeSpans(ss.Spans(), func(s ptrace.Span) bool { return scope+m.SpanSize(s)+framing > c.MaxItemBytes }, TooLarge, r)
		}
	}
	prune(td)
}

// prune removes scopes and resources that have lost all their spans.
func prune(td ptrace.Traces) {
	td.ResourceSpans().RemoveIf(func(rs ptrace.ResourceSpans) bool {
		rs.ScopeSpans().RemoveIf(func(ss ptrace.ScopeSpans) bool { return ss.Spans().Len() == 0 })
		return rs.ScopeSpans().Len() == 0
	})
}

// Logs removes refused log records from a request of at most size bytes.
func (c *Checker) Logs(ld plog.Logs, size int) (r Result) {
	if c.weighs(size, func() int { return heaviestRecord(ld) }) {
		c.weighRecords(ld, &r)
	}
	if !c.Loki {
		return r
	}
	bounds := c.bounds()
	for i := range ld.ResourceLogs().Len() {
		rl := ld.ResourceLogs().At(i)
		tooMuch := c.MaxMetadataBytes > 0 && textBytes(rl.Resource().Attributes()) > c.MaxMetadataBytes
		for j := range rl.ScopeLogs().Len() {
			records := rl.ScopeLogs().At(j).LogRecords()
			if tooMuch {
				r.counts[MetadataTooLarge] += records.Len()
				records.RemoveIf(func(plog.LogRecord) bool { return true })
				continue
			}
			for k := range records.Len() {
				if _, bad := c.record(records.At(k), bounds); bad {
					c.removeRecords(records, bounds, &r)
					break
				}
			}
		}
	}
	if r != (Result{}) {
		pruneLogs(ld)
	}
	return r
}

// timeBounds are the first and the last time that is accepted, in nanoseconds.
type timeBounds struct{ first, last pcommon.Timestamp }

func (c *Checker) bounds() timeBounds {
	now, b := c.Now(), timeBounds{0, ^pcommon.Timestamp(0)}
	if c.MaxAge > 0 {
		b.first = pcommon.NewTimestampFromTime(now.Add(-c.MaxAge))
	}
	if c.MaxAhead > 0 {
		b.last = pcommon.NewTimestampFromTime(now.Add(c.MaxAhead))
	}
	return b
}

// record says whether a record is refused, and why.
func (c *Checker) record(lr plog.LogRecord, b timeBounds) (Reason, bool) {
	at := lr.Timestamp()
	if at == 0 {
		at = lr.ObservedTimestamp() // and without that, Loki takes the time of arrival
	}
	switch {
	case at < b.first && at != 0:
		return TooOld, true
	case at > b.last:
		return TooNew, true
	case c.MaxAttributes > 0 && lr.Attributes().Len() > c.MaxAttributes:
		return TooManyAttributes, true
	case c.MaxLineBytes > 0 && lr.Body().Type() == pcommon.ValueTypeStr && len(lr.Body().Str()) > c.MaxLineBytes:
		return LineTooLong, true
	}
	return 0, false
}

func (c *Checker) removeRecords(records plog.LogRecordSlice, b timeBounds, r *Result) {
	records.RemoveIf(func(lr plog.LogRecord) bool {
		reason, bad := c.record(lr, b)
		if bad {
			r.counts[reason]++
		}
		return bad
	})
}

func (c *Checker) weighRecords(ld plog.Logs, r *Result) {
	m := plog.ProtoMarshaler{}
	for _, rl := range ld.ResourceLogs().All() {
		above := m.ResourceLogsSize(rl)
		for _, sl := range rl.ScopeLogs().All() {
			above -= m.ScopeLogsSize(sl)
		}
		for _, sl := range rl.ScopeLogs().All() {
			scope := above + m.ScopeLogsSize(sl)
			for _, lr := range sl.LogRecords().All() {
				scope -= m.LogRecordSize(lr)
			}
			sl.LogRecords().RemoveIf(func(lr plog.LogRecord) bool {
				bad := scope+m.LogRecordSize(lr)+framing > c.MaxItemBytes
				if bad {
					r.counts[TooLarge]++
				}
				return bad
			})
		}
	}
	pruneLogs(ld)
}

func pruneLogs(ld plog.Logs) {
	ld.ResourceLogs().RemoveIf(func(rl plog.ResourceLogs) bool {
		rl.ScopeLogs().RemoveIf(func(sl plog.ScopeLogs) bool { return sl.LogRecords().Len() == 0 })
		return rl.ScopeLogs().Len() == 0
	})
}

// textBytes returns the length of the keys and of the values that are text.
func textBytes(attributes pcommon.Map) (n int) {
	for k, v := range attributes.All() {
		n += len(k)
		if v.Type() == pcommon.ValueTypeStr {
			n += len(v.Str())
		}
	}
	return n
}

// Metrics removes refused data points from a request of at most size bytes, and repairs
// attributes that Prometheus has no label for.
func (c *Checker) Metrics(md pmetric.Metrics, size int) (r Result) {
	if c.weighs(size, func() int { return heaviestPoint(md) }) {
		c.weighPoints(md, &r)
	}
	if !c.Prometheus {
		return r
	}
	c.prometheus(md, &r)
	if r != (Result{}) {
		pruneMetrics(md)
	}
	return r
}
