// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package edgenode

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// Record is one log record, and the truth about it.
type Record struct {
	Number       int // from 0
	Time         time.Time
	Resource     *Resource
	Severity     plog.SeverityNumber // unspecified where the agent does not know it
	SeverityText string              // as the program writes it
	Body         string
	Attributes   []Attribute // shared between records: not to be changed
	TraceID      pcommon.TraceID
	SpanID       pcommon.SpanID
	Truth        Truth
}

// Resource is who writes: a pod's container, or a program of the node. Records of one have the same pointer.
type Resource struct {
	Attributes []Attribute
}

// Attribute is one attribute.
type Attribute struct{ Key, Value string }

// Truth is what a filter must not see.
type Truth struct {
	Template string              `json:"template"`           // program/statement
	Event    string              `json:"event"`              // program/statement, with the variant: what happened. An outcome is an event
	Severity plog.SeverityNumber `json:"severity,omitempty"` // that the line has, also where the record does not have it
	Severe   bool                `json:"severe,omitempty"`   // WARN or worse, or a crash, a 5xx, a non-zero exit code
	Incident int                 `json:"incident,omitempty"` // the number of the incident that the record belongs to, or 0
	First    bool                `json:"first,omitempty"`    // it is the first record of its incident
	Rare     bool                `json:"rare,omitempty"`     // its event is seen at most a few times an hour, never twice in five minutes
	Matters  bool                `json:"matters,omitempty"`  // Severe, First, or Rare: no filter may drop it
}

// put appends the record to the records of its resource.
func (r *Record) put(to plog.LogRecord, numberAs string) {
	at := pcommon.NewTimestampFromTime(r.Time)
	to.SetTimestamp(at)
	to.SetObservedTimestamp(at)
	to.SetSeverityNumber(r.Severity)
	to.SetSeverityText(r.SeverityText)
	to.Body().SetStr(r.Body)
	to.SetTraceID(r.TraceID)
	to.SetSpanID(r.SpanID)
	put(to.Attributes(), r.Attributes)
	if numberAs != "" {
		to.Attributes().PutInt(numberAs, int64(r.Number))
	}
}

func put(to pcommon.Map, attributes []Attribute) {
	to.EnsureCapacity(len(attributes) + 1)
	for _, a := range attributes {
		to.PutStr(a.Key, a.Value)
	}
}
