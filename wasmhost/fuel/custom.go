// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fuel

import "strings"

// stale are the custom sections that refer to offsets in the code, which move.
var stale = []string{".debug_", "reloc.", "metadata.code."}

// custom is 5.5.3. The section "name" is kept, since it makes the engine's stack traces
// readable; other tools' sections are kept as they are.
func (w *rewriter) custom() []byte {
	name := w.name()
	for _, prefix := range stale {
		if strings.HasPrefix(name, prefix) {
			w.drop = true
		}
	}
	if name == "name" {
		w.names()
	}
	w.pos = w.end
	return nil
}

// names reads a section of names: appendix, 7.4.1. The specification would have a broken
// one ignored, but wazero refuses it, and allocates for the counts that it claims.
func (w *rewriter) names() {
	if w.named {
		w.fail("there are two sections of names: strip the module")
	}
	w.named = true
	for w.more() {
		id := w.byte()
		w.within(int(w.u32()), func() { w.subsection(id) })
	}
}

func (r *reader) subsection(id byte) {
	switch id {
	case 0: // of the module
		r.name()
	case 1: // of functions
		r.nameMap()
	case 2: // of locals
		for n := r.count("functions", 2); n > 0 && r.err == nil; n-- {
			r.u32()
			r.nameMap()
		}
	default:
		r.pos = r.end
	}
}

func (r *reader) nameMap() {
	for n := r.count("names", 2); n > 0 && r.err == nil; n-- {
		r.u32()
		r.name()
	}
}
