// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package logfilter

import (
	"context"
	"math"
	"strings"
	"sync"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/internal/repeats"
	"github.com/sealgate/sealgate/severity"
	"github.com/sealgate/sealgate/wasmhost"
	"github.com/sealgate/sealgate/wasmhost/columns"
)

const keep = wasmhost.Keep

// View says how batches are looked at. It is never changed, so any number of goroutines may use one.
type View struct {
	Guard Guard
	Infer Infer
	// MetadataKeys are keys of the client's metadata that tell senders apart: equal resources of two
	// tenants are two resources.
	MetadataKeys []string
}

// Batch shows a batch to the host, in the order in which it is walked.
type Batch struct {
	// Verdicts is where wasmhost.Filter.Judge puts the verdict on each record.
	Verdicts []wasmhost.Verdict

	view       *View
	client     uint64 // a number for the client's metadata
	metadata   client.Metadata
	resources  []pcommon.Resource
	keys       []uint64 // of the resources; 0 until it is asked for
	scopes     []pcommon.InstrumentationScope
	scopeKeys  []uint64 // 0 until it is asked for
	logs       []plog.LogRecord
	places     []place
	severities []severityOf
	finder     severity.Finder
	repeats    *repeats.Texts // numbers bodies whose severity the body alone tells
	ofBody     []severityOf   // of each different one
	counts     Counts
	patcher    patcher
}

// place is where a record stands: the indexes of its resource and of its scope.
type place struct{ resource, scope int32 }

var _ wasmhost.Records = (*Batch)(nil)

var batches = sync.Pool{New: func() any { return &Batch{repeats: new(repeats.Texts)} }}

// maxKept is how many records a pooled batch keeps room for.
const maxKept = 1 << 16

// Batch looks at ld. Release gives it back.
func (v *View) Batch(ctx context.Context, ld plog.Logs) *Batch {
	b := batches.Get().(*Batch)
	b.view = v
	if len(v.MetadataKeys) > 0 {
		b.metadata = client.FromContext(ctx).Metadata
		b.client = v.clientKey(b.metadata)
	}
	for i, rl := range ld.ResourceLogs().All() {
		b.resources, b.keys = append(b.resources, rl.Resource()), append(b.keys, 0)
		for _, sl := range rl.ScopeLogs().All() {
			at := place{int32(i), int32(len(b.scopes))}
			b.scopes, b.scopeKeys = append(b.scopes, sl.Scope()), append(b.scopeKeys, 0)
			logs := sl.LogRecords()
			for j := range logs.Len() {
				b.logs, b.places = append(b.logs, logs.At(j)), append(b.places, at)
			}
		}
	}
	b.Verdicts = zeroed(b.Verdicts, len(b.logs))
	return b
}

