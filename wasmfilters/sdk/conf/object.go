// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package conf

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// Read reads a configuration that is an object, and calls set with each of its
// keys, all of which must be known. What set returns is put behind the key.
func Read(config []byte, known []string, set func(key string, v *Value) error) error {
	v, err := Parse(config)
	if err != nil {
		return err
	}
	if v.Kind != Object {
		return errors.New("configuration: it is " + v.Kind.String() + ", must be an object with the keys " + list(known))
	}
	for i := range v.Members {
		m := &v.Members[i]
		if !slices.Contains(known, m.Key) {
			return errors.New("key `" + m.Key + "` is not known; " + list(known) + " are")
		}
		if err := set(m.Key, &m.Value); err != nil {
			return errors.New("`" + m.Key + "`: " + err.Error())
		}
	}
	return nil
}

// list names keys in a sentence.
func list(keys []string) string {
	last := len(keys) - 1
	if last == 0 {
		return "`" + keys[0] + "`"
	}
	return "`" + strings.Join(keys[:last], "`, `") + "` and `" + keys[last] + "`"
}

// AsIntBetween is the whole number from least to most that the value is.
func (v *Value) AsIntBetween(least, most uint64) (int, error) {
	n, err := v.AsUint(most)
	if err != nil || n < least {
		return 0, errors.New("it must be a whole number from " + strconv.FormatUint(least, 10) + " to " + strconv.FormatUint(most, 10))
	}
	return int(n), nil
}

// AsNames is the list of different texts, none of which is empty, that the value is.
func (v *Value) AsNames(most int) ([]string, error) {
	if v.Kind != List || len(v.List) > most {
		return nil, errors.New("it must be a list of at most " + strconv.Itoa(most) + " texts")
	}
	var out []string
	for i := range v.List {
		s, err := v.List[i].AsText()
		if err != nil || s == "" {
			return nil, errors.New("entry " + strconv.Itoa(i+1) + ": it must be a text that is not empty")
		}
		if slices.Contains(out, s) {
			return nil, errors.New("entry " + strconv.Itoa(i+1) + ": " + strconv.Quote(s) + " is there twice")
		}
		out = append(out, s)
	}
	return out, nil
}
