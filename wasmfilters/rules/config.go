// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"errors"
	"strconv"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/conf"
)

// maxName is the longest name of a rule in bytes: it becomes the value of a
// metric's attribute.
const maxName = 128

// defaultRule is the name of the rule by which everything else is dropped.
const defaultRule = "default"

// ruleset is a configuration: the first rule whose condition holds decides.
type ruleset struct {
	names       []string
	conditions  []expr
	verdicts    []sdk.Verdict // one for each condition, then that of everything else
	dropDefault bool
}

func parse(config []byte, b *builder) (*ruleset, error) {
	v, err := conf.Parse(config)
	if err != nil {
		return nil, err
	}
	if v.Kind != conf.Object {
		return nil, errors.New("configuration: it is " + v.Kind.String() + ", must be an object with the keys `rules` and `default`")
	}
	rs := &ruleset{}
	var rules *conf.Value
	for i := range v.Members {
		m := &v.Members[i]
		switch m.Key {
		case "rules":
			rules = &m.Value
		case "default":
			err = rs.setDefault(&m.Value)
		default:
			err = unknown(m.Key, "`rules` and `default`")
		}
		if err != nil {
			return nil, err
		}
	}
	if err := rs.add(rules, b); err != nil {
		return nil, err
	}
	return rs, rs.finish()
}

func (rs *ruleset) setDefault(v *conf.Value) error {
	switch s, _ := v.AsText(); s {
	case "keep":
	case "drop":
		rs.dropDefault = true
	default:
		return errors.New("`default`: it must be \"keep\" or \"drop\"")
	}
	return nil
}

func (rs *ruleset) add(rules *conf.Value, b *builder) error {
	if rules == nil {
		return nil
	}
	if rules.Kind != conf.List {
		return errors.New("`rules`: it is " + rules.Kind.String() + ", must be a list of rules")
	}
	if n := len(rules.List); n > sdk.MaxRules {
		return errors.New("`rules`: there are " + strconv.Itoa(n) + ", at most " + strconv.Itoa(sdk.MaxRules) + " are possible")
	}
	seen := map[string]bool{}
	for i := range rules.List {
		name, err := ruleName(&rules.List[i])
		if err == nil && seen[name] {
			err = errors.New("`name`: another rule is called " + strconv.Quote(name) + " too; they are told apart by it in metrics")
		}
		if err != nil {
			return where("rule "+strconv.Itoa(i+1), err)
		}
		seen[name] = true
		if err := rs.rule(name, &rules.List[i], b); err != nil {
			return where("rule "+strconv.Quote(name), err)
		}
	}
	return nil
}

func ruleName(v *conf.Value) (string, error) {
	if v.Kind != conf.Object {
		return "", errors.New("it is " + v.Kind.String() + ", must be an object")
	}
	name := v.Get("name")
	if name == nil || name.Kind != conf.String || name.Text == "" || len(name.Text) > maxName {
		return "", errors.New("`name`: a rule needs one, a text of 1 to " + strconv.Itoa(maxName) + " bytes")
	}
	return name.Text, nil
}

// rule adds a rule: its action, and all other keys as its condition.
func (rs *ruleset) rule(name string, v *conf.Value, b *builder) error {
	var (
		condition conf.Value
		actions   []string
	)
	condition.Kind = conf.Object
	for _, m := range v.Members {
		switch m.Key {
		case "name":
		case "drop", "keep":
			if on, err := m.Value.AsBool(); err != nil || !on {
				return errors.New("`" + m.Key + "`: it can only be true; leave it out otherwise")
			}
			actions = append(actions, m.Key)
		default:
			condition.Members = append(condition.Members, m)
		}
	}
	if len(actions) != 1 {
		return errors.New("it must say either `drop`: true or `keep`: true")
	}
	if len(condition.Members) == 0 {
		return errors.New("it has no condition; what becomes of all other records is said by `default`")
	}
	e, err := b.condition(&condition)
	if err != nil {
		return err
	}
	number := uint16(len(rs.names) + 1)
	rs.names = append(rs.names, name)
	rs.conditions = append(rs.conditions, e)
	if actions[0] == "drop" {
		rs.verdicts = append(rs.verdicts, sdk.Drop(number))
	} else {
		rs.verdicts = append(rs.verdicts, sdk.KeepBy(number))
	}
	return nil
}

func (rs *ruleset) finish() error {
	if !rs.dropDefault {
		rs.verdicts = append(rs.verdicts, sdk.Keep)
		return nil
	}
	for _, name := range rs.names {
		if name == defaultRule {
			return errors.New("rule \"" + defaultRule + "\": with `default`: \"drop\" no rule can have this name, by which the rest is counted")
		}
	}
	rs.names = append(rs.names, defaultRule)
	if len(rs.names) > sdk.MaxRules {
		return errors.New("`rules`: with `default`: \"drop\" at most " + strconv.Itoa(sdk.MaxRules-1) + " are possible")
	}
	rs.verdicts = append(rs.verdicts, sdk.Drop(uint16(len(rs.names))))
	return nil
}

// where puts the place of an error before it.
func where(place string, err error) error { return errors.New(place + ": " + err.Error()) }

func unknown(key, known string) error {
	return errors.New("key `" + key + "` is not known; " + known + " are")
}
