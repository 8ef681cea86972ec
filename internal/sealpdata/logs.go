// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sealpdata

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/seal"
)

// What is in the blob of a log record besides body and attributes, in this order.
// In the fields mode none of it is. Version 1 has the first three alone.
const (
	logDropped = 1 << iota
	logFlags
	logEventName
	logSeverityText
	logSeverity // the number, which stays in the clear as well
	logRecord   // nothing follows: the record was sealed in the record mode
)

// SealLogs seals ld in place. If it returns an error, ld is as it was.
func (p *Policy) SealLogs(s *seal.FieldSealer, ld plog.Logs) error {
	n := countLogs(ld)
	if n == 0 {
		return nil
	}
	b, err := p.begin(s, n)
	if err != nil {
		return err
	}
	defer b.end()
	b.sealLogs(ld)
	b.complete()
	b.fillLogs(ld)
	p.sealed(b.sizes)
	return nil
}

// countLogs returns how many blobs there may be.
func countLogs(ld plog.Logs) (n int) {
	resources := ld.ResourceLogs()
	for i := range resources.Len() {
		scopes := resources.At(i).ScopeLogs()
		n += 1 + scopes.Len()
		for j := range scopes.Len() {
			n += scopes.At(j).LogRecords().Len()
		}
	}
	return n
}

func (b *batch) sealLogs(ld plog.Logs) {
	resources := ld.ResourceLogs()
	for i := range resources.Len() {
		rl := resources.At(i)
		b.sealResource(rl.Resource(), rl)
		scopes := rl.ScopeLogs()
		for j := range scopes.Len() {
			sl := scopes.At(j)
			b.sealScope(sl.Scope(), sl)
			records := sl.LogRecords()
			for k := range records.Len() {
				b.sealLog(records.At(k))
			}
		}
	}
}

func (b *batch) fillLogs(ld plog.Logs) {
	resources := ld.ResourceLogs()
	for i := range resources.Len() {
		scopes := resources.At(i).ScopeLogs()
		for j := range scopes.Len() {
			records := scopes.At(j).LogRecords()
			for k := range records.Len() {
				if body, ok := b.fill(records.At(k).Attributes()); ok {
					records.At(k).Body().SetStr(body)
				}
			}
		}
	}
}

func (b *batch) sealLog(r plog.LogRecord) {
	b.enc.Reset()
	has := uint64(0)
	if b.record {
		has = logParts(r)
	}
	b.enc.Uint(has)
	b.putValue(r.Body(), 0)
	if has&logDropped != 0 {
		b.enc.Uint(uint64(r.DroppedAttributesCount()))
		r.SetDroppedAttributesCount(0)
	}
	if has&logFlags != 0 {
		b.enc.Uint(uint64(r.Flags()))
		r.SetFlags(0)
	}
	if has&logEventName != 0 {
		b.enc.Str(r.EventName())
		r.SetEventName("")
	}
	if has&logSeverityText != 0 {
		b.enc.Str(r.SeverityText())
		r.SetSeverityText("")
	}
	if has&logSeverity != 0 {
		b.enc.Uint(uint64(uint32(r.SeverityNumber())))
	}
	b.trace, b.span = r.TraceID(), r.SpanID()
	b.stripAttributes(r.Attributes(), true)
	b.trace, b.span = pcommon.TraceID{}, pcommon.SpanID{}
	b.binding = logBinding(b.around.appendTo(b.binding[:0]), r, logTime(r))
	b.addBlob("", seal.PlaceLog)
	b.endRecord()
}

// logParts returns what a log record has.
func logParts(r plog.LogRecord) uint64 {
	has := uint64(logRecord)
	if r.DroppedAttributesCount() != 0 {
		has |= logDropped
	}
	if r.Flags() != 0 {
		has |= logFlags
	}
	if r.EventName() != "" {
		has |= logEventName
	}
	if r.SeverityText() != "" {
		has |= logSeverityText
	}
	if r.SeverityNumber() != 0 {
		has |= logSeverity
	}
	return has
}
