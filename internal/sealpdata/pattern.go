// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sealpdata

import "strings"

// pattern is what has to be in a name, in this order, with anything between.
type pattern []string

func newPattern(s string) pattern { return strings.Split(s, "*") }

func (p pattern) match(name string) bool {
	first, last := p[0], p[len(p)-1]
	if len(p) == 1 {
		return name == first
	}
	if !strings.HasPrefix(name, first) {
		return false
	}
	name = name[len(first):]
	for _, part := range p[1 : len(p)-1] {
		i := strings.Index(name, part)
		if i < 0 {
			return false
		}
		name = name[i+len(part):]
	}
	return strings.HasSuffix(name, last)
}
