// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"errors"
	"strconv"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/conf"
)

const conditionKeys = "`all`, `any`, `not`, `severity`, `severity_below`, `severity_at_least`, `body_contains`, `body_equals`, " +
	"`body_matches`, `body_size_above`, `body_size_below`, `event_name`, `attribute` and `resource_attribute` " +
	"(with `exists`, `equals`, `contains` or `matches`) and `ignore_case`"

// condition is the conjunction of the keys of an object.
func (b *builder) condition(v *conf.Value) (expr, error) {
	if v.Kind != conf.Object {
		return expr{}, errors.New("it is " + v.Kind.String() + ", must be an object with a condition")
	}
	fold := false
	if m := v.Get("ignore_case"); m != nil {
		var err error
		if fold, err = m.AsBool(); err != nil {
			return expr{}, where("`ignore_case`", err)
		}
	}
	var parts []expr
	for i := range v.Members {
		m := &v.Members[i]
		e, ok, err := b.key(v, m, fold)
		if err != nil {
			return expr{}, where("`"+m.Key+"`", err)
		}
		if ok {
			parts = append(parts, e)
		}
	}
	if len(parts) == 0 {
		return expr{}, errors.New("a condition needs at least one of " + conditionKeys)
	}
	return and(parts...), nil
}

// key is the condition that one key makes; none for a key that is part of another's.
func (b *builder) key(parent *conf.Value, m *conf.Member, fold bool) (e expr, ok bool, err error) {
	v := &m.Value
	switch m.Key {
	case "all":
		e, err = b.list(v, and)
	case "any":
		e, err = b.list(v, or)
	case "not":
		e, err = b.condition(v)
		e = not(e)
	case "severity", "severity_below", "severity_at_least":
		e, err = severityTest(m.Key, v)
	case "body_contains":
		e, err = b.each(v, fold, b.bodyContains)
	case "body_equals":
		e, err = b.each(v, fold, b.bodyEquals)
	case "body_matches":
		e, err = b.each(v, fold, b.bodyMatches)
	case "body_size_above", "body_size_below":
		e, err = b.bodySize(m.Key, v)
	case "event_name":
		e, err = b.text(sdk.ColumnEventName, opText, "matches", v, fold)
	case "attribute":
		e, err = b.attribute(parent, v, false, fold)
	case "resource_attribute":
		e, err = b.attribute(parent, v, true, fold)
	case "exists", "equals", "contains", "matches":
		return e, false, ofAttribute(parent)
	case "ignore_case":
		return e, false, nil
	case "drop", "keep", "name":
		return e, false, errors.New("it belongs to a rule, not to a condition in it")
	default:
		return e, false, errors.New("it is not known; " + conditionKeys + " are")
	}
	return e, true, err
}

func ofAttribute(parent *conf.Value) error {
	if parent.Get("attribute") == nil && parent.Get("resource_attribute") == nil {
		return errors.New("it tests an attribute: name it with `attribute` or `resource_attribute`")
	}
	return nil
}

func (b *builder) list(v *conf.Value, join func(...expr) expr) (expr, error) {
	if v.Kind != conf.List || len(v.List) == 0 {
		return expr{}, errors.New("it must be a list of conditions that is not empty")
	}
	parts := make([]expr, len(v.List))
	for i := range v.List {
		e, err := b.condition(&v.List[i])
		if err != nil {
			return expr{}, where("condition "+strconv.Itoa(i+1), err)
		}
		parts[i] = e
	}
	return join(parts...), nil
}

// each is the disjunction of a test for each of the texts of a value.
func (b *builder) each(v *conf.Value, fold bool, test func(string, bool) (expr, error)) (expr, error) {
	texts, err := checkedTexts(v)
	if err != nil {
		return expr{}, err
	}
	parts := make([]expr, len(texts))
	for i, s := range texts {
		if parts[i], err = test(s, fold); err != nil {
			return expr{}, where(strconv.Quote(s), err)
		}
	}
	return or(parts...), nil
}

// maxTextSize bounds each text of the configuration in bytes. It is below
// sdk.MaxText, so that a text that was cut is equal to none of them.
const maxTextSize = 4096

func checkedTexts(v *conf.Value) ([]string, error) {
	texts, err := v.AsTexts()
	if err != nil {
		return nil, err
	}
	for _, s := range texts {
		if len(s) > maxTextSize {
			return nil, errors.New("a text has " + strconv.Itoa(len(s)) + " bytes, at most " + strconv.Itoa(maxTextSize) + " are possible")
		}
	}
	return texts, nil
}

// attribute is the test of an attribute: the one of its four keys that is there.
func (b *builder) attribute(parent, name *conf.Value, ofResource, fold bool) (expr, error) {
	if parent.Get("attribute") != nil && parent.Get("resource_attribute") != nil {
		return expr{}, errors.New("a condition tests one attribute; put two conditions into `all` or `any`")
	}
	s, err := name.AsText()
	if err != nil || s == "" {
		return expr{}, errors.New("it must be the name of an attribute")
	}
	var test *conf.Member
	for i, m := range parent.Members {
		if m.Key != "exists" && m.Key != "equals" && m.Key != "contains" && m.Key != "matches" {
			continue
		}
		if test != nil {
			return expr{}, errors.New("both `" + test.Key + "` and `" + m.Key + "` are there; put two conditions into `all` or `any`")
		}
		test = &parent.Members[i]
	}
	if test == nil {
		return expr{}, errors.New("say with `exists`, `equals`, `contains` or `matches` what holds of " + strconv.Quote(s))
	}
	column, op := sdk.Attr(s), opText
	if ofResource {
		column, op = sdk.ResourceAttr(s), opResourceText
	}
	e, err := b.text(column, op, test.Key, &test.Value, fold)
	if err != nil {
		return e, where(strconv.Quote(s)+": `"+test.Key+"`", err)
	}
	return e, nil
}
