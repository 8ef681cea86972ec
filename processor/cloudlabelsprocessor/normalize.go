// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package cloudlabelsprocessor

import (
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/sealgate/sealgate/labels"
)

// normalizer applies a table to attribute maps, one at a time. It holds the
// scratch space that doing so needs, so that a map that is normal already
// costs no allocation.
type normalizer struct {
	table  *labels.Table
	stats  labels.Stats
	claims labels.Claims
	moved  [labels.NumKeys]pcommon.Value
	hits   []hit
}

// hit is an attribute of the current map whose key is a spelling of a label.
type hit struct {
	pos int32
	key labels.Key
}

func newNormalizer(table *labels.Table) *normalizer {
	n := &normalizer{table: table, hits: make([]hit, 0, 32)}
	for k := range n.moved {
		n.moved[k] = pcommon.NewValueEmpty()
	}
	return n
}

// normalizeResource gives every cloud label of a resource its one key and value,
// and infers those that are missing.
func (n *normalizer) normalizeResource(attrs pcommon.Map) {
	pos := 0
	attrs.Range(func(key string, value pcommon.Value) bool {
		if sign, ok := n.table.Sign(key); !ok {
		} else if s, ok := sign.Label(); ok {
			n.hits = append(n.hits, hit{int32(pos), s.Key})
			n.claim(s, pos, value)
		} else {
			n.table.Witness(&n.claims, sign, pos, value.Str())
		}
		pos++
		return true
	})
	if n.claims.Empty() {
		return
	}
	ch := n.table.SettleResource(&n.claims, &n.stats)
	n.finish(attrs, &ch)
}

// normalize gives every cloud label of a span, a log record or a datapoint its
// one key and value. Nothing is inferred: it may tell of something elsewhere.
func (n *normalizer) normalize(attrs pcommon.Map) {
	pos := 0
	attrs.Range(func(key string, value pcommon.Value) bool {
		if s, ok := n.table.Spelling(key); ok {
			n.hits = append(n.hits, hit{int32(pos), s.Key})
			n.claim(s, pos, value)
		}
		pos++
		return true
	})
	if n.claims.Empty() {
		return
	}
	ch := n.table.Settle(&n.claims, &n.stats)
	n.finish(attrs, &ch)
}

// finish makes the changes and readies n for the next map.
func (n *normalizer) finish(attrs pcommon.Map, ch *labels.Changes) {
	if !ch.None() {
		n.apply(attrs, ch)
	}
	n.claims.Reset()
	n.hits = n.hits[:0]
}

func (n *normalizer) claim(s labels.Spelling, pos int, value pcommon.Value) {
	if value.Type() == pcommon.ValueTypeStr {
		n.table.Claim(&n.claims, s, pos, value.Str())
		return
	}
	n.table.ClaimOpaque(&n.claims, s, pos)
}

// apply removes every spelling of the labels that change, then writes those that
// stay and those that were inferred. The winning values are moved, not copied.
func (n *normalizer) apply(attrs pcommon.Map, ch *labels.Changes) {
	pos, hits := int32(-1), n.hits
	attrs.RemoveIf(func(_ string, value pcommon.Value) bool {
		pos++
		if len(hits) == 0 || hits[0].pos != pos {
			return false
		}
		k := hits[0].key
		hits = hits[1:]
		if !ch.Remove(k) {
			return false
		}
		if winner, _, rewrite, keep := ch.Keep(k); keep && !rewrite && winner == int(pos) {
			value.MoveTo(n.moved[k])
		}
		return true
	})
	for k := labels.Key(0); k < labels.NumKeys; k++ {
		_, text, rewrite, keep := ch.Keep(k)
		if !keep {
			continue
		}
		value := attrs.PutEmpty(n.table.Name(k))
		if rewrite {
			value.SetStr(text)
		} else {
			n.moved[k].MoveTo(value)
		}
	}
}

// label is a cloud label of a resource, ready to be promoted.
type label struct {
	key   labels.Key
	name  string
	value pcommon.Value
}

// labelsOf appends the cloud labels of a resource that was normalised.
func (n *normalizer) labelsOf(buf []label, attrs pcommon.Map) []label {
	attrs.Range(func(key string, value pcommon.Value) bool {
		if s, ok := n.table.Spelling(key); ok {
			buf = append(buf, label{key: s.Key, name: n.table.Name(s.Key), value: value})
		}
		return true
	})
	return buf
}

// promote copies those labels onto attrs that it does not have in any spelling.
func (n *normalizer) promote(attrs pcommon.Map, from []label) {
	var own [labels.NumKeys]bool
	attrs.Range(func(key string, _ pcommon.Value) bool {
		if s, ok := n.table.Spelling(key); ok {
			own[s.Key] = true
		}
		return true
	})
	missing := 0
	for _, l := range from {
		if !own[l.key] {
			missing++
		}
	}
	if missing == 0 {
		return
	}
	attrs.EnsureCapacity(attrs.Len() + missing)
	for _, l := range from {
		if own[l.key] {
			continue
		}
		if l.value.Type() == pcommon.ValueTypeStr {
			attrs.PutStr(l.name, l.value.Str())
		} else {
			l.value.CopyTo(attrs.PutEmpty(l.name))
		}
	}
}
