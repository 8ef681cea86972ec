// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdktest

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
)

// Options are what a chunk has beside its records.
type Options struct {
	Now    uint64
	Trial  bool
	Mask   func(body string) string // nil: Mask of this package
	Longer int                      // bytes that the fixed part of the head has grown, a multiple of 8
}

// Encode makes a chunk of records with the columns that the manifest asks for.
// It panics on a column that it does not know.
func Encode(m *sdk.Manifest, o Options, records ...Record) []byte {
	if o.Mask == nil {
		o.Mask = Mask
	}
	e := encoder{m: m, o: o, records: records}
	for i := range records {
		e.place(records[i].Resource)
	}
	return e.chunk()
}

type encoder struct {
	m         *sdk.Manifest
	o         Options
	records   []Record
	resources []map[string]string
	of        []int // which resource a record has
}

func (e *encoder) place(resource map[string]string) {
	for i, r := range e.resources {
		if maps.Equal(r, resource) {
			e.of = append(e.of, i)
			return
		}
	}
	e.of = append(e.of, len(e.resources))
	e.resources = append(e.resources, resource)
}

func (e *encoder) chunk() []byte {
	head := 32 + e.o.Longer + 8*len(e.m.Columns)
	var b []byte
	b = u32(b, head)
	b = u32(b, len(e.records))
	b = u32(b, len(e.resources))
	b = u32(b, len(e.m.Columns))
	b = u64(b, e.o.Now)
	flags := 0
	if e.o.Trial {
		flags = 1
	}
	b = u32(u32(b, flags), 0)
	b = append(b, make([]byte, head-len(b))...)
	for i, name := range e.m.Columns {
		column := e.column(name)
		entry := b[head-8*(len(e.m.Columns)-i):]
		binary.LittleEndian.PutUint32(entry, uint32(len(b)))
		binary.LittleEndian.PutUint32(entry[4:], uint32(len(column)))
		b = append(b, column...)
		for len(b)%8 != 0 {
			b = append(b, 0)
		}
	}
	return b
}

func (e *encoder) column(name string) (b []byte) {
	switch name {
	case sdk.ColumnMatches:
		return matchesOf(e.records, len(e.m.Detectors))
	case sdk.ColumnBody:
		return texts(e.each(func(r *Record) (string, bool) { return r.Body, true }))
	case sdk.ColumnEventName:
		return texts(e.each(func(r *Record) (string, bool) { return r.EventName, true }))
	case sdk.ColumnResourceKey:
		for _, r := range e.resources {
			b = u64(b, resourceKey(r))
		}
		return b
	}
	if key, ok := strings.CutPrefix(name, sdk.Attr("")); ok {
		return texts(e.each(func(r *Record) (string, bool) { v, ok := r.Attrs[key]; return v, ok }))
	}
	if key, ok := strings.CutPrefix(name, sdk.ResourceAttr("")); ok {
		return texts(len(e.resources), func(i int) (string, bool) { v, ok := e.resources[i][key]; return v, ok })
	}
	for i := range e.records {
		b = e.number(b, name, i)
	}
	return b
}

func (e *encoder) number(b []byte, name string, i int) []byte {
	r := &e.records[i]
	switch name {
	case sdk.ColumnTime:
		return u64(b, r.Time)
	case sdk.ColumnSeverity:
		return append(b, r.Severity)
	case sdk.ColumnResource:
		return binary.LittleEndian.AppendUint16(b, uint16(e.of[i]))
	case sdk.ColumnBodySize:
		return u32(b, len(r.Body))
	case sdk.ColumnBodyHash: // a host keys its hashes; here they repeat, so that a test can name them
		return u64(b, xxhash.Sum64String(r.Body))
	case sdk.ColumnTemplate:
		return u64(b, xxhash.Sum64String(e.o.Mask(r.Body)))
	case sdk.ColumnIdentity:
		return u64(b, e.identity(i))
	case sdk.ColumnTraceID:
		return append(b, r.TraceID[:]...)
	case sdk.ColumnProtected:
		if r.Protected {
			return append(b, 1)
		}
		return append(b, 0)
	case sdk.ColumnNeedles:
		for _, w := range needles(r.Body, e.m.Needles) {
			if e.m.NeedlesFor == sdk.NoSeverity && r.Severity != 0 {
				w = 0
			}
			b = u64(b, w)
		}
		return b
	}
	panic("sdktest: column " + name + " is not known")
}

// ofOTLP is a severity number that OTLP has, or 0.
func ofOTLP(severity uint8) uint8 {
	if severity > 24 {
		return 0
	}
	return severity
}

// identity is a hash of the parts that tell, in the simplest way.
func (e *encoder) identity(i int) uint64 {
	r, id := &e.records[i], e.m.Identity
	has := func(part string) bool {
		return slices.Contains(id.Parts, part) || id.Parts == nil && part != sdk.PartBody
	}
	mask := e.o.Mask
	if has(sdk.PartBody) {
		mask = func(s string) string { return s }
	}
	var parts []string
	if has(sdk.PartResource) {
		parts = append(parts, "resource", fmt.Sprint(resourceKey(r.Resource)))
	}
	for _, name := range id.ResourceAttributes {
		parts = append(parts, "resource", name, r.Resource[name])
	}
	if has(sdk.PartEventName) {
		parts = append(parts, "event", r.EventName)
	}
	if has(sdk.PartSeverity) {
		parts = append(parts, "severity", fmt.Sprint(ofOTLP(r.Severity)))
	}
	if has(sdk.PartTemplate) || has(sdk.PartBody) {
		parts = append(parts, "body", mask(r.Body))
	}
	for _, name := range slices.Sorted(maps.Keys(r.Attrs)) {
		switch {
		case slices.Contains(id.Include, name):
			parts = append(parts, "attribute", name, r.Attrs[name])
		case has(sdk.PartAttributes) && !slices.Contains(id.Exclude, name):
			parts = append(parts, "attribute", name, mask(r.Attrs[name]))
		}
	}
	return xxhash.Sum64String(strings.Join(parts, "\x00"))
}

func (e *encoder) each(get func(*Record) (string, bool)) (int, func(int) (string, bool)) {
	return len(e.records), func(i int) (string, bool) { return get(&e.records[i]) }
}

// texts is a column of n texts.
func texts(n int, get func(int) (string, bool)) []byte {
	refs := make([]byte, 0, 8*n)
	var data []byte
	for i := range n {
		s, ok := get(i)
		if !ok {
			refs = u32(u32(refs, 0), -1) // all bits set: there is no text
			continue
		}
		s = s[:min(len(s), sdk.MaxText)]
		refs = u32(u32(refs, 8*n+len(data)), len(s))
		data = append(data, s...)
	}
	return append(refs, data...)
}

func u32(b []byte, v int) []byte    { return binary.LittleEndian.AppendUint32(b, uint32(v)) }
func u64(b []byte, v uint64) []byte { return binary.LittleEndian.AppendUint64(b, v) }
