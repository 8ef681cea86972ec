// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package filterbench

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/internal/logfile"
)

// batch gathers records as they come in at a gateway: some hundred at a time, and of one second.
type batch struct {
	logs        plog.Logs
	n           int
	first, last uint64 // of the times of the records; 0 if none has one

	resource *logfile.Resource // of the record that was added last
	scope    plog.ScopeLogs    // of the record that was taken last
	records  plog.LogRecordSlice
}

func newBatch() batch { return batch{logs: plog.NewLogs()} }

// isFull reports whether a record of a time belongs to the next batch.
func (b *batch) isFull(time uint64) bool {
	return b.n == batchRecords || b.first > 0 && time >= b.first+batchTime
}

func (b *batch) count(time uint64) {
	b.n++
	if b.first == 0 {
		b.first = time
	}
	b.last = max(b.last, time)
}

// add adds a record of a file.
func (b *batch) add(r *logfile.Record) {
	b.count(r.Time)
	if b.resource != r.Resource || b.n == 1 {
		b.resource = r.Resource
		rl := b.logs.ResourceLogs().AppendEmpty()
		if r.Resource != nil {
			put(rl.Resource().Attributes(), r.Resource.Attributes)
		}
		b.records = rl.ScopeLogs().AppendEmpty().LogRecords()
	}
	l := b.records.AppendEmpty()
	l.SetTimestamp(pcommon.Timestamp(r.Time))
	l.SetSeverityNumber(plog.SeverityNumber(r.Severity))
	l.SetTraceID(r.TraceID)
	l.SetEventName(r.EventName)
	l.Body().SetStr(r.Body)
	put(l.Attributes(), r.Attributes)
}

func put(to pcommon.Map, attributes logfile.Attributes) {
	to.EnsureCapacity(len(attributes))
	for _, a := range attributes {
		to.PutStr(a.Name, a.Value)
	}
}

// timeOf is the time of a record, or else that at the begin of its body: a receiver of files sets none, and the time of
// observation is that of the trial.
func timeOf(l plog.LogRecord) uint64 {
	if t := l.Timestamp(); t != 0 {
		return uint64(t)
	}
	if l.Body().Type() == pcommon.ValueTypeStr {
		return logfile.TimeIn(l.Body().Str())
	}
	return 0
}

// take copies a record of another batch, with its resource and its scope.
func (b *batch) take(rl plog.ResourceLogs, sl plog.ScopeLogs, l plog.LogRecord) {
	b.count(timeOf(l))
	if b.scope != sl || b.n == 1 {
		b.scope = sl
		to := b.logs.ResourceLogs().AppendEmpty()
		rl.Resource().CopyTo(to.Resource())
		scope := to.ScopeLogs().AppendEmpty()
		sl.Scope().CopyTo(scope.Scope())
		b.records = scope.LogRecords()
	}
	l.CopyTo(b.records.AppendEmpty())
}
