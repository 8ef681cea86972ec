// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sealpdata

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Names that Loki gives the ids of a log record. An attribute of such a name, in any spelling, takes
// the place of the id there.
const (
	traceLabel = "trace_id"
	spanLabel  = "span_id"
)

// idLabel returns the name of an id if Loki gives an attribute that name, else "".
func idLabel(name string) string {
	if len(name) > maxKeyLength {
		return ""
	}
	words := strings.FieldsFunc(name, func(r rune) bool { return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9') })
	switch label := strings.Join(words, "_"); label {
	case traceLabel, spanLabel:
		return label
	}
	return ""
}

// shadowsID tells whether a value in the clear would hide an id of the log record: the blob is bound
// to the id, and a reader needs it.
func (b *batch) shadowsID(label string, v pcommon.Value) bool {
	id := ""
	if label == traceLabel && !b.trace.IsEmpty() {
		id = b.trace.String()
	}
	if label == spanLabel && !b.span.IsEmpty() {
		id = b.span.String()
	}
	return id != "" && v.AsString() != id
}
