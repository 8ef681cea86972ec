// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package labels

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// staticRule is a StaticRule, compiled.
type staticRule struct {
	match []condition
	set   []setting
}

type condition struct {
	key     int // position among the keys that rules match on
	pattern string
}

type setting struct {
	key   Key
	value meaning
}

// matchedValue is the value of a key that rules match on.
type matchedValue struct {
	value string
	ok    bool
}

// compileStatic checks the rules and adds the keys on which they match to those
// that the table knows.
func (t *Table) compileStatic(raw map[string]Sign) error {
	var errs error
	for i, rule := range t.opts.Static {
		compiled, err := t.compileRule(raw, rule)
		if err != nil {
			errs = errors.Join(errs, fmt.Errorf("`static[%d]`: %w", i, err))
		}
		t.statics = append(t.statics, compiled)
	}
	return errs
}

func (t *Table) compileRule(raw map[string]Sign, rule StaticRule) (staticRule, error) {
	var (
		compiled staticRule
		errs     error
	)
	if len(rule.Match) == 0 {
		errs = errors.Join(errs, errors.New("`match` is empty; name an attribute and a pattern of its value, such as `k8s.cluster.name: \"*\"`"))
	}
	if len(rule.Set) == 0 {
		errs = errors.Join(errs, errors.New("`set` is empty; name a label and its value, such as `cloud.provider: on_premises`"))
	}
	for _, key := range slices.Sorted(maps.Keys(rule.Match)) {
		if len(fold(key)) < 2 {
			errs = errors.Join(errs, fmt.Errorf("`match`: %q cannot be the key of an attribute; use at least two printable characters", key))
			continue
		}
		if s, ok := t.folded[fold(key)]; ok && s.spelling.Key < NumKeys {
			errs = errors.Join(errs, fmt.Errorf("`match`: %q is a spelling of `%s`, which changes on the way; match on another attribute, or use `aliases`", key, s.spelling.Key))
			continue
		}
		compiled.match = append(compiled.match, condition{t.matchKey(raw, key), rule.Match[key]})
	}
	for _, k := range slices.Sorted(maps.Keys(rule.Set)) {
		m, ok := t.meaning(k, rule.Set[k])
		switch {
		case rule.Set[k] == "":
			errs = errors.Join(errs, fmt.Errorf("`set`: `%s` has no value; say what it is to become", k))
		case !ok:
			errs = errors.Join(errs, fmt.Errorf("`set`: %q is no known `%s`; use one of the vocabulary, or name it under `aliases`", rule.Set[k], k))
		}
		compiled.set = append(compiled.set, setting{k, m})
	}
	return compiled, errs
}

// matchKey returns the position of a key among those that rules match on.
func (t *Table) matchKey(raw map[string]Sign, key string) int {
	if s := t.folded[fold(key)]; s.match != 0 {
		return int(s.match) - 1
	}
	t.matches++
	t.addClue(raw, key, func(s *Sign) { s.match = uint16(t.matches) })
	return t.matches - 1
}

// match keeps the value of a key that rules match on.
func (t *Table) match(c *Claims, key uint16, value string) {
	if len(c.matched) != t.matches {
		c.matched = make([]matchedValue, t.matches)
	}
	if m := &c.matched[key-1]; !m.ok {
		*m = matchedValue{value, true}
		c.matches++
	}
}

// applyStatic applies the first rule that matches.
func (t *Table) applyStatic(c *Claims) {
	if c.matches == 0 {
		return
	}
	for i := range t.statics {
		if rule := &t.statics[i]; rule.matches(c.matched) {
			for _, s := range rule.set {
				c.setStatic(s)
			}
			return
		}
	}
}

func (r *staticRule) matches(values []matchedValue) bool {
	for _, m := range r.match {
		if v := &values[m.key]; !v.ok || !glob(m.pattern, v.value) {
			return false
		}
	}
	return true
}

// setStatic makes a setting the label, whatever claims there are. One that says
// the same stays where it is, so that a normal set stays untouched.
func (c *Claims) setStatic(s setting) {
	if cl := &c.claims[s.key]; c.seen.has(s.key) && cl.quality == known && cl.value == s.value.text {
		cl.rule = ByStatic
		cl.flags &^= disagree
		return
	}
	c.decide(s.key, s.value, -1, ByStatic)
}

// glob tells whether s matches a pattern in which `*` stands for any run of
// bytes. It takes time in proportion to the product of their lengths at worst.
func glob(pattern, s string) bool {
	star, retry := -1, 0
	p, i := 0, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, retry = p, i
			p++
		case p < len(pattern) && pattern[p] == s[i]:
			p++
			i++
		case star >= 0:
			retry++
			p, i = star+1, retry
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