func zeroed[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// clientKey is a number for the values of MetadataKeys.
func (v *View) clientKey(m client.Metadata) (key uint64) {
	for _, name := range v.MetadataKeys {
		if values := m.Get(name); len(values) > 0 {
			key = key*31 + columns.Hash(name+"\x00"+strings.Join(values, "\x00"))
		}
	}
	return key
}

// Release gives the batch back. It must not be used afterwards.
func (b *Batch) Release() {
	if cap(b.logs) > maxKept {
		return
	}
	clear(b.logs) // the telemetry must not be kept alive
	clear(b.resources)
	clear(b.scopes)
	clear(b.severities)
	clear(b.ofBody)
	b.repeats.Reset()
	b.counts.reset()
	b.finder.Reset()
	*b = Batch{
		Verdicts: b.Verdicts[:0], resources: b.resources[:0], keys: b.keys[:0], scopes: b.scopes[:0], scopeKeys: b.scopeKeys[:0],
		logs: b.logs[:0], places: b.places[:0], severities: b.severities[:0], finder: b.finder, repeats: b.repeats, ofBody: b.ofBody[:0],
		counts: b.counts, patcher: b.patcher,
	}
	batches.Put(b)
}

// Log is record i.
func (b *Batch) Log(i int) plog.LogRecord { return b.logs[i] }

// Len is the number of records.
func (b *Batch) Len() int { return len(b.logs) }

// Resources is the number of resources.
func (b *Batch) Resources() int { return len(b.resources) }

// Resource is the index of the resource of record i.
func (b *Batch) Resource(i int) int { return int(b.places[i].resource) }

// ResourceKey is never 0. It is remembered, since it is asked for once more when the batch is no longer
// there to be read.
func (b *Batch) ResourceKey(resource int) uint64 {
	if b.keys[resource] == 0 {
		b.keys[resource] = (keyOf(b.resources[resource].Attributes()) ^ b.client) | 1
	}
	return b.keys[resource]
}

// keyOf does not depend on the order of attributes.
func keyOf(attributes pcommon.Map) (sum uint64) {
	for name, v := range attributes.All() {
		value := columns.Hash(textOf(v))
		sum += scramble(columns.Hash(name)*31 + value + uint64(v.Type()))
	}
	return sum
}

// scramble is the finalizer of SplitMix64: sums of its results say nothing of the parts.
func scramble(h uint64) uint64 {
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// ScopeKey is a number for the instrumentation scope of record i.
func (b *Batch) ScopeKey(i int) uint64 {
	s := b.places[i].scope
	if b.scopeKeys[s] == 0 {
		scope := b.scopes[s]
		b.scopeKeys[s] = scramble(columns.Hash(scope.Name())+31*columns.Hash(scope.Version())+keyOf(scope.Attributes())) | 1
	}
	return b.scopeKeys[s]
}

// ResourceAttribute is an attribute of a resource as text.
func (b *Batch) ResourceAttribute(resource int, name string) (string, bool) {
	return text(b.resources[resource].Attributes(), name)
}

// Time is that of the record, or else of its observation.
func (b *Batch) Time(i int) uint64 {
	if t := b.logs[i].Timestamp(); t != 0 {
		return uint64(t)
	}
	return uint64(b.logs[i].ObservedTimestamp())
}

// Severity is the number that the record states, or else the inferred one, or 0.
func (b *Batch) Severity(i int) uint8 {
	if n := b.stated(i); n != 0 {
		return n
	}
	return b.inferred(i).number
}

// Body is the body as text.
func (b *Batch) Body(i int) string { return textOf(b.logs[i].Body()) }

// TraceID is zero if there is no trace id.
func (b *Batch) TraceID(i int) [16]byte { return b.logs[i].TraceID() }

// EventName is empty if there is no event name.
func (b *Batch) EventName(i int) string { return b.logs[i].EventName() }

// Protected reports whether record i is kept whatever the filter says.
func (b *Batch) Protected(i int) bool {
	n, g := b.stated(i), &b.view.Guard
	if n == 0 && g.Severity > 0 {
		s := b.inferred(i)
		n = s.number
		if s.severe { // a stack trace, say: it counts as an error whatever its level says
			n = max(n, uint8(plog.SeverityNumberError))
		}
	}
	return g.Severity > 0 && n >= g.Severity || g.names(b.logs[i])
}

// Attribute is an attribute of record i as text.
func (b *Batch) Attribute(i int, name string) (string, bool) {
	return text(b.logs[i].Attributes(), name)
}

// Attributes visits the attributes of record i.
func (b *Batch) Attributes(i int, visit func(name string, v wasmhost.Value)) {
	for name, v := range b.logs[i].Attributes().All() {
		visit(name, valueOf(v))
	}
}

func valueOf(v pcommon.Value) wasmhost.Value {
	switch v.Type() {
	case pcommon.ValueTypeInt:
		return wasmhost.Value{Kind: wasmhost.ValueNumber, Bits: uint64(v.Int())}
	case pcommon.ValueTypeDouble:
		return wasmhost.Value{Kind: wasmhost.ValueNumber, Bits: math.Float64bits(v.Double())}
	case pcommon.ValueTypeBool:
		if v.Bool() {
			return wasmhost.Value{Kind: wasmhost.ValueBool, Bits: 1}
		}
		return wasmhost.Value{Kind: wasmhost.ValueBool}
	}
	return wasmhost.Value{Kind: wasmhost.ValueText, Text: textOf(v)}
}

func text(m pcommon.Map, name string) (string, bool) {
	v, ok := m.Get(name)
	if !ok {
		return "", false
	}
	return textOf(v), true
}

func textOf(v pcommon.Value) string {
	if v.Type() == pcommon.ValueTypeStr {
		return v.Str()
	}
	return v.AsString()
}
