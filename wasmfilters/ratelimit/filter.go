// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package ratelimit is a filter that drops log records beyond a rate: see
// README.md.
package ratelimit

import (
	"github.com/sealgate/sealgate/internal/lru"
	"github.com/sealgate/sealgate/wasmfilters/internal/debt"
	"github.com/sealgate/sealgate/wasmfilters/internal/kept"
	"github.com/sealgate/sealgate/wasmfilters/sdk"
)

// New makes one.
func New() sdk.Filter { return &filter{} }

// rule is the only one of the manifest.
const rule = 1

type filter struct {
	settings
	buckets *lru.Table[bucket]
	crowded debt.Crowded // of buckets that made room for others
	reports []sdk.Report
}

// bucket is a token bucket as the generic cell rate algorithm has it (ITU-T
// I.371): the time at which it is full again says all.
type bucket struct {
	full     uint64 // nanoseconds since 1970
	owed     debt.Debt
	identity uint64
}

func (f *filter) Configure(config []byte) (sdk.Manifest, error) {
	m := sdk.Manifest{Name: "ratelimit", Version: "1.0.0", Rules: []string{"rate limit"}, OnRefusal: sdk.KeepOnRefusal}
	s, err := parse(config)
	if err != nil {
		return m, err
	}
	*f = filter{settings: s, buckets: lru.New[bucket](s.maxKeys)}
	m.Columns = append([]string{sdk.ColumnTime, sdk.ColumnIdentity}, kept.Columns...)
	m.Identity = s.identity
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
	id := c.Identity()[i]
	if b := f.buckets.Use(id); b != nil {
		return b
	}
	return f.add(bucket{identity: id})
}

// add remembers a bucket. The debt of a bucket that makes room for it is kept.
func (f *filter) add(b bucket) *bucket {
	if f.buckets.Full() {
		oldest := f.buckets.Oldest()
		f.crowded.Add(oldest.owed, oldest.report())
	}
	return f.buckets.Add(b.identity, b)
}

func (b *bucket) report() sdk.Report {
	return sdk.Report{Key: b.identity, Kind: sdk.KeyIdentity, Rule: rule}
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
	for _, b := range f.buckets.All() {
		f.reports = b.owed.Settle(f.reports, b.report())
	}
	return f.reports
}
