// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package sealpdata seals and unseals spans and log records, in place. What is
// sealed of a record becomes one blob in it; docs/sealed-format.md has the format.
package sealpdata

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sealgate/sealgate/seal"
)

// Mode says how much of a record is sealed.
type Mode int

// The modes.
const (
	// ModeRecord seals everything that a backend does not need to show a waterfall.
	ModeRecord Mode = iota
	// ModeFields seals the chosen attributes, and bodies of logs.
	ModeFields
)

// Options are what a Policy is made of. In a pattern * stands for any characters.
type Options struct {
	Mode       Mode
	Keep       []string       // ModeRecord: patterns of the attributes that stay in the clear
	Attributes []string       // ModeFields: patterns of the attributes to seal
	Search     []string       // names of the attributes for which a token is left
	Tokens     *seal.TokenKey // makes the tokens; needed with Search
	OnSealed   func(Sizes)    // is told of every request that was sealed; may be nil
}

// Sizes are the bytes of the blobs of one request. Shared ones of resources and scopes are in
// Resource alone.
type Sizes struct {
	Plain      int // encoded
	Compressed int
	Sealed     int // as text in the records
	Resource   int // the largest blob of a resource with the wrapped key, as text
}

// Policy decides what is sealed, and seals it. It does not change and is safe for
// concurrent use.
type Policy struct {
	record bool
	keys   *keyTable
	caches caches
	sealed func(Sizes)
}

// New returns the Policy of o.
func New(o Options) (*Policy, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	p := &Policy{record: o.Mode == ModeRecord, keys: newKeyTable(o), sealed: o.OnSealed}
	if p.sealed == nil {
		p.sealed = func(Sizes) {}
	}
	return p, nil
}

func (o *Options) validate() error {
	switch o.Mode {
	case ModeRecord:
		if len(o.Attributes) > 0 {
			return errors.New("`attributes` is for the mode `fields`; in the mode `record` every attribute is sealed that is not on `keep`")
		}
	case ModeFields:
		if len(o.Attributes) == 0 {
			return errors.New("`attributes` is empty: the mode `fields` seals the attributes that it names, such as user.* or db.query.text")
		}
	default:
		return fmt.Errorf("there is no mode %d; use `record` or `fields`", o.Mode)
	}
	return errors.Join(validatePatterns("keep", o.Keep), validatePatterns("attributes", o.Attributes), o.validateSearch())
}

func validatePatterns(option string, patterns []string) error {
	for i, p := range patterns {
		switch {
		case p == "":
			return fmt.Errorf("`%s`: pattern %d is empty; use the name of an attribute, or * for all", option, i+1)
		case strings.TrimSpace(p) != p:
			return fmt.Errorf("`%s`: pattern %q begins or ends with white space; remove it", option, p)
		case option == "keep" && reserved(p):
			return fmt.Errorf("`%s`: pattern %q: attributes whose names begin with %q or %q are Sealgate's own, and those that come in are always sealed; remove it", option, p, sealedPrefix, tokenPrefix)
		}
	}
	return nil
}

func (o *Options) validateSearch() error {
	for i, name := range o.Search {
		switch {
		case name == "":
			return fmt.Errorf("`search`: name %d is empty; use the name of an attribute", i+1)
		case strings.TrimSpace(name) != name:
			return fmt.Errorf("`search`: %q begins or ends with white space; remove it", name)
		case strings.Contains(name, "*"):
			return fmt.Errorf("`search`: %q has a wildcard; name each attribute", name)
		case reserved(name):
			return fmt.Errorf("`search`: %q: no token is made for attributes whose names begin with %q or %q; remove it", name, sealedPrefix, tokenPrefix)
		}
	}
	if len(o.Search) > 0 && o.Tokens == nil {
		return errors.New("`search` names attributes, but there is no search key to make tokens with")
	}
	return o.validateTokens()
}

// validateTokens refuses a token beside its value in the clear: everyone who sees the
// backend could look up which value has which token.
func (o *Options) validateTokens() error {
	for _, name := range o.Search {
		switch {
		case o.Mode == ModeRecord && matchesAny(o.Keep, name):
			return fmt.Errorf("`search`: %q is also on `keep`, which leaves its value in the clear beside its token; remove it from one of them", name)
		case o.Mode == ModeFields && !matchesAny(o.Attributes, name):
			return fmt.Errorf("`search`: %q is not on `attributes`, so its value stays in the clear beside its token; add it to `attributes`, or remove it from `search`", name)
		}
	}
	return nil
}

func matchesAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return newPattern(p).match(name) })
}
