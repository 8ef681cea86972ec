// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sealpdata

import (
	"encoding/binary"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// context is what a record of version 2 is bound to besides itself: the tags of the
// blobs of its resource and of its scope, zero where there is no blob. A record
// whose resource or scope has lost its blob, or has that of another, does not open.
type context struct {
	resource, scope [16]byte
}

// appendTo appends the context to dst: 32 bytes.
func (c *context) appendTo(dst []byte) []byte {
	return append(append(dst, c.resource[:]...), c.scope[:]...)
}

// A blob is bound to what stays in the clear of its record, as far as backends
// leave it alone, so that it opens nowhere else. All numbers are big endian.

// spanBinding appends trace id, span id, parent span id, start, end, kind and
// status code: 56 bytes.
func spanBinding(dst []byte, span ptrace.Span) []byte {
	trace, id, parent := span.TraceID(), span.SpanID(), span.ParentSpanID()
	dst = append(dst, trace[:]...)
	dst = append(dst, id[:]...)
	dst = append(dst, parent[:]...)
	dst = binary.BigEndian.AppendUint64(dst, uint64(span.StartTimestamp()))
	dst = binary.BigEndian.AppendUint64(dst, uint64(span.EndTimestamp()))
	dst = binary.BigEndian.AppendUint32(dst, uint32(span.Kind()))
	return binary.BigEndian.AppendUint32(dst, uint32(span.Status().Code()))
}

// logBinding appends trace id, span id and the time: 32 bytes.
func logBinding(dst []byte, r plog.LogRecord, at pcommon.Timestamp) []byte {
	trace, id := r.TraceID(), r.SpanID()
	dst = append(dst, trace[:]...)
	dst = append(dst, id[:]...)
	return binary.BigEndian.AppendUint64(dst, uint64(at))
}

// logTime returns the time that Loki gives a record: its own, or when it was
// observed. If it has neither, Loki takes the time of arrival, and the blob is bound
// to 0.
func logTime(r plog.LogRecord) pcommon.Timestamp {
	if t := r.Timestamp(); t != 0 {
		return t
	}
	return r.ObservedTimestamp()
}
