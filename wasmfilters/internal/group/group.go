// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package group tells records apart by what a configuration names.
package group

import (
	"github.com/cespare/xxhash/v2"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
)

// MaxAttributes is how many attributes can be named, of a record or of a resource.
const MaxAttributes = 16

// By is what records of one group have in common.
type By struct {
	Body, Template, Severity, Resource bool
	Attributes, ResourceAttributes     []string

	texts []text
}

// text is a column of text, by its position.
type text struct {
	column     int
	ofResource bool
}

// Columns appends what Key looks at. It is called once, after the configuration
// was read.
func (b *By) Columns(columns []string) []string {
	add := func(on bool, name string) {
		if on {
			columns = append(columns, name)
		}
	}
	add(b.Body, sdk.ColumnBodyHash)
	add(b.Template, sdk.ColumnTemplate)
	add(b.Resource, sdk.ColumnResourceKey)
	add(b.Resource || len(b.ResourceAttributes) > 0, sdk.ColumnResource)
	for _, name := range b.Attributes {
		b.texts = append(b.texts, text{len(columns), false})
		columns = append(columns, sdk.Attr(name))
	}
	for _, name := range b.ResourceAttributes {
		b.texts = append(b.texts, text{len(columns), true})
		columns = append(columns, sdk.ResourceAttr(name))
	}
	return columns
}

// Key is a number for record i, the same for all records of its group. It wants
// the column severity too.
func (b *By) Key(c *sdk.Chunk, i int) uint64 {
	var key uint64
	if b.Body {
		key = mix(key, c.BodyHash()[i])
	}
	if b.Template {
		key = mix(key, c.Template()[i])
	}
	if b.Severity {
		key = mix(key, uint64(c.Severity()[i]))
	}
	if b.Resource {
		key = mix(key, c.ResourceKey()[c.Resource()[i]])
	}
	for _, t := range b.texts {
		at := i
		if t.ofResource {
			at = int(c.Resource()[i])
		}
		var hash uint64 // of an attribute that is not there
		if s, ok := c.Texts(t.column).Get(at); ok {
			hash = xxhash.Sum64(s) | 1
		}
		key = mix(key, hash)
	}
	return key
}

// mix is a step of SplitMix64, so that numbers in another order make another key.
func mix(key, n uint64) uint64 {
	key = (key ^ n) + 0x9e3779b97f4a7c15
	key = (key ^ key>>30) * 0xbf58476d1ce4e5b9
	return key ^ key>>27
}
