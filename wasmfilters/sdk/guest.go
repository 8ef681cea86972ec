// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdk

import "errors"

// Guest is a filter behind the ABI: what the exports of a module call, and what
// native tests call in their place.
type Guest struct {
	filter   Filter
	in       []uint64 // what the host writes to, aligned to 8
	decoder  *Decoder
	verdicts []Verdict
	manifest []byte
	reports  []byte
	state    []byte
	patches  Patches
	err      error
}

var errNoState = errors.New("state: this filter has none")

// NewGuest puts a filter behind the ABI.
func NewGuest(f Filter) *Guest { return &Guest{filter: f} }

// maxBuffer is more than any message of version 1 of the ABI has reason to be.
const maxBuffer = 64 << 20

// Buffer returns room for at least size bytes, nil if there is none. It is good
// until the next call.
func (g *Guest) Buffer(size uint32) []uint64 {
	words := (int64(size) + 7) / 8
	if size > maxBuffer {
		return nil
	}
	// What a state of megabytes needed once is given back.
	if tooBig := int64(cap(g.in)) > 1<<17 && words < int64(cap(g.in))/16; tooBig {
		g.in = nil
	}
	if g.in == nil || int64(cap(g.in)) < words {
		// A third more, lest every somewhat longer chunk make garbage.
		g.in = make([]uint64, max(512, words+words/3))
	}
	return g.in[:words]
}

// Configure returns the manifest as JSON.
func (g *Guest) Configure(config []byte) []byte {
	m, err := g.filter.Configure(config)
	if err == nil {
		g.decoder, err = NewDecoder(&m)
	}
	if err != nil {
		g.decoder = nil
		m = Manifest{Name: m.Name, Version: m.Version, Error: err.Error()}
	}
	g.manifest = m.appendJSON(g.manifest[:0])
	return g.manifest
}

// Filter returns the verdicts of a chunk; none if it is not one, see Err.
func (g *Guest) Filter(chunk []byte) []Verdict {
	if g.decoder == nil {
		g.err = errors.New("chunk: it came without a configuration that was accepted")
		return nil
	}
	g.patches.reset()
	c, err := g.decoder.Decode(chunk)
	if g.err = err; err != nil {
		return nil
	}
	if cap(g.verdicts) < c.records {
		g.verdicts = make([]Verdict, c.records+c.records/3)
	}
	v := g.verdicts[:c.records]
	clear(v)
	c.patches = &g.patches
	g.filter.Judge(c, v)
	return v
}

// Patches are those of the last chunk, as the host reads them.
func (g *Guest) Patches() []byte { return g.patches.encoded }

// Err says what was wrong with the last chunk.
func (g *Guest) Err() error { return g.err }

// Flush returns what the filter has to report.
func (g *Guest) Flush(now uint64, last bool) []Report {
	if f, ok := g.filter.(Flusher); ok && g.decoder != nil {
		return f.Flush(now, last)
	}
	return nil
}

// SaveState returns the state for a successor, nil if there is none.
func (g *Guest) SaveState() []byte {
	if f, ok := g.filter.(Stateful); ok && g.decoder != nil {
		g.state = f.SaveState()
	}
	return g.state
}

// RestoreState takes the state of a predecessor.
func (g *Guest) RestoreState(state []byte) error {
	f, ok := g.filter.(Stateful)
	if !ok || g.decoder == nil {
		return errNoState
	}
	return f.RestoreState(state)
}
