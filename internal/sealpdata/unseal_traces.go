// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sealpdata

import (
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sealgate/sealgate/seal"
)

// UnsealTraces is Traces of an Unsealer that keeps clear values.
func UnsealTraces(open OpenKey, td ptrace.Traces) (Stats, error) {
	return Unsealer{Open: open}.Traces(td)
}

// Traces unseals td in place. A span that fails keeps its sealed form, under a copy
// of its sealed resource and scope at the end of td; the error names each failure,
// and each span with values that were added to it. What was sealed twice is unsealed
// once: call it again.
func (u Unsealer) Traces(td ptrace.Traces) (Stats, error) {
	run := u.begin()
	left := ptrace.NewTraces()
	resources := td.ResourceSpans()
	for i := range resources.Len() {
		run.resourceSpans(resources.At(i), left.ResourceSpans())
	}
	left.ResourceSpans().MoveAndAppendTo(resources)
	return run.stats, run.err()
}

func (u *unsealer) resourceSpans(rs ptrace.ResourceSpans, left ptrace.ResourceSpansSlice) {
	o := u.opener(rs.Resource().Attributes())
	if o == nil || o.err != nil {
		u.spansWithoutKey(rs, o)
		return
	}
	// What fails has to find its key and its scope again.
	failed := ptrace.NewResourceSpans()
	rs.Resource().CopyTo(failed.Resource())
	failed.SetSchemaUrl(rs.SchemaUrl())
	u.around.resource = tagOf(rs.Resource().Attributes(), nameResource)
	plain := u.stats.Plain
	scopes := rs.ScopeSpans()
	for i := range scopes.Len() {
		u.scopeSpans(o, scopes.At(i), failed)
	}
	if plain = u.stats.Plain - plain; plain > 0 && o.whole {
		u.fail(fmt.Errorf("%d spans are in the clear under a resource whose spans are all sealed; somebody has added them, or has taken their blobs away", plain))
	}
	if err := u.resource(o, rs.Resource(), rs); err != nil {
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

// errNoKey says that sealed records have lost their key.
var errNoKey = errors.New("the attribute sealed.key of their resource is not there")

// spansWithoutKey counts the spans of a resource whose key is not there, if o is nil,
// or cannot be had.
func (u *unsealer) spansWithoutKey(rs ptrace.ResourceSpans, o *opened) {
	failed, lost := 0, o == nil && hasBlob(rs.Resource().Attributes())
	for _, ss := range rs.ScopeSpans().All() {
		lost = lost || o == nil && hasBlob(ss.Scope().Attributes())
		ss.Spans().RemoveIf(func(span ptrace.Span) bool {
			if hasBlob(span.Attributes()) {
				failed++
				return false
			}
			u.stats.Plain++
			return u.Clear.plain(span.Attributes())
		})
	}
	u.withoutKey("spans", failed, lost, o)
	if o == nil && failed == 0 && !lost {
		u.plainResource(rs.Resource().Attributes())
	}
}

// withoutKey reports records that stay sealed since their key is not there.
func (u *unsealer) withoutKey(items string, failed int, lost bool, o *opened) {
	u.stats.Failed += failed
	err := errNoKey
	if o != nil {
		err = o.err
	}
	if failed > 0 || lost || o != nil {
		u.fail(fmt.Errorf("%d %s of one resource stay sealed: %w", failed, items, err))
	}
}

// plainResource deals with a resource of which nothing is sealed.
func (u *unsealer) plainResource(m pcommon.Map) {
	if m.Len() > 0 && u.Clear.plain(m) {
		m.RemoveIf(func(string, pcommon.Value) bool { return true })
	}
}

// gone marks a scope whose spans were moved.
const gone = "\x00moved"

func isGone(ss ptrace.ScopeSpans) bool { return ss.SchemaUrl() == gone && ss.Spans().Len() == 0 }

// scopeSpans unseals the spans of a scope and the scope, and moves what fails.
func (u *unsealer) scopeSpans(o *opened, ss ptrace.ScopeSpans, failed ptrace.ResourceSpans) {
	sealed := ptrace.NewScopeSpans()
	ss.Scope().CopyTo(sealed.Scope())
	sealed.SetSchemaUrl(ss.SchemaUrl())
	u.around.scope = tagOf(ss.Scope().Attributes(), nameScope)
	ss.Spans().RemoveIf(func(span ptrace.Span) bool {
		if !hasOwn(span.Attributes()) {
			u.stats.Plain++
			return u.Clear.plain(span.Attributes())
		}
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

var errNoBlob = errors.New("its attribute sealed.span is not there")

// span unseals a span. It returns false, and leaves it sealed, if that fails.
func (u *unsealer) span(o *opened, span ptrace.Span) bool {
	tmp, forged, err := u.openSpan(o, span)
	what := fmt.Sprintf("span %s of trace %s", span.SpanID(), span.TraceID())
	if err != nil {
		u.stats.Failed++
		u.fail(fmt.Errorf("%s stays sealed: %w", what, err))
		return false
	}
	u.forged(forged, what)
	tmp.MoveTo(span)
	u.stats.Unsealed++
	return true
}

func (u *unsealer) openSpan(o *opened, span ptrace.Span) (tmp ptrace.Span, forged []string, err error) {
	text, ok := joinChunks(span.Attributes(), nameSpan)
	if !ok {
		return tmp, nil, errNoBlob
	}
	tmp = ptrace.NewSpan()
	span.CopyTo(tmp)
	removeOwn(tmp.Attributes())
	u.binding = spanBinding(u.bind(o), span)
	forged, err = u.read(o, seal.PlaceSpan, u.binding, text, func(r *reader) { r.span(tmp) })
	if err != nil {
		return tmp, nil, explain(o, err)
	}
	return tmp, forged, nil
}
