// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package edgenode

import "strings"

// part is a piece of a statement: fixed text, then a value.
type part struct {
	fixed string
	value value // nil: none
}

// compile reads a text with values in «». A list of alternatives («a|b») is one of them.
func compile(text string) []part {
	var parts []part
	for text != "" {
		fixed, rest, found := strings.Cut(text, "«")
		if !found {
			return append(parts, part{fixed: fixed})
		}
		inner, after, closed := strings.Cut(rest, "»")
		if !closed {
			panic("edge node: « without » in " + text)
		}
		parts = append(parts, part{fixed, newValue(inner)})
		text = after
	}
	return parts
}

func (r *run) write(parts []part) {
	for i := range parts {
		r.buf = append(r.buf, parts[i].fixed...)
		if parts[i].value != nil {
			parts[i].value(r)
		}
	}
}
