// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmfilterprocessor

import (
	"sync"

	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/wasmhost"
)

// records shows a batch to the host, in the order in which it is walked. It is used
// again for other batches.
type records struct {
	guard     *guard
	resources []pcommon.Resource
	keys      []uint64 // of the resources; 0 until it is asked for
	logs      []plog.LogRecord
	of        []int32 // the resource of each record
	verdicts  []wasmhost.Verdict
	counts    counts
}

var _ wasmhost.Records = (*records)(nil)

var recordPool = sync.Pool{New: func() any { return new(records) }}

// maxKept is how many records a pooled one keeps room for.
const maxKept = 1 << 16

func newRecords(g *guard, ld plog.Logs) *records {
	r := recordPool.Get().(*records)
	r.guard = g
	for i, rl := range ld.ResourceLogs().All() {
		r.resources = append(r.resources, rl.Resource())
		r.keys = append(r.keys, 0)
		for _, sl := range rl.ScopeLogs().All() {
			logs := sl.LogRecords()
			for j := range logs.Len() {
				r.logs = append(r.logs, logs.At(j))
				r.of = append(r.of, int32(i))
			}
		}
	}
	if n := len(r.logs); cap(r.verdicts) < n {
		r.verdicts = make([]wasmhost.Verdict, n)
	} else {
		r.verdicts = r.verdicts[:n]
		clear(r.verdicts)
	}
	return r
}

func (r *records) release() {
	if cap(r.logs) > maxKept {
		return
	}
	clear(r.logs) // the batch must not be kept
	clear(r.resources)
	r.counts.reset()
	r.resources, r.keys, r.logs, r.of, r.guard = r.resources[:0], r.keys[:0], r.logs[:0], r.of[:0], nil
	recordPool.Put(r)
}

func (r *records) Len() int           { return len(r.logs) }
func (r *records) Resources() int     { return len(r.resources) }
func (r *records) Resource(i int) int { return int(r.of[i]) }

// ResourceKey remembers what it has returned, and says so when the batch is no longer ours to read.
func (r *records) ResourceKey(resource int) uint64 {
	if r.keys[resource] == 0 {
		r.keys[resource] = keyOf(r.resources[resource].Attributes())
	}
	return r.keys[resource]
}

// keyOf does not depend on the order of attributes, and is not 0.
func keyOf(attributes pcommon.Map) uint64 {
	var sum uint64
	for name, v := range attributes.All() {
		h := xxhash.Sum64String(name)
		if v.Type() == pcommon.ValueTypeStr {
			sum += h ^ xxhash.Sum64String(v.Str())*31
		} else {
			sum += h ^ xxhash.Sum64String(v.AsString())*37
		}
	}
	return sum | 1
}

func (r *records) ResourceAttribute(resource int, name string) (string, bool) {
	return text(r.resources[resource].Attributes(), name)
}

func (r *records) Time(i int) uint64 {
	if t := r.logs[i].Timestamp(); t != 0 {
		return uint64(t)
	}
	return uint64(r.logs[i].ObservedTimestamp())
}

// Severity is 0 for numbers that OTLP does not have.
func (r *records) Severity(i int) uint8 {
	if n := r.logs[i].SeverityNumber(); n >= 0 && n <= plog.SeverityNumberFatal4 {
		return uint8(n)
	}
	return 0
}

func (r *records) Body(i int) string {
	body := r.logs[i].Body()
	if body.Type() == pcommon.ValueTypeStr {
		return body.Str()
	}
	return body.AsString()
}

func (r *records) TraceID(i int) [16]byte { return r.logs[i].TraceID() }
func (r *records) EventName(i int) string { return r.logs[i].EventName() }
func (r *records) Protected(i int) bool   { return r.guard.protects(r.logs[i]) }
func (r *records) Attribute(i int, name string) (string, bool) {
	return text(r.logs[i].Attributes(), name)
}

func text(m pcommon.Map, name string) (string, bool) {
	v, ok := m.Get(name)
	if !ok {
		return "", false
	}
	if v.Type() == pcommon.ValueTypeStr {
		return v.Str(), true
	}
	return v.AsString(), true
}
