// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package filterbench

import (
	"github.com/cespare/xxhash/v2"

	"github.com/sealgate/sealgate/internal/logfile"
	"github.com/sealgate/sealgate/wasmhost"
)

// Guard names the records that are kept whatever the filter says: the gateway's
// never_drop.
type Guard struct {
	// Severity keeps this severity number and worse; 0 is no such guard.
	Severity uint8
	// Attributes keep records that have one of them; the value * is any.
	Attributes logfile.Attributes
}

func (g Guard) protects(r *logfile.Record) bool {
	if g.Severity > 0 && r.Severity >= g.Severity {
		return true
	}
	for _, want := range g.Attributes {
		if got, ok := r.Attributes.Get(want.Name); ok && (want.Value == "*" || got == want.Value) {
			return true
		}
	}
	return false
}

// batch shows records to the host.
type batch struct {
	guard       Guard
	records     []logfile.Record
	of          []int // the resource of each record
	resources   []*logfile.Resource
	first, last uint64 // of the times of the records; 0 if none has one
	verdicts    []wasmhost.Verdict
}

var _ wasmhost.Records = (*batch)(nil)

// isFull tells whether r belongs to the next batch.
func (b *batch) isFull(r logfile.Record) bool {
	return len(b.records) == batchRecords || b.first > 0 && r.Time >= b.first+batchTime
}

func (b *batch) add(r logfile.Record) {
	if n := len(b.resources); n == 0 || b.resources[n-1] != r.Resource {
		b.resources = append(b.resources, r.Resource)
	}
	b.records = append(b.records, r)
	b.of = append(b.of, len(b.resources)-1)
	b.verdicts = append(b.verdicts, wasmhost.Verdict{})
	if b.first == 0 {
		b.first = r.Time
	}
	b.last = max(b.last, r.Time)
}

func (b *batch) reset() {
	clear(b.records)
	clear(b.verdicts)
	*b = batch{guard: b.guard, records: b.records[:0], of: b.of[:0], resources: b.resources[:0], verdicts: b.verdicts[:0]}
}

func (b *batch) Len() int       { return len(b.records) }
func (b *batch) Resources() int { return len(b.resources) }

// ResourceKey does not depend on the order of attributes.
func (b *batch) ResourceKey(resource int) (sum uint64) {
	for _, a := range b.resources[resource].Attributes {
		sum += xxhash.Sum64String(a.Name) ^ xxhash.Sum64String(a.Value)*31
	}
	return sum
}

func (b *batch) ResourceAttribute(resource int, name string) (string, bool) {
	return b.resources[resource].Attributes.Get(name)
}

func (b *batch) Resource(i int) int     { return b.of[i] }
func (b *batch) Time(i int) uint64      { return b.records[i].Time }
func (b *batch) Severity(i int) uint8   { return b.records[i].Severity }
func (b *batch) Body(i int) string      { return b.records[i].Body }
func (b *batch) TraceID(i int) [16]byte { return b.records[i].TraceID }
func (b *batch) EventName(i int) string { return b.records[i].EventName }
func (b *batch) Protected(i int) bool   { return b.guard.protects(&b.records[i]) }
func (b *batch) Attribute(i int, name string) (string, bool) {
	return b.records[i].Attributes.Get(name)
}
