// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sealpdata

import (
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sealgate/sealgate/seal"
)

// What is in the blob of a span besides attributes, in this order. In the fields
// mode only the last two may be.
const (
	spanName = 1 << iota
	spanState
	spanFlags
	spanStatus
	spanEvents
	spanLinks
	spanDropped
	spanDroppedEvents
	spanDroppedLinks
	spanEventAttributes // of some events, which stay
	spanLinkAttributes  // of some links, which stay
)

// SealTraces seals td in place. If it returns an error, td is as it was.
func (p *Policy) SealTraces(s *seal.FieldSealer, td ptrace.Traces) error {
	n := countTraces(td)
	if n == 0 {
		return nil
	}
	b, err := p.begin(s, n)
	if err != nil {
		return err
	}
	defer b.end()
	b.sealTraces(td)
	b.complete()
	b.fillTraces(td)
	p.sealed(b.sizes)
	return nil
}

// countTraces returns how many blobs there may be.
func countTraces(td ptrace.Traces) (n int) {
	resources := td.ResourceSpans()
	for i := range resources.Len() {
		scopes := resources.At(i).ScopeSpans()
		n += 1 + scopes.Len()
		for j := range scopes.Len() {
			n += scopes.At(j).Spans().Len()
		}
	}
	return n
}

func (b *batch) sealTraces(td ptrace.Traces) {
	resources := td.ResourceSpans()
	for i := range resources.Len() {
		rs := resources.At(i)
		b.sealResource(rs.Resource(), rs)
		scopes := rs.ScopeSpans()
		for j := range scopes.Len() {
			ss := scopes.At(j)
			b.sealScope(ss.Scope(), ss)
			spans := ss.Spans()
			for k := range spans.Len() {
				b.sealSpan(spans.At(k))
			}
		}
	}
}

func (b *batch) fillTraces(td ptrace.Traces) {
	resources := td.ResourceSpans()
	for i := range resources.Len() {
		scopes := resources.At(i).ScopeSpans()
		for j := range scopes.Len() {
			spans := scopes.At(j).Spans()
			for k := range spans.Len() {
				b.fill(spans.At(k).Attributes())
			}
		}
	}
}

func (b *batch) sealSpan(span ptrace.Span) {
	b.enc.Reset()
	has := uint64(0)
	if b.record {
		has = b.wholeSpan(span)
	} else {
		has = b.partsOfSpan(span)
	}
	b.found = has != 0
	b.stripAttributes(span.Attributes(), true)
	if b.found {
		b.binding = spanBinding(b.around.appendTo(b.binding[:0]), span)
		b.addBlob(nameSpan, seal.PlaceSpan)
	}
	b.endRecord()
}

// wholeSpan writes and clears all of a span but attributes and what stays.
func (b *batch) wholeSpan(span ptrace.Span) uint64 {
	has := spanParts(span)
	b.enc.Uint(has)
	b.enc.Str(span.Name())
	span.SetName(hiddenName)
	if has&spanState != 0 {
		b.enc.Str(span.TraceState().AsRaw())
		span.TraceState().FromRaw("")
	}
	if has&spanFlags != 0 {
		b.enc.Uint(uint64(span.Flags()))
		span.SetFlags(0)
	}
	if has&spanStatus != 0 {
		b.enc.Str(span.Status().Message())
		span.Status().SetMessage("")
	}
	if has&spanEvents != 0 {
		b.putEvents(span)
		span.Events().RemoveIf(func(ptrace.SpanEvent) bool { return true })
	}
	if has&spanLinks != 0 {
		b.putLinks(span.Links())
		span.Links().RemoveIf(func(ptrace.SpanLink) bool { return true })
	}
	if has&(spanDropped|spanDroppedEvents|spanDroppedLinks) != 0 {
		b.putDropped(span, has)
	}
	return has
}

// spanParts returns what a span has.
func spanParts(span ptrace.Span) uint64 {
	has := uint64(spanName)
	if span.TraceState().AsRaw() != "" {
		has |= spanState
	}
	if span.Flags() != 0 {
		has |= spanFlags
	}
	if span.Status().Message() != "" {
		has |= spanStatus
	}
	if span.Events().Len() != 0 {
		has |= spanEvents
	}
	if span.Links().Len() != 0 {
		has |= spanLinks
	}
	if span.DroppedAttributesCount() != 0 {
		has |= spanDropped
	}
	if span.DroppedEventsCount() != 0 {
		has |= spanDroppedEvents
	}
	if span.DroppedLinksCount() != 0 {
		has |= spanDroppedLinks
	}
	return has
}

func (b *batch) putDropped(span ptrace.Span, has uint64) {
	if has&spanDropped != 0 {
		b.enc.Uint(uint64(span.DroppedAttributesCount()))
		span.SetDroppedAttributesCount(0)
	}
	if has&spanDroppedEvents != 0 {
		b.enc.Uint(uint64(span.DroppedEventsCount()))
		span.SetDroppedEventsCount(0)
	}
	if has&spanDroppedLinks != 0 {
		b.enc.Uint(uint64(span.DroppedLinksCount()))
		span.SetDroppedLinksCount(0)
	}
}

// putEvents writes the times of events from the start of the span on, since that
// takes half of the bytes.
func (b *batch) putEvents(span ptrace.Span) {
	events := span.Events()
	b.enc.Uint(uint64(events.Len()))
	for i := range events.Len() {
		e := events.At(i)
		b.enc.Int(int64(e.Timestamp() - span.StartTimestamp()))
		b.enc.Str(e.Name())
		b.enc.Uint(uint64(e.DroppedAttributesCount()))
		b.putAttributes(e.Attributes())
	}
}

func (b *batch) putLinks(links ptrace.SpanLinkSlice) {
	b.enc.Uint(uint64(links.Len()))
	for i := range links.Len() {
		l := links.At(i)
		trace, id := l.TraceID(), l.SpanID()
		b.enc.Fixed(trace[:])
		b.enc.Fixed(id[:])
		b.enc.Str(l.TraceState().AsRaw())
		b.enc.Uint(uint64(l.Flags()))
		b.enc.Uint(uint64(l.DroppedAttributesCount()))
		b.putAttributes(l.Attributes())
	}
}

// partsOfSpan writes the attributes of events and links that are sealed.
func (b *batch) partsOfSpan(span ptrace.Span) (has uint64) {
	events, links := span.Events(), span.Links()
	marked := 0
	for i := range events.Len() {
		marked += b.anySealed(events.At(i).Attributes())
	}
	if marked != 0 {
		has |= spanEventAttributes
	}
	markedLinks := 0
	for i := range links.Len() {
		markedLinks += b.anySealed(links.At(i).Attributes())
	}
	if markedLinks != 0 {
		has |= spanLinkAttributes
	}
	b.enc.Uint(has)
	if marked != 0 {
		b.enc.Uint(uint64(marked))
		for i := range events.Len() {
			b.stripPart(i, events.At(i).Attributes())
		}
	}
	if markedLinks != 0 {
		b.enc.Uint(uint64(markedLinks))
		for i := range links.Len() {
			b.stripPart(i, links.At(i).Attributes())
		}
	}
	return has
}
