// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/conf"
)

var keys = []string{"detect", "patterns", "action", "actions", "replacement", "key", "in"}

// kinds are what can be detected, besides patterns.
var kinds = []string{sdk.DetectCard, sdk.DetectCNID, sdk.DetectPhone, sdk.DetectEmail, sdk.DetectIP, sdk.DetectBearer, sdk.DetectSecret}

// Limits of the configuration.
const (
	maxPatterns    = 32
	maxName        = 32 // bytes
	maxReplacement = 64 // bytes
	leastKey       = 16 // bytes
)

// action is what becomes of a match.
type action uint8

const (
	replace action = iota
	hash
	mask
)

var actionNames = []string{"replace", "hash", "mask"}

// rule is something to detect and what becomes of it.
type rule struct {
	name    string // of the detector or the pattern
	pattern string
	action  action
}

// settings are a configuration.
type settings struct {
	rules       []rule
	replacement string
	key         string
	in          []string
}

func parse(config []byte) (settings, error) {
	s := settings{replacement: "[REDACTED:{name}]", in: []string{sdk.ChangeBody, sdk.ChangeAttributes}}
	detect, common := kinds, replace
	var patterns []rule
	var actions []conf.Member
	err := conf.Read(config, keys, func(key string, v *conf.Value) (err error) {
		switch key {
		case "detect":
			detect, err = namesOf(v, kinds)
		case "patterns":
			patterns, err = patternsOf(v)
		case "action":
			common, err = actionOf(v)
		case "actions":
			if actions = v.Members; v.Kind != conf.Object {
				err = errors.New("it must be an object: for names of detectors and patterns, an action")
			}
		case "replacement":
			s.replacement, err = textOf(v, maxReplacement)
		case "key":
			if s.key, err = textOf(v, 1<<10); err == nil && len(s.key) < leastKey {
				err = errors.New("it must have " + strconv.Itoa(leastKey) + " bytes at least")
			}
		case "in":
			if s.in, err = namesOf(v, []string{sdk.ChangeBody, sdk.ChangeAttributes}); err == nil && len(s.in) == 0 {
				err = errors.New("it must have `body` or `attributes`")
			}
		}
		return err
	})
	if err != nil {
		return s, err
	}
	for _, name := range detect {
		s.rules = append(s.rules, rule{name: name})
	}
	s.rules = append(s.rules, patterns...)
	return s, s.finish(common, actions)
}

// finish gives each rule its action.
func (s *settings) finish(common action, actions []conf.Member) error {
	if len(s.rules) == 0 {
		return errors.New("`detect` and `patterns` are empty: there is nothing to do")
	}
	for i := range s.rules {
		s.rules[i].action = common
	}
	for _, m := range actions {
		i := slices.IndexFunc(s.rules, func(r rule) bool { return r.name == m.Key })
		if i < 0 {
			return errors.New("`actions`: " + strconv.Quote(m.Key) + " is in neither `detect` nor `patterns`")
		}
		a, err := actionOf(&m.Value)
		if err != nil {
			return errors.New("`actions`: " + strconv.Quote(m.Key) + ": " + err.Error())
		}
		s.rules[i].action = a
	}
	if s.key == "" && slices.ContainsFunc(s.rules, func(r rule) bool { return r.action == hash }) {
		return errors.New("`key` is missing: the action `hash` needs one, lest everybody can find a number by trying all; take 32 random bytes in hex, of the environment")
	}
	return nil
}

func namesOf(v *conf.Value, known []string) ([]string, error) {
	names, err := v.AsNames(len(known))
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, errors.New(strconv.Quote(name) + " is not one of " + strings.Join(known, ", "))
		}
	}
	return names, err
}

func actionOf(v *conf.Value) (action, error) {
	s, _ := v.AsText()
	i := slices.Index(actionNames, s)
	if i < 0 || v.Kind != conf.String {
		return 0, errors.New("it must be " + strings.Join(actionNames, ", "))
	}
	return action(i), nil
}

func textOf(v *conf.Value, most int) (string, error) {
	s, err := v.AsText()
	if err == nil && len(s) > most {
		err = errors.New("it must have " + strconv.Itoa(most) + " bytes at most")
	}
	return s, err
}

// patternsOf are regular expressions by their names. The host compiles them, and refuses those that are wrong.
func patternsOf(v *conf.Value) ([]rule, error) {
	if v.Kind != conf.Object || len(v.Members) > maxPatterns {
		return nil, errors.New("it must be an object of at most " + strconv.Itoa(maxPatterns) + " regular expressions by their names")
	}
	var out []rule
	for i := range v.Members {
		m := &v.Members[i]
		if !isName(m.Key) || slices.Contains(kinds, m.Key) {
			return nil, errors.New(strconv.Quote(m.Key) + " must be a name of 1 to " + strconv.Itoa(maxName) + " letters, digits, - and _, and not that of a detector")
		}
		pattern, err := textOf(&m.Value, sdk.MaxPattern)
		if err == nil && pattern == "" {
			err = errors.New("it is empty")
		}
		if err != nil {
			return nil, errors.New(strconv.Quote(m.Key) + ": " + err.Error())
		}
		out = append(out, rule{name: m.Key, pattern: pattern})
	}
	return out, nil
}

func isName(s string) bool {
	return s != "" && len(s) <= maxName && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}
