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
}

func newNormalizer(table *labels.Table) *normalizer {
	n := &normalizer{table: table}
	for k := range n.moved {
		n.moved[k] = pcommon.NewValueEmpty()
	}
	return n
}

// normalize gives every cloud label in attrs its one key and value.
func (n *normalizer) normalize(attrs pcommon.Map) {
	pos := 0
	attrs.Range(func(key string, value pcommon.Value) bool {
		if s, ok := n.table.Spelling(key); ok {
			n.claim(s, pos, value)
		}
		pos++
		return true
	})
	if n.claims.Empty() {
		return
	}
	if ch := n.table.Settle(&n.claims, &n.stats); !ch.None() {
		n.apply(attrs, &ch)
	}
	n.claims.Reset()
}

func (n *normalizer) claim(s labels.Spelling, pos int, value pcommon.Value) {
	if value.Type() == pcommon.ValueTypeStr {
		n.table.Claim(&n.claims, s, pos, value.Str())
		return
	}
	n.table.ClaimOpaque(&n.claims, s, pos)
}

// apply removes every spelling of the labels that change and writes back those
// that stay. The winning values are moved, not copied, and what is written back
// fits in the room of what was removed.
func (n *normalizer) apply(attrs pcommon.Map, ch *labels.Changes) {
	pos := -1
	attrs.RemoveIf(func(key string, value pcommon.Value) bool {
		pos++
		s, ok := n.table.Spelling(key)
		if !ok || !ch.Remove(s.Key) {
			return false
		}
		if winner, _, _, keep := ch.Keep(s.Key); keep && winner == pos {
			value.MoveTo(n.moved[s.Key])
		}
		return true
	})
	for k := labels.Key(0); k < labels.NumKeys; k++ {
		_, text, rewrite, keep := ch.Keep(k)
		if !keep {
			continue
		}
		value := attrs.PutEmpty(n.table.Name(k))
		n.moved[k].MoveTo(value)
		if rewrite {
			value.SetStr(text)
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
	attrs.EnsureCapacity(attrs.Len() + len(from))
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
