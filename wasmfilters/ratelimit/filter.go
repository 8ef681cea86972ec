// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package ratelimit is a filter that drops log records beyond a rate: see
// README.md.
package ratelimit

import (
	"github.com/sealgate/sealgate/wasmfilters/internal/debt"
	"github.com/sealgate/sealgate/wasmfilters/internal/kept"
	"github.com/sealgate/sealgate/wasmfilters/internal/lru"
	"github.com/sealgate/sealgate/wasmfilters/sdk"
)

// New makes one.
func New() sdk.Filter { return &filter{} }

// rule is the only one of the manifest.
const rule = 1

type filter struct {
	settings
	buckets *lru.Table[bucket]
	crowded debt.Debt // of buckets that made room for others
	reports []sdk.Report
}

// bucket is a token bucket as the generic cell rate algorithm has it (ITU-T
// I.371): the time at which it is full again says all.
type bucket struct {
	full     uint64 // nanoseconds since 1970
	owed     debt.Debt
	template uint64 // 0 unless buckets are told apart by it
}

func (f *filter) Configure(config []byte) (sdk.Manifest, error) {
	m := sdk.Manifest{Name: "ratelimit", Version: "1.0.0", Rules: []string{"rate limit"}}
	s, err := parse(config)
	if err != nil {
		return m, err
	}
	*f = filter{settings: s, buckets: lru.New[bucket](s.maxKeys)}
	m.Columns = f.by.Columns(append([]string{sdk.ColumnTime}, kept.Columns...))
	return m, nil
}

func (f *filter) Judge(c *sdk.Chunk, v []sdk.Verdict) {
	severity, protected := c.Severity()[:len(v)], c.Protected()[:len(v)]
	for i := range v {
		if f.keep.Keeps(severity[i], protected[i]) {
			continue
		}
		b := f.bucket(c, i)
		switch {
		case f.take(b, c.Now()):
		case f.report:
			v[i] = sdk.Count(rule)
			b.owed.Add(debt.Time(c.Time()[i], c.Now()))
		default:
			v[i] = sdk.Drop(rule)
		}
	}
}

// bucket is that of record i.
func (f *filter) bucket(c *sdk.Chunk, i int) *bucket {
	key := f.by.Key(c, i)
	if b := f.buckets.Use(key); b != nil {
		return b
	}
	var b bucket
	if f.by.Template {
		b.template = c.Template()[i]
	}
	return f.add(key, b)
}

// add remembers a bucket. What was counted of one that makes room for it is kept.
func (f *filter) add(key uint64, b bucket) *bucket {
	if f.buckets.Full() {
		f.crowded.Merge(f.buckets.Oldest().owed)
	}
	return f.buckets.Add(key, b)
}

// take takes a token from a bucket, if there is one.
func (f *filter) take(b *bucket, now uint64) bool {
	// What a later clock has left behind is an empty bucket, not one that stays so.
	b.full = min(max(b.full, now), now+f.depth)
	if b.full-now+f.interval > f.depth {
		return false
	}
	b.full += f.interval
	return true
}

// Flush reports what was dropped since the last time.
func (f *filter) Flush(uint64, bool) []sdk.Report {
	f.reports = f.crowded.Settle(f.reports[:0], sdk.Report{Rule: rule, Text: "keys that made room for others; raise max_keys"})
	for key, b := range f.buckets.All() {
		r := sdk.Report{Key: key, Rule: rule}
		if f.by.Template {
			r.Key, r.Kind = b.template, sdk.KeyTemplate
		}
		f.reports = b.owed.Settle(f.reports, r)
	}
	return f.reports
}
