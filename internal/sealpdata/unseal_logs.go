// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sealpdata

import (
	"encoding/base64"
	"fmt"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/seal"
)

// UnsealLogs is Logs of an Unsealer that keeps clear values.
func UnsealLogs(open OpenKey, ld plog.Logs) (Stats, error) {
	return Unsealer{Open: open}.Logs(ld)
}

// Logs unseals ld in place, like Traces. Under a resource with a key every record has
// to be sealed.
func (u Unsealer) Logs(ld plog.Logs) (Stats, error) {
	run := u.begin()
	left := plog.NewLogs()
	resources := ld.ResourceLogs()
	for i := range resources.Len() {
		run.resourceLogs(resources.At(i), left.ResourceLogs())
	}
	left.ResourceLogs().MoveAndAppendTo(resources)
	return run.stats, run.err()
}

func (u *unsealer) resourceLogs(rl plog.ResourceLogs, left plog.ResourceLogsSlice) {
	o := u.opener(rl.Resource().Attributes())
	if o == nil || o.err != nil {
		u.logsWithoutKey(rl, o)
		return
	}
	failed := plog.NewResourceLogs()
	rl.Resource().CopyTo(failed.Resource())
	failed.SetSchemaUrl(rl.SchemaUrl())
	u.around.resource = tagOf(rl.Resource().Attributes(), nameResource)
	scopes := rl.ScopeLogs()
	for i := range scopes.Len() {
		u.scopeLogs(o, scopes.At(i), failed)
	}
	if err := u.resource(o, rl.Resource(), rl); err != nil {
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

// logsWithoutKey counts the records of a resource whose key is not there, if o is
// nil, or cannot be had.
func (u *unsealer) logsWithoutKey(rl plog.ResourceLogs, o *opened) {
	failed, lost := 0, o == nil && hasBlob(rl.Resource().Attributes())
	for _, sl := range rl.ScopeLogs().All() {
		lost = lost || o == nil && hasBlob(sl.Scope().Attributes())
	}
	for _, sl := range rl.ScopeLogs().All() {
		sl.LogRecords().RemoveIf(func(r plog.LogRecord) bool {
			if o != nil || lost || hasBlob(r.Attributes()) || LooksSealed(r.Body().Str()) {
				failed++
				return false
			}
			u.stats.Plain++
			return u.Clear.plain(r.Attributes())
		})
	}
	u.withoutKey("log records", failed, lost, o)
	if o == nil && failed == 0 && !lost {
		u.plainResource(rl.Resource().Attributes())
	}
}

// LooksSealed reports whether a text has the form of a blob: base64url of a sealed
// field. Other texts may have that form by chance, so it decides nothing where there
// is a key.
func LooksSealed(text string) bool {
	blob, err := base64.RawURLEncoding.DecodeString(text)
	return err == nil && seal.LooksSealed(blob)
}

// scopeLogs unseals the records of a scope and the scope, and moves what fails.
func (u *unsealer) scopeLogs(o *opened, sl plog.ScopeLogs, failed plog.ResourceLogs) {
	sealed := plog.NewScopeLogs()
	sl.Scope().CopyTo(sealed.Scope())
	sealed.SetSchemaUrl(sl.SchemaUrl())
	u.around.scope = tagOf(sl.Scope().Attributes(), nameScope)
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
func (u *unsealer) log(o *opened, r plog.LogRecord) bool {
	tmp, forged, err := u.openLog(o, r, logTime(r))
	if err != nil && logTime(r) != 0 {
		// A record that had no time has the one that Loki gave it.
		if again, added, other := u.openLog(o, r, 0); other == nil {
			tmp, forged, err = again, added, nil
		}
	}
	what := fmt.Sprintf("the log record at %d of span %s of trace %s", uint64(logTime(r)), r.SpanID(), r.TraceID())
	if err != nil {
		u.stats.Failed++
		u.fail(fmt.Errorf("%s stays sealed: %w", what, explain(o, err)))
		return false
	}
	u.forged(forged, what)
	tmp.MoveTo(r)
	u.stats.Unsealed++
	return true
}

func (u *unsealer) openLog(o *opened, r plog.LogRecord, at pcommon.Timestamp) (tmp plog.LogRecord, forged []string, err error) {
	tmp = plog.NewLogRecord()
	r.CopyTo(tmp)
	removeOwn(tmp.Attributes())
	u.binding = logBinding(u.bind(o), r, at)
	forged, err = u.read(o, seal.PlaceLog, u.binding, r.Body().Str(), func(d *reader) {
		d.log(tmp, at, o.Version())
		if d.whole && o.Version() > 1 {
			d.compare(r, tmp)
		}
	})
	return tmp, forged, err
}

// log reads what was sealed of a log record that is bound to the time at.
func (r *reader) log(to plog.LogRecord, at pcommon.Timestamp, version int) {
	has := r.parts(logRecord<<1 - 1)
	if version == 1 { // it does not say which mode it was
		r.whole = r.whole || has != 0
	} else {
		r.whole = has&logRecord != 0
	}
	stay := r.logFields(to, at, version)
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
	if has&logSeverityText != 0 {
		to.SetSeverityText(r.str())
	}
	if has&logSeverity != 0 {
		to.SetSeverityNumber(plog.SeverityNumber(int32(r.count())))
	}
	r.attributes(to.Attributes(), stay...)
}

// logFields deals with the clear fields of a log record, and returns the names of those
// that stay. Version 1 has severity in the clear alone.
func (r *reader) logFields(to plog.LogRecord, at pcommon.Timestamp, version int) (stay []string) {
	if to.ObservedTimestamp() != at { // else the record is bound to it
		stay = r.fieldsIn(false, observedTime(to))
	}
	if version > 1 && r.whole {
		to.SetSeverityNumber(0) // a copy for the backend, see compare
	}
	severity := r.fieldsIn(version > 1 && r.whole, []field{severityNumber(to), severityText(to)})
	return append(append(stay, severity...), r.fields(logFields(to))...)
}

// compare reports a severity number in the clear that contradicts the sealed one. A
// backend may have lost it, and a collector on the way may have set one where there was
// none.
func (r *reader) compare(clear, sealed plog.LogRecord) {
	if n, is := clear.SeverityNumber(), sealed.SeverityNumber(); n != 0 && is != 0 && n != is {
		r.forged = append(r.forged, "(severity number)")
	}
}
