// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sealpdata

import (
	"errors"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sealgate/sealgate/seal/compact"
)

var errLayout = errors.New("the opened record has a layout that this version of Sealgate does not know")

var errValues = errors.New("there are too many values")

// reader reads opened records into records that have only clear values left. The
// first error stays. Sealed values take the place of clear ones.
type reader struct {
	compact.Decoder
	err  error
	left int // how many more values may be read

	clear  Clear
	whole  bool     // the record was sealed in the record mode
	forged []string // names of clear values that sealing would not have left there
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *reader) uint() uint64 {
	n, err := r.Uint()
	if err != nil {
		r.fail(err)
	}
	return n
}

func (r *reader) count() uint32 { return uint32(r.uint()) }

func (r *reader) str() string {
	s, err := r.Str()
	if err != nil {
		r.fail(err)
	}
	return s
}

func (r *reader) int() int64 {
	v, err := r.Value()
	if err != nil {
		r.fail(err)
	}
	return v.Int
}

// fixed reads bytes into dst.
func (r *reader) fixed(dst []byte) {
	b, err := r.Fixed(len(dst))
	if err != nil {
		r.fail(err)
	}
	copy(dst, b)
}

// take counts a value, an event or a link before it is read.
func (r *reader) take() bool {
	if r.left == 0 {
		r.fail(errValues)
	}
	if r.err != nil {
		return false
	}
	r.left--
	return true
}

// parts reads what is in the record. A part of a later version is an error.
func (r *reader) parts(known uint64) uint64 {
	has := r.uint()
	if has&^known != 0 {
		r.fail(errLayout)
		return 0
	}
	return has
}

// attributes reads a list of attributes and appends them to m, whose own are in the
// clear. It marks those and also, the names of clear fields.
func (r *reader) attributes(m pcommon.Map, also ...string) {
	var names []string
	values := pcommon.NewSlice()
	for r.err == nil {
		name, ok, err := r.Key()
		if err != nil {
			r.fail(err)
		}
		if !ok || !r.take() {
			break
		}
		names = append(names, name)
		r.value(values.AppendEmpty(), 0)
	}
	if r.err == nil {
		r.put(m, names, values, also)
	}
}

// put appends sealed attributes to m. A clear attribute of the same name is removed.
func (r *reader) put(m pcommon.Map, names []string, values pcommon.Slice, clear []string) {
	if m.Len() > 0 {
		r.forged = append(r.forged, takePlace(m, names)...)
	}
	switch r.clear {
	case ClearDrop:
		m.RemoveIf(func(string, pcommon.Value) bool { return true })
	case ClearMark:
		clear = append(clear, clearNames(m)...)
	}
	appendAttributes(m, names, values)
	if r.clear == ClearMark && len(clear) > 0 {
		mark(m, clear)
	}
}

// takePlace removes the attributes of m that have one of the names, and returns their
// names.
func takePlace(m pcommon.Map, names []string) (removed []string) {
	sealed := make(map[string]bool, len(names))
	for _, name := range names {
		sealed[name] = true
	}
	m.RemoveIf(func(name string, _ pcommon.Value) bool {
		if sealed[name] {
			removed = append(removed, name)
		}
		return sealed[name]
	})
	return removed
}

// fields deals with the clear fields of a record, and returns the names of those that
// stay. The record mode leaves none in the clear.
func (r *reader) fields(fields []field) (stay []string) { return r.fieldsIn(r.whole, fields) }

func (r *reader) fieldsIn(whole bool, fields []field) (stay []string) {
	switch {
	case whole:
		r.forged = append(r.forged, clearAll(fields)...)
		return nil
	case r.clear == ClearDrop:
		clearAll(fields)
		return nil
	}
	return present(fields)
}

// value reads a value into v.
func (r *reader) value(v pcommon.Value, depth int) {
	got, err := r.Value()
	if err != nil {
		r.fail(err)
		return
	}
	switch got.Kind {
	case compact.KindStr:
		v.SetStr(got.Str)
	case compact.KindInt:
		v.SetInt(got.Int)
	case compact.KindDouble:
		v.SetDouble(got.Double)
	case compact.KindBool:
		v.SetBool(got.Bool)
	case compact.KindBytes:
		v.SetEmptyBytes().FromRaw(got.Bytes)
	case compact.KindList:
		r.list(v.SetEmptySlice(), got.Len, depth+1)
	case compact.KindMap:
		r.mapping(v.SetEmptyMap(), got.Len, depth+1)
	}
}

