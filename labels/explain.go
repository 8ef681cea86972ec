// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package labels

import "iter"

// Rule is what decided a label, the strongest first.
type Rule uint8

// The rules, in order of precedence.
const (
	noRule      Rule = iota
	ByStatic         // a static rule of the configuration
	ByCanonical      // the label's own key, dotted or underscored
	ByAlias          // another spelling of it
	ByStrong         // inferred from strong evidence
	ByWeak           // inferred from weak evidence
)

// String returns the rule's name, such as "canonical".
func (r Rule) String() string {
	return [...]string{"", "static", "canonical", "alias", "strong", "weak"}[r]
}

// Decision tells what became of one label of a resource, and why.
type Decision struct {
	Key   Key
	Name  string // the key that it is written under
	Value any    // a string, or what the attribute had that was not text
	Rule  Rule
	// Repaired: the value that the rule found was implausible, and is replaced.
	Repaired bool
	// Dropped: the label is removed, as the configuration says.
	Dropped bool
	// From is the key of the attribute that decided, "" for a static rule.
	From string
}

// Explain tells what the table makes of the attributes of a resource: one
// decision for each label that it has in the end or had before, in order. It is
// for tools; normalising itself does without.
func (t *Table) Explain(attributes iter.Seq2[string, any]) []Decision {
	var (
		c      Claims
		st     Stats
		keys   []string
		values []any
	)
	for key, value := range attributes {
		pos := len(keys)
		keys, values = append(keys, key), append(values, value)
		t.observe(&c, pos, key, value)
	}
	ch := t.SettleResource(&c, &st)
	var all []Decision
	for _, k := range Keys() {
		if !c.seen.has(k) {
			continue
		}
		cl := &c.claims[k]
		d := Decision{
			Key: k, Name: t.Name(k), Value: cl.value, Rule: cl.decidedBy(),
			Repaired: cl.flags&repaired != 0, Dropped: ch.remove.has(k) && !ch.keep.has(k),
		}
		if cl.quality == opaque {
			d.Value = values[cl.pos]
		}
		if d.Rule != ByStatic && cl.pos >= 0 {
			d.From = keys[cl.pos]
		}
		all = append(all, d)
	}
	return all
}

// observe takes one attribute of a resource.
func (t *Table) observe(c *Claims, pos int, key string, value any) {
	sign, ok := t.Sign(key)
	if !ok {
		return
	}
	text, isText := value.(string)
	s, isLabel := sign.Label()
	switch {
	case !isLabel:
		t.Witness(c, sign, pos, text)
	case isText:
		t.Claim(c, s, pos, text)
	default:
		t.ClaimOpaque(c, s, pos)
	}
}

// decidedBy returns the rule that decided the claim.
func (cl *claim) decidedBy() Rule {
	switch {
	case cl.rule != noRule:
		return cl.rule
	case isCanonical(cl.rank):
		return ByCanonical
	default:
		return ByAlias
	}
}
