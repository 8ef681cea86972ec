// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdk

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"strings"
)

// OneOf is a filter that becomes one of several: most of a module is Go's
// runtime, so that one with all of them is hardly longer than one with a single
// one. Its configuration is an object with one key, the name of a filter, whose
// value is the configuration of that filter; see ConfigOf.
func OneOf(filters map[string]func() Filter) Filter { return &oneOf{filters: filters} }

// ConfigOf is the configuration by which OneOf becomes the filter of a name.
func ConfigOf(name string, config []byte) []byte {
	out := append(appendString([]byte{'{'}, name), ':')
	return append(append(out, config...), '}')
}

type oneOf struct {
	Filter
	filters map[string]func() Filter
}

func (f *oneOf) Configure(config []byte) (Manifest, error) {
	name, inner := splitConfig(config)
	newFilter := f.filters[name]
	if newFilter == nil {
		known := strings.Join(slices.Sorted(maps.Keys(f.filters)), ", ")
		return Manifest{}, errors.New("configuration: it must be an object with one key, the name of a filter, and the configuration of that filter; there are: " + known)
	}
	f.Filter = newFilter()
	return f.Filter.Configure(inner)
}

// splitConfig is the reverse of ConfigOf, with white space. What it does not
// look at, the filter of that name will: the value is all that is left.
func splitConfig(config []byte) (name string, inner []byte) {
	const space = " \t\r\n"
	inner, opened := bytes.CutPrefix(bytes.Trim(config, space), []byte("{"))
	inner, closed := bytes.CutSuffix(inner, []byte("}"))
	key, inner, found := bytes.Cut(inner, []byte(":"))
	key = bytes.Trim(key, space)
	if !opened || !closed || !found || len(key) < 2 || key[0] != '"' || key[len(key)-1] != '"' {
		return "", nil
	}
	return string(key[1 : len(key)-1]), inner
}

func (f *oneOf) Flush(now uint64, last bool) []Report {
	if f, ok := f.Filter.(Flusher); ok {
		return f.Flush(now, last)
	}
	return nil
}

func (f *oneOf) SaveState() []byte {
	if f, ok := f.Filter.(Stateful); ok {
		return f.SaveState()
	}
	return nil
}

func (f *oneOf) RestoreState(state []byte) error {
	if f, ok := f.Filter.(Stateful); ok {
		return f.RestoreState(state)
	}
	return errNoState
}
