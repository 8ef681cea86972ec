// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sealpdata

import (
	"encoding/binary"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// fewAttributes is how many may be put one by one, each after a search among those
// that are there.
const fewAttributes = 64

// appendAttributes moves values to m under their names.
func appendAttributes(m pcommon.Map, names []string, values pcommon.Slice) {
	if m.Len()+len(names) <= fewAttributes && !anyTwice(m, names) {
		m.EnsureCapacity(m.Len() + len(names))
		for i, name := range names {
			values.At(i).MoveTo(m.PutEmpty(name))
		}
		return
	}
	appendMany(m, names, values)
}

func anyTwice(m pcommon.Map, names []string) bool {
	for i, name := range names {
		if _, ok := m.Get(name); ok {
			return true
		}
		for _, other := range names[:i] {
			if other == name {
				return true
			}
		}
	}
	return false
}

// appendMany does it without a search, and keeps names that are there twice, which a
// Map has no method for: it unmarshals a Map of the names.
func appendMany(m pcommon.Map, names []string, values pcommon.Slice) {
	all := make([]string, 0, m.Len()+len(names))
	for name := range m.All() {
		all = append(all, name)
	}
	whole := mapOf(append(all, names...))
	kept := pcommon.NewSlice()
	for _, v := range m.All() {
		v.MoveTo(kept.AppendEmpty())
	}
	i := 0
	for _, v := range whole.All() {
		if i < kept.Len() {
			kept.At(i).MoveTo(v)
		} else {
			values.At(i - kept.Len()).MoveTo(v)
		}
		i++
	}
	whole.MoveTo(m)
}

// mapOf returns a Map with these names, in this order, without values.
func mapOf(names []string) pcommon.Map {
	var attributes []byte
	for _, name := range names {
		attributes = appendField(attributes, appendField(nil, []byte(name))) // KeyValue.key
	}
	// TracesData.resource_spans, ResourceSpans.resource, Resource.attributes: all are
	// field 1.
	td, err := new(ptrace.ProtoUnmarshaler).UnmarshalTraces(appendField(nil, appendField(nil, attributes)))
	if err != nil {
		panic("sealpdata: OTLP that was just made does not unmarshal: " + err.Error())
	}
	return td.ResourceSpans().At(0).Resource().Attributes()
}

// appendField appends field 1 of a protobuf message, of bytes.
func appendField(dst, content []byte) []byte {
	const tag = 1<<3 | 2
	dst = binary.AppendUvarint(append(dst, tag), uint64(len(content)))
	return append(dst, content...)
}
