// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package conf

import (
	"errors"
	"strconv"
)

// Kind is what a value is.
type Kind uint8

const (
	Null Kind = iota
	Bool
	Number
	String
	List
	Object
)

// String names a kind in messages.
func (k Kind) String() string {
	return [...]string{"null", "a truth value", "a number", "a text", "a list", "an object"}[k]
}

// Value is a JSON value.
type Value struct {
	Kind    Kind
	Bool    bool
	Text    string // of a text, and the literal of a number
	List    []Value
	Members []Member // of an object, in its order, each key once
}

// Member is a key of an object and its value.
type Member struct {
	Key   string
	Value Value
}

// Get is the value of a key, nil if there is none.
func (v *Value) Get(key string) *Value {
	for i := range v.Members {
		if v.Members[i].Key == key {
			return &v.Members[i].Value
		}
	}
	return nil
}

// AsText is the text that the value is.
func (v *Value) AsText() (string, error) {
	if v.Kind != String {
		return "", errors.New("it is " + v.Kind.String() + ", must be a text")
	}
	return v.Text, nil
}

// AsBool is the truth value that the value is.
func (v *Value) AsBool() (bool, error) {
	if v.Kind != Bool {
		return false, errors.New("it is " + v.Kind.String() + ", must be true or false")
	}
	return v.Bool, nil
}

// AsTexts is the text, or the list of texts with at least one, that the value is.
func (v *Value) AsTexts() ([]string, error) {
	if v.Kind == String {
		return []string{v.Text}, nil
	}
	if v.Kind != List || len(v.List) == 0 {
		return nil, errors.New("it must be a text or a list of texts that is not empty")
	}
	out := make([]string, len(v.List))
	for i := range v.List {
		s, err := v.List[i].AsText()
		if err != nil {
			return nil, errors.New("entry " + strconv.Itoa(i+1) + ": " + err.Error())
		}
		out[i] = s
	}
	return out, nil
}

// AsUint is the whole number up to limit that the value is.
func (v *Value) AsUint(limit uint64) (uint64, error) {
	n, err := strconv.ParseUint(v.Text, 10, 64)
	if v.Kind != Number || err != nil || n > limit {
		return 0, errors.New("it must be a whole number from 0 to " + strconv.FormatUint(limit, 10))
	}
	return n, nil
}
