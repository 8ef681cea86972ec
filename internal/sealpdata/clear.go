// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sealpdata

import (
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Clear says what unsealing does with values that a backend had in the clear. They
// are as authentic as the backend is. A clear value beside a sealed one of the same
// name is always left out.
type Clear int

// What is done with clear values.
const (
	ClearKeep Clear = iota // they stay, and look like sealed ones
	ClearMark              // they stay, and the attribute sealed.clear lists their names
	ClearDrop              // they are removed
)

// NameClear is the attribute that lists the names of clear values. The one entry
// ClearAll says that nothing of a record was sealed.
const (
	NameClear = "sealed.clear"
	ClearAll  = "*"
)

// mark puts the list of clear names into m, instead of any that is there.
func mark(m pcommon.Map, names []string) {
	m.RemoveIf(func(name string, _ pcommon.Value) bool { return name == NameClear })
	if len(names) == 0 {
		return
	}
	list := m.PutEmptySlice(NameClear)
	for _, name := range names {
		list.AppendEmpty().SetStr(name)
	}
}

// plain marks what was not sealed at all, and reports whether to remove it.
func (c Clear) plain(m pcommon.Map) (remove bool) {
	if c == ClearMark {
		mark(m, []string{ClearAll})
	}
	return c == ClearDrop
}

// clearNames returns the names of attributes, each once.
func clearNames(m pcommon.Map) (names []string) {
	for name := range m.All() {
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// hasOwn reports whether an attribute has a name of Sealgate's own. A record that was
// sealed has none without a blob. The list of clear names is added by unsealing.
func hasOwn(m pcommon.Map) bool {
	for name := range m.All() {
		if reserved(name) && name != NameClear {
			return true
		}
	}
	return false
}

// hasBlob reports whether an attribute has the name of a blob or of a key. Where no key
// is, that tells records that have lost it from records that were never sealed.
func hasBlob(m pcommon.Map) bool {
	for name := range m.All() {
		for _, own := range []string{nameKey, nameResource, nameScope, nameSpan} {
			if rest, ok := strings.CutPrefix(name, own); ok && (rest == "" || rest[0] == '.') {
				return true
			}
		}
	}
	return false
}

// field is a part of a record other than an attribute. Its name is in parentheses,
// which tells it from attributes.
type field struct {
	name  string
	set   bool
	clear func()
}

// present returns the names of the fields that are set.
func present(fields []field) (names []string) {
	for _, f := range fields {
		if f.set {
			names = append(names, f.name)
		}
	}
	return names
}

// clearAll clears the fields that are set, and returns their names.
func clearAll(fields []field) (names []string) {
	for _, f := range fields {
		if f.set {
			f.clear()
		}
	}
	return present(fields)
}

// spanFields are the fields of a span that the record mode seals. It leaves none of them
// in the clear except the name "sealed".
func spanFields(s ptrace.Span) []field {
	return []field{
		{"(name)", s.Name() != "" && s.Name() != hiddenName, func() { s.SetName("") }},
		{"(trace state)", s.TraceState().AsRaw() != "", func() { s.TraceState().FromRaw("") }},
		{"(flags)", s.Flags() != 0, func() { s.SetFlags(0) }},
		{"(status message)", s.Status().Message() != "", func() { s.Status().SetMessage("") }},
		{"(events)", s.Events().Len() != 0, func() { s.Events().RemoveIf(func(ptrace.SpanEvent) bool { return true }) }},
		{"(links)", s.Links().Len() != 0, func() { s.Links().RemoveIf(func(ptrace.SpanLink) bool { return true }) }},
		{"(dropped attributes count)", s.DroppedAttributesCount() != 0, func() { s.SetDroppedAttributesCount(0) }},
		{"(dropped events count)", s.DroppedEventsCount() != 0, func() { s.SetDroppedEventsCount(0) }},
		{"(dropped links count)", s.DroppedLinksCount() != 0, func() { s.SetDroppedLinksCount(0) }},
	}
}

// logFields are the fields of a log record that the record mode seals.
func logFields(r plog.LogRecord) []field {
	return []field{
		{"(flags)", r.Flags() != 0, func() { r.SetFlags(0) }},
		{"(event name)", r.EventName() != "", func() { r.SetEventName("") }},
		{"(dropped attributes count)", r.DroppedAttributesCount() != 0, func() { r.SetDroppedAttributesCount(0) }},
	}
}

// severityText and severityNumber are fields of a log record that version 2 seals as
// well.
func severityText(r plog.LogRecord) field {
	return field{"(severity text)", r.SeverityText() != "", func() { r.SetSeverityText("") }}
}

func severityNumber(r plog.LogRecord) field {
	return field{"(severity number)", r.SeverityNumber() != 0, func() { r.SetSeverityNumber(0) }}
}

// observedTime is never sealed.
func observedTime(r plog.LogRecord) []field {
	return []field{{"(observed time)", r.ObservedTimestamp() != 0, func() { r.SetObservedTimestamp(0) }}}
}

// resourceFields are the fields of a resource that the record mode seals.
func resourceFields(r pcommon.Resource, s schema) []field {
	return []field{
		{"(dropped attributes count)", r.DroppedAttributesCount() != 0, func() { r.SetDroppedAttributesCount(0) }},
		{"(schema URL)", s.SchemaUrl() != "", func() { s.SetSchemaUrl("") }},
	}
}

// scopeFields are the fields of a scope that the record mode seals.
func scopeFields(scope pcommon.InstrumentationScope, s schema) []field {
	return []field{
		{"(dropped attributes count)", scope.DroppedAttributesCount() != 0, func() { scope.SetDroppedAttributesCount(0) }},
		{"(schema URL)", s.SchemaUrl() != "", func() { s.SetSchemaUrl("") }},
	}
}

// scopeNames are the name and the version of a scope. In record mode a sealed scope
// has others in their place.
func scopeNames(scope pcommon.InstrumentationScope) field {
	return field{"(scope name)", scope.Name()+scope.Version() != "", func() { scope.SetName(""); scope.SetVersion("") }}
}

func joinNames(names []string) string {
	return strings.Join(slices.Compact(slices.Sorted(slices.Values(names))), ", ")
}
