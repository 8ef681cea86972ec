// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func FuzzVerdicts(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0}, 2, 1)
	f.Add([]byte{2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0}, 2, 0)
	f.Add([]byte{3}, 1, 1)
	f.Fuzz(func(t *testing.T, b []byte, n, rules int) {
		n, rules = min(max(n, 0), maxChunkRecords), min(max(rules, 0), maxRules)
		out := make([]Verdict, n)
		if decodeVerdicts(b, rules, out) != nil {
			return
		}
		var owed, claimed uint64
		for _, v := range out {
			assert.LessOrEqual(t, v.Action, Represent)
			assert.LessOrEqual(t, int(v.Rule), rules)
			assert.Equal(t, ByGuest, v.Reason)
			owed += v.Action.owed()
			claimed += uint64(v.Represents)
		}
		assert.LessOrEqual(t, claimed, owed)
		assert.Len(t, b, n*verdictSize)
	})
}

func FuzzReports(f *testing.F) {
	good := make([]byte, 2*reportSize)
	good[34], good[40] = 1, 3
	f.Add(good, []byte("abcdef"), 3)
	f.Add(good[:47], []byte{}, 0)
	f.Fuzz(func(t *testing.T, b, memory []byte, rules int) {
		rules = min(max(rules, 0), maxRules)
		read := func(at, size uint32) ([]byte, bool) {
			if uint64(at)+uint64(size) > uint64(len(memory)) {
				return nil, false
			}
			return memory[at : at+size], true
		}
		reports, err := decodeReports(b, rules, read)
		if err != nil {
			return
		}
		assert.Len(t, b, len(reports)*reportSize)
		for _, r := range reports {
			assert.LessOrEqual(t, int(r.Rule), rules)
			assert.LessOrEqual(t, len(r.Text), maxText)
			assert.LessOrEqual(t, r.Kind, KeyBodyHash)
		}
	})
}

func FuzzManifest(f *testing.F) {
	f.Add([]byte(oneRule))
	f.Add([]byte(`{"columns":["attr:x","needles"],"needles":[{"text":"a*b","glob":true,"fold":true}],"requires":[]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decodeManifest(b)
		if err != nil {
			return
		}
		p, err := newPlan(m)
		if err != nil {
			return
		}
		assert.Len(t, p.columns, len(m.Columns))
		assert.LessOrEqual(t, p.needles.words, 4)
		e := newEncoder(p)
		batch := mixed(3, 2)
		assert.Equal(t, 3, e.gather(batch, iota32(3), largest(10)))
		e.writeColumns(make([]byte, e.bytes()), batch)
	})
}
