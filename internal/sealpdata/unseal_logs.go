// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sealpdata

import (
	"fmt"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/seal"
)

// UnsealLogs unseals ld in place, like UnsealTraces. Under a resource with a key
// every record has to be sealed.
func UnsealLogs(open OpenKey, ld plog.Logs) (Stats, error) {
	u := newUnsealer(open)
	left := plog.NewLogs()
	resources := ld.ResourceLogs()
	for i := range resources.Len() {
		u.resourceLogs(resources.At(i), left.ResourceLogs())
	}
	left.ResourceLogs().MoveAndAppendTo(resources)
	return u.stats, u.err()
}

func (u *unsealer) resourceLogs(rl plog.ResourceLogs, left plog.ResourceLogsSlice) {
	o, ok := u.opener(rl.Resource().Attributes())
	if !ok || o.err != nil {
		u.logsWithoutKey(rl, ok, o.err)
		return
	}
	failed := plog.NewResourceLogs()
	rl.Resource().CopyTo(failed.Resource())
	failed.SetSchemaUrl(rl.SchemaUrl())
	scopes := rl.ScopeLogs()
	for i := range scopes.Len() {
		u.scopeLogs(o.FieldOpener, scopes.At(i), failed)
	}
	if err := u.resource(o.FieldOpener, rl.Resource(), rl); err != nil {
		u.fail(err)
	}
	scopes.RemoveIf(func(sl plog.ScopeLogs) bool { return sl.SchemaUrl() == gone && sl.LogRecords().Len() == 0 })
	switch {
	case failed.ScopeLogs().Len() == 0:
	case scopes.Len() == 0:
		failed.MoveTo(rl) // nothing was unsealed
	default:
		failed.MoveTo(left.AppendEmpty())
	}
}

// logsWithoutKey counts the records of a resource whose key is not there or cannot
// be had.
func (u *unsealer) logsWithoutKey(rl plog.ResourceLogs, sealed bool, err error) {
	n := 0
	for _, sl := range rl.ScopeLogs().All() {
		n += sl.LogRecords().Len()
	}
	if !sealed {
		u.stats.Plain += n
		return
	}
	u.stats.Failed += n
	u.fail(fmt.Errorf("%d log records of one resource stay sealed: %w", n, err))
}

// scopeLogs unseals the records of a scope and the scope, and moves what fails.
func (u *unsealer) scopeLogs(o *seal.FieldOpener, sl plog.ScopeLogs, failed plog.ResourceLogs) {
	sealed := plog.NewScopeLogs()
	sl.Scope().CopyTo(sealed.Scope())
	sealed.SetSchemaUrl(sl.SchemaUrl())
	sl.LogRecords().RemoveIf(func(r plog.LogRecord) bool {
		if u.log(o, r) {
			return false
		}
		r.MoveTo(sealed.LogRecords().AppendEmpty())
		return true
	})
	if err := u.scope(o, sl.Scope(), sl); err != nil {
		u.fail(err)
		sealed.LogRecords().MoveAndAppendTo(sl.LogRecords())
		sl.MoveTo(failed.ScopeLogs().AppendEmpty())
		sl.SetSchemaUrl(gone)
		return
	}
	if sealed.LogRecords().Len() == 0 {
		return
	}
	sealed.MoveTo(failed.ScopeLogs().AppendEmpty())
	if sl.LogRecords().Len() == 0 {
		sl.SetSchemaUrl(gone)
	}
}

// log unseals a record. It returns false, and leaves it sealed, if that fails.
func (u *unsealer) log(o *seal.FieldOpener, r plog.LogRecord) bool {
	tmp, err := u.openLog(o, r, logTime(r))
	if err != nil && logTime(r) != 0 {
		// A record that had no time has the one that Loki gave it.
		if again, other := u.openLog(o, r, 0); other == nil {
			tmp, err = again, nil
		}
	}
	if err != nil {
		u.stats.Failed++
		u.fail(fmt.Errorf("the log record at %d of span %s of trace %s stays sealed: %w", uint64(logTime(r)), r.SpanID(), r.TraceID(), err))
		return false
	}
	tmp.MoveTo(r)
	u.stats.Unsealed++
	return true
}

func (u *unsealer) openLog(o *seal.FieldOpener, r plog.LogRecord, at pcommon.Timestamp) (plog.LogRecord, error) {
	tmp := plog.NewLogRecord()
	r.CopyTo(tmp)
	removeOwn(tmp.Attributes())
	u.binding = logBinding(u.binding[:0], r, at)
	return tmp, u.read(o, seal.PlaceLog, u.binding, r.Body().Str(), func(d *reader) { d.log(tmp) })
}

// log reads what was sealed of a log record.
func (r *reader) log(to plog.LogRecord) {
	has := r.parts(logEventName<<1 - 1)
	to.Body().SetStr("")
	body := pcommon.NewValueEmpty()
	r.value(body, 0)
	body.CopyTo(to.Body())
	if has&logDropped != 0 {
		to.SetDroppedAttributesCount(r.count())
	}
	if has&logFlags != 0 {
		to.SetFlags(plog.LogRecordFlags(r.count()))
	}
	if has&logEventName != 0 {
		to.SetEventName(r.str())
	}
	r.attributes(to.Attributes())
}
