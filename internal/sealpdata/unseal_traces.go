// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sealpdata

import (
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sealgate/sealgate/seal"
)

// UnsealTraces unseals td in place. What fails keeps its sealed form, under a copy
// of its sealed resource and scope at the end of td; the error names each failure.
// What was sealed twice is unsealed once: call it again.
func UnsealTraces(open OpenKey, td ptrace.Traces) (Stats, error) {
	u := newUnsealer(open)
	left := ptrace.NewTraces()
	resources := td.ResourceSpans()
	for i := range resources.Len() {
		u.resourceSpans(resources.At(i), left.ResourceSpans())
	}
	left.ResourceSpans().MoveAndAppendTo(resources)
	return u.stats, u.err()
}

func (u *unsealer) resourceSpans(rs ptrace.ResourceSpans, left ptrace.ResourceSpansSlice) {
	o, ok := u.opener(rs.Resource().Attributes())
	if !ok || o.err != nil {
		u.withoutKey(rs, o.err)
		return
	}
	// What fails has to find its key and its scope again.
	failed := ptrace.NewResourceSpans()
	rs.Resource().CopyTo(failed.Resource())
	failed.SetSchemaUrl(rs.SchemaUrl())
	scopes := rs.ScopeSpans()
	for i := range scopes.Len() {
		u.scopeSpans(o.FieldOpener, scopes.At(i), failed)
	}
	if err := u.resource(o.FieldOpener, rs.Resource(), rs); err != nil {
		u.fail(err)
	}
	scopes.RemoveIf(func(ss ptrace.ScopeSpans) bool { return isGone(ss) })
	switch {
	case failed.ScopeSpans().Len() == 0:
	case scopes.Len() == 0:
		failed.MoveTo(rs) // nothing was unsealed
	default:
		failed.MoveTo(left.AppendEmpty())
	}
}

// withoutKey counts the spans of a resource that has no key.
func (u *unsealer) withoutKey(rs ptrace.ResourceSpans, err error) {
	failed := 0
	for _, ss := range rs.ScopeSpans().All() {
		for _, span := range ss.Spans().All() {
			if _, sealed := span.Attributes().Get(nameSpan); sealed {
				failed++
			} else {
				u.stats.Plain++
			}
		}
	}
	u.stats.Failed += failed
	if err == nil && failed > 0 {
		err = errors.New("the attribute sealed.key of their resource is not there")
	}
	if err != nil {
		u.fail(fmt.Errorf("%d spans of one resource stay sealed: %w", failed, err))
	}
}

// gone marks a scope whose spans were moved.
const gone = "\x00moved"

func isGone(ss ptrace.ScopeSpans) bool { return ss.SchemaUrl() == gone && ss.Spans().Len() == 0 }

// scopeSpans unseals the spans of a scope and the scope, and moves what fails.
func (u *unsealer) scopeSpans(o *seal.FieldOpener, ss ptrace.ScopeSpans, failed ptrace.ResourceSpans) {
	sealed := ptrace.NewScopeSpans()
	ss.Scope().CopyTo(sealed.Scope())
	sealed.SetSchemaUrl(ss.SchemaUrl())
	ss.Spans().RemoveIf(func(span ptrace.Span) bool {
		if u.span(o, span) {
			return false
		}
		span.MoveTo(sealed.Spans().AppendEmpty())
		return true
	})
	if err := u.scope(o, ss.Scope(), ss); err != nil {
		u.fail(err)
		sealed.Spans().MoveAndAppendTo(ss.Spans())
		ss.MoveTo(failed.ScopeSpans().AppendEmpty())
		ss.SetSchemaUrl(gone)
		return
	}
	if sealed.Spans().Len() == 0 {
		return
	}
	sealed.MoveTo(failed.ScopeSpans().AppendEmpty())
	if ss.Spans().Len() == 0 {
		ss.SetSchemaUrl(gone)
	}
}

// span unseals a span. It returns false, and leaves it sealed, if that fails.
func (u *unsealer) span(o *seal.FieldOpener, span ptrace.Span) bool {
	text, ok := joinChunks(span.Attributes(), nameSpan)
	if !ok {
		u.stats.Plain++
		return true
	}
	tmp := ptrace.NewSpan()
	span.CopyTo(tmp)
	removeOwn(tmp.Attributes())
	u.binding = spanBinding(u.binding[:0], span)
	err := u.read(o, seal.PlaceSpan, u.binding, text, func(r *reader) { r.span(tmp) })
	if err != nil {
		u.stats.Failed++
		u.fail(fmt.Errorf("span %s of trace %s stays sealed: %w", span.SpanID(), span.TraceID(), err))
		return false
	}
	tmp.MoveTo(span)
	u.stats.Unsealed++
	return true
}
