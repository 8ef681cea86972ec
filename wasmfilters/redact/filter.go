// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package redact is a filter that takes sensitive data out of records: it drops none. The host finds the data; the filter
// says what stands in its place.
package redact

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	gohash "hash"
	"strings"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
)

// New makes the filter.
func New() sdk.Filter { return &filter{} }

type filter struct {
	rules []rule
	fixed [][]byte // by rule, what replaces its matches
	mac   gohash.Hash
	sum   [sha256.Size]byte
	out   []byte
}

// maxGrowth is by how much a record may grow, in bytes. What would make it grow more is replaced by one character: a
// host refuses to let a record grow by 64 KiB, and then nothing would be redacted.
const maxGrowth = 32 << 10

// Configure reads the configuration.
func (f *filter) Configure(config []byte) (sdk.Manifest, error) {
	m := sdk.Manifest{Name: "redact", Version: "1.0.0", Columns: []string{sdk.ColumnMatches}, Memoryless: true}
	s, err := parse(config)
	if err != nil {
		return m, err
	}
	*f = filter{rules: s.rules, out: make([]byte, 0, 256)}
	m.Patches, m.DetectIn = s.in, s.in
	for _, r := range s.rules {
		d := sdk.Detector{Kind: r.name}
		if r.pattern != "" {
			d = sdk.Detector{Kind: sdk.DetectRegexp, Pattern: r.pattern}
		}
		m.Detectors, m.Rules = append(m.Detectors, d), append(m.Rules, r.name)
		f.fixed = append(f.fixed, []byte(strings.ReplaceAll(s.replacement, "{name}", r.name)))
	}
	if s.key != "" {
		f.mac = hmac.New(sha256.New, []byte(s.key))
	}
	return m, nil
}

// Judge keeps every record, and patches what was found.
func (f *filter) Judge(c *sdk.Chunk, v []sdk.Verdict) {
	if c.MatchCount() == 0 {
		return
	}
	p := c.Patches()
	for i := range v {
		growth := 0
		for k, end := c.Matches(i); k < end; k++ {
			d, text := c.Match(k)
			if d >= len(f.rules) { // which no host does
				continue
			}
			instead := f.instead(d, text)
			if growth+len(instead)-len(text) > maxGrowth {
				instead = instead[:0]
				instead = append(instead, '*')
			}
			growth += len(instead) - len(text)
			p.ReplaceMatch(i, uint16(d+1), k, instead)
		}
	}
}

// instead is what stands in the place of a match. It is good until the next call.
func (f *filter) instead(d int, text []byte) []byte {
	switch r := &f.rules[d]; r.action {
	case hash:
		f.out = f.appendHash(f.out[:0], r.name, text)
	case mask:
		f.out = appendMasked(f.out[:0], r.name, text)
	default:
		f.out = append(f.out[:0], f.fixed[d]...)
	}
	return f.out
}

// hashSize is how many bytes of a hash are written: two of a million values are the same by chance once in 40 million.
const hashSize = 8

// appendHash appends [name:hash], where hash is the first bytes of HMAC-SHA-256.
func (f *filter) appendHash(b []byte, name string, text []byte) []byte {
	f.mac.Reset()
	f.mac.Write(text)
	sum := f.mac.Sum(f.sum[:0])
	b = append(append(b, '['), name...)
	b = hex.AppendEncode(append(b, ':'), sum[:hashSize])
	return append(b, ']')
}
