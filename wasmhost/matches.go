// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import "github.com/sealgate/sealgate/wasmhost/detect"

const (
	matchSize = 16 // bytes in the column `matches`, its text left out
	// matchWeight is what a match counts for in the weight of a chunk and in its fuel, beside the bytes of its text.
	matchWeight = 64
)

// match is one of a chunk.
type match struct {
	place
	detector int
	text     string
}

// place is where a match stands in its record.
type place struct {
	text       int // as Records.Texts counts them, from 0
	start, end int // bytes
	attribute  bool
}

// matches are those of the detectors in a chunk.
type matches struct {
	plan  *plan
	first []int // of each record, the index of its first match
	all   []match
	bytes int // of the texts

	texts int // of the record that is looked at
	found []detect.Match
	visit func(Text)
}

func newMatches(p *plan) *matches {
	m := &matches{plan: p}
	m.visit = m.look // made once: a method value is an allocation
	return m
}

func (m *matches) reset() {
	clear(m.all)
	m.first, m.all, m.bytes = m.first[:0], m.all[:0], 0
}

// add looks at a record, and returns the weight of its matches.
func (m *matches) add(recs Records, i int) int {
	m.first = append(m.first, len(m.all))
	matches, bytes := len(m.all), m.bytes
	m.texts = 0
	recs.Texts(i, m.visit)
	return matchWeight*(len(m.all)-matches) + m.bytes - bytes
}

func (m *matches) look(t Text) {
	m.texts++
	if t.Attribute && !m.plan.attr || !t.Attribute && !m.plan.body {
		return
	}
	m.found = m.plan.detectors.Find(m.found[:0], t.Name, t.Value)
	for _, f := range m.found {
		m.all = append(m.all, match{place{m.texts - 1, f.Start, f.End, t.Attribute}, f.Detector, t.Value[f.Start:f.End]})
		m.bytes += f.End - f.Start
	}
}

// of is where a match stands, if record k of the chunk has it.
func (m *matches) of(k, index int) (place, bool) {
	if m == nil || index < m.first[k] || index >= m.next(k) {
		return place{}, false
	}
	return m.all[index].place, true
}

// next is the first match of the record after k.
func (m *matches) next(k int) int {
	if k+1 < len(m.first) {
		return m.first[k+1]
	}
	return len(m.all)
}

func (m *matches) head() int { return align8(4 * (len(m.first) + 1)) }

func (m *matches) size() int { return m.head() + matchSize*len(m.all) + m.bytes }

// write writes the column; see docs/wasm-abi.md.
func (m *matches) write(b []byte) {
	for k, first := range m.first {
		le.PutUint32(b[4*k:], uint32(first))
	}
	le.PutUint32(b[4*len(m.first):], uint32(len(m.all)))
	clear(b[4*(len(m.first)+1) : m.head()])
	at := m.head() + matchSize*len(m.all)
	for k, x := range m.all {
		entry := b[m.head()+matchSize*k:]
		le.PutUint32(entry, uint32(x.detector))
		le.PutUint32(entry[4:], uint32(x.place.text))
		le.PutUint32(entry[8:], uint32(at))
		le.PutUint32(entry[12:], uint32(len(x.text)))
		at += copy(b[at:], x.text)
	}
}