func (r *reader) list(s pcommon.Slice, n, depth int) {
	if depth > compact.MaxDepth {
		r.fail(errLayout)
	}
	for i := 0; i < n && r.take(); i++ {
		r.value(s.AppendEmpty(), depth)
	}
}

func (r *reader) mapping(m pcommon.Map, n, depth int) {
	if depth > compact.MaxDepth {
		r.fail(errLayout)
	}
	var names []string
	values := pcommon.NewSlice()
	for i := 0; i < n && r.take(); i++ {
		name, ok, err := r.Key()
		if err != nil || !ok {
			r.fail(errors.Join(errLayout, err))
			return
		}
		names = append(names, name)
		r.value(values.AppendEmpty(), depth)
	}
	if r.err == nil {
		appendAttributes(m, names, values)
	}
}

// finish returns the first error, or one if there is more in the record than was
// read.
func (r *reader) finish() error {
	if r.err != nil {
		return r.err
	}
	return r.Done()
}

// span reads what was sealed of a span.
func (r *reader) span(span ptrace.Span) {
	has := r.parts(spanLinkAttributes<<1 - 1)
	r.whole = has&spanName != 0
	events, links := span.Events().Len(), span.Links().Len()
	clear := r.fields(spanFields(span))
	dropped := !r.whole && r.clear == ClearDrop
	if dropped {
		emptyParts(span, events, links)
	}
	if has&spanName != 0 {
		span.SetName(r.str())
	}
	if has&spanState != 0 {
		span.TraceState().FromRaw(r.str())
	}
	if has&spanFlags != 0 {
		span.SetFlags(r.count())
	}
	if has&spanStatus != 0 {
		span.Status().SetMessage(r.str())
	}
	if has&spanEvents != 0 {
		r.events(span)
	}
	if has&spanLinks != 0 {
		r.links(span.Links())
	}
	if has&spanDropped != 0 {
		span.SetDroppedAttributesCount(r.count())
	}
	if has&spanDroppedEvents != 0 {
		span.SetDroppedEventsCount(r.count())
	}
	if has&spanDroppedLinks != 0 {
		span.SetDroppedLinksCount(r.count())
	}
	if has&spanEventAttributes != 0 {
		events := span.Events()
		r.partsOf(events.Len(), func(i int) pcommon.Map { return events.At(i).Attributes() })
	}
	if has&spanLinkAttributes != 0 {
		links := span.Links()
		r.partsOf(links.Len(), func(i int) pcommon.Map { return links.At(i).Attributes() })
	}
	if dropped {
		span.Events().RemoveIf(func(e ptrace.SpanEvent) bool { return e.Attributes().Len() == 0 })
		span.Links().RemoveIf(func(l ptrace.SpanLink) bool { return l.Attributes().Len() == 0 })
	}
	r.attributes(span.Attributes(), clear...)
}

// emptyParts gives a span empty events and links, which sealed attributes belong to by
// their position.
func emptyParts(span ptrace.Span, events, links int) {
	for range events {
		span.Events().AppendEmpty()
	}
	for range links {
		span.Links().AppendEmpty()
	}
}

func (r *reader) events(span ptrace.Span) {
	for n := r.uint(); n > 0 && r.take(); n-- {
		e := span.Events().AppendEmpty()
		e.SetTimestamp(span.StartTimestamp() + pcommon.Timestamp(r.int()))
		e.SetName(r.str())
		e.SetDroppedAttributesCount(r.count())
		r.attributes(e.Attributes())
	}
}

func (r *reader) links(links ptrace.SpanLinkSlice) {
	for n := r.uint(); n > 0 && r.take(); n-- {
		l := links.AppendEmpty()
		var trace pcommon.TraceID
		var id pcommon.SpanID
		r.fixed(trace[:])
		r.fixed(id[:])
		l.SetTraceID(trace)
		l.SetSpanID(id)
		l.TraceState().FromRaw(r.str())
		l.SetFlags(r.count())
		l.SetDroppedAttributesCount(r.count())
		r.attributes(l.Attributes())
	}
}

// partsOf reads attributes of some of the n events or links that are there.
func (r *reader) partsOf(n int, attributes func(int) pcommon.Map) {
	for left := r.uint(); left > 0 && r.err == nil; left-- {
		i := r.uint()
		if i >= uint64(n) {
			r.fail(errors.New("an event or a link is gone whose attributes were sealed"))
			return
		}
		r.attributes(attributes(int(i)))
	}
}
