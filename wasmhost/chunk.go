// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"encoding/binary"
	"slices"

	"github.com/sealgate/sealgate/wasmhost/columns"
)

const (
	headSize      = 32
	directorySize = 8 // of a column
	maxTextSize   = 64 << 10
	noText        = 0xFFFFFFFF
	flagTrial     = 1

	// maxChunkText is where a chunk ends early: a guest may read every byte of it, at some five
	// units of fuel a byte.
	maxChunkText = 512 << 10
	// recordWeight is what a record counts for in the weight of a chunk, beside the bytes of its texts.
	recordWeight = 64
)

var le = binary.LittleEndian

// text is a value of a column of texts.
type text struct {
	s      string
	absent bool
}

// encoder writes chunks. It belongs to one instance and keeps its scratch, so that it allocates
// nothing once it has seen the largest chunk.
type encoder struct {
	plan   *plan
	masker columns.Masker

	// Of the chunk that was gathered last.
	records    []int32 // as Records numbers them
	resources  []int32
	resource   []uint16 // of each record, an index of resources
	bodies     []string
	texts      [][]text // for each column of texts of records, in the order of the plan
	resTexts   [][]text
	templates  []uint64
	identities []uint64
	sizes      []int // about the bytes of each record in OTLP
	textSize   int

	identifier *identifier // nil where no identity is wanted
	matches    *matches    // nil where no matches are wanted
}

func newEncoder(p *plan) *encoder {
	e := &encoder{plan: p, texts: make([][]text, p.texts), resTexts: make([][]text, p.resTexts)}
	if p.identity != nil {
		e.identifier = newIdentifier(*p.identity, &e.masker)
	}
	if p.detectors != nil {
		e.matches = newMatches(p)
	}
	return e
}

// gather takes as many of the records as make a chunk, at least one, and returns their number.
func (e *encoder) gather(recs Records, records []int32, most size) int {
	n := min(len(records), most.records)
	e.reset()
	if e.plan.texts+e.plan.resTexts > 0 || e.matches != nil {
		n = e.gatherTexts(recs, records[:n], most.weight)
	} else {
		n = min(n, max(1, most.weight/recordWeight))
		e.gatherResources(recs, records[:n])
	}
	e.records = records[:n]
	if e.plan.bodies && len(e.bodies) == 0 {
		for _, i := range e.records {
			e.bodies = append(e.bodies, recs.Body(int(i)))
		}
	}
	return n
}

// reset forgets the strings of the last chunk too: they keep the caller's batch alive.
func (e *encoder) reset() {
	clear(e.bodies)
	e.bodies, e.resources, e.resource, e.textSize = e.bodies[:0], e.resources[:0], e.resource[:0], 0
	for i := range e.texts {
		clear(e.texts[i])
		e.texts[i] = e.texts[i][:0]
	}
	if e.identifier != nil {
		e.identifier.reset()
	}
	if e.matches != nil {
		e.matches.reset()
	}
	for i := range e.resTexts {
		clear(e.resTexts[i])
		e.resTexts[i] = e.resTexts[i][:0]
	}
}

func (e *encoder) gatherResources(recs Records, records []int32) {
	if recs.Resources() == 1 {
		e.resources = append(e.resources, 0)
		e.resource = zeros(e.resource, len(records))
		return
	}
	last := int32(-1)
	for _, i := range records {
		r := int32(recs.Resource(int(i)))
		if r != last {
			e.resources = append(e.resources, r)
			last = r
		}
		e.resource = append(e.resource, uint16(len(e.resources)-1))
	}
}

// zeros is s with n zeros and no more.
func zeros(s []uint16, n int) []uint16 {
	s = slices.Grow(s[:0], n)[:n]
	clear(s)
	return s
}

// gatherTexts gathers record by record, since their texts decide where the chunk ends.
func (e *encoder) gatherTexts(recs Records, records []int32, weight int) int {
	last := int32(-1)
	for n, i := range records {
		if n > 0 && (e.textSize >= maxChunkText || e.textSize+n*recordWeight >= weight) {
			return n
		}
		if r := int32(recs.Resource(int(i))); r != last {
			e.resources = append(e.resources, r)
			e.gatherResource(recs, int(r))
			last = r
		}
		e.resource = append(e.resource, uint16(len(e.resources)-1))
		e.gatherRecord(recs, int(i))
	}
	return len(records)
}

func (e *encoder) gatherRecord(recs Records, i int) {
	if e.plan.bodies {
		e.bodies = append(e.bodies, recs.Body(i))
	}
	t := 0
	for _, c := range e.plan.columns {
		if !c.isText() {
			continue
		}
		e.texts[t] = append(e.texts[t], e.take(e.textOf(recs, i, c)))
		t++
	}
	if e.matches != nil {
		e.textSize += e.matches.add(recs, i)
	}
}

func (e *encoder) textOf(recs Records, i int, c column) (string, bool) {
	switch c.kind {
	case columnBody:
		return e.bodies[len(e.bodies)-1], true
	case columnEventName:
		return recs.EventName(i), true
	default:
		return recs.Attribute(i, c.name)
	}
}

func (e *encoder) gatherResource(recs Records, r int) {
	t := 0
	for _, c := range e.plan.columns {
		if c.kind == columnResourceAttribute {
			e.resTexts[t] = append(e.resTexts[t], e.take(recs.ResourceAttribute(r, c.name)))
			t++
		}
	}
}

func (e *encoder) take(s string, ok bool) text {
	if !ok {
		return text{absent: true}
	}
	s = s[:min(len(s), maxTextSize)]
	e.textSize += len(s)
	return text{s: s}
}

// key is what the host knows record k of the chunk by, see owed.
func (e *encoder) key(k int) uint64 {
	switch {
	case e.identifier != nil:
		return e.identities[k]
	case e.plan.templates:
		return e.templates[k]
	}
	return 0
}

// taken is the size of the chunk that was gathered last.
func (e *encoder) taken() size {
	return size{len(e.records), len(e.records)*recordWeight + e.textSize}
}

func align8(n int) int { return (n + 7) &^ 7 }

// bytes is the length of the gathered chunk.
func (e *encoder) bytes() int {
	size, t, rt := align8(e.headSize()), 0, 0
	for _, c := range e.plan.columns {
		size = align8(size + e.columnSize(c, &t, &rt))
	}
	return size
}

func (e *encoder) headSize() int { return headSize + directorySize*len(e.plan.columns) }

func (e *encoder) columnSize(c column, t, rt *int) int {
	n := len(e.records)
	switch c.kind {
	case columnSeverity, columnProtected:
		return n
	case columnResource:
		return 2 * n
	case columnBodySize:
		return 4 * n
	case columnResourceKey:
		return 8 * len(e.resources)
	case columnNeedles:
		return 8 * n * e.plan.needles.words
	case columnTraceID:
		return 16 * n
	case columnMatches:
		return e.matches.size()
	case columnBody, columnEventName, columnAttribute:
		*t++
		return textsSize(e.texts[*t-1])
	case columnResourceAttribute:
		*rt++
		return textsSize(e.resTexts[*rt-1])
	}
	return 8 * n // time, body_hash, template, identity
}

func textsSize(texts []text) int {
	size := 8 * len(texts)
	for _, t := range texts {
		size += len(t.s)
	}
	return size
}

// writeHead writes the fixed part of the head.
func (e *encoder) writeHead(b []byte, now uint64, flags uint32) {
	le.PutUint32(b, uint32(e.headSize()))
	le.PutUint32(b[4:], uint32(len(e.records)))
	le.PutUint32(b[8:], uint32(len(e.resources)))
	le.PutUint32(b[12:], uint32(len(e.plan.columns)))
	le.PutUint64(b[16:], now)
	le.PutUint32(b[24:], flags)
	le.PutUint32(b[28:], 0)
}

// writeColumns writes the gathered chunk but for the fixed part of its head. The buffer is as long as
// bytes says.
func (e *encoder) writeColumns(b []byte, recs Records) {
	if e.plan.templates {
		e.findTemplates()
	}
	at, t, rt := e.headSize(), 0, 0 // a multiple of 8
	for i, c := range e.plan.columns {
		texts, resTexts := t, rt
		size := e.columnSize(c, &t, &rt)
		le.PutUint32(b[headSize+directorySize*i:], uint32(at))
		le.PutUint32(b[headSize+directorySize*i+4:], uint32(size))
		end := align8(at + size)
		clear(b[at+size : end])
		e.writeColumn(b[at:at+size], recs, c, texts, resTexts)
		at = end
	}
}

func (e *encoder) writeColumn(b []byte, recs Records, c column, t, rt int) {
	switch c.kind {
	case columnBody, columnEventName, columnAttribute:
		writeTexts(b, e.texts[t])
	case columnResourceAttribute:
		writeTexts(b, e.resTexts[rt])
	case columnMatches:
		e.matches.write(b)
	case columnBodySize, columnBodyHash, columnTemplate, columnNeedles, columnIdentity:
		e.writeDerived(b, recs, c)
	default:
		e.writeRaw(b, recs, c)
	}
}

func (e *encoder) writeDerived(b []byte, recs Records, c column) {
	switch c.kind {
	case columnBodySize:
		for k, body := range e.bodies {
			le.PutUint32(b[4*k:], uint32(min(uint64(len(body)), noText)))
		}
	case columnBodyHash:
		for k, body := range e.bodies {
			le.PutUint64(b[8*k:], columns.Hash(body))
		}
	case columnTemplate:
		writeNumbers(b, e.templates)
	case columnIdentity:
		e.findIdentities(recs)
		writeNumbers(b, e.identities)
	case columnNeedles:
		if e.plan.unspecified {
			e.plan.needles.writeUnspecified(b, e.bodies, recs, e.records)
		} else {
			e.plan.needles.write(b, e.bodies)
		}
	}
}

// findTemplates keeps the ids: what is in the guest's memory is the guest's.
func (e *encoder) findTemplates() {
	e.templates = e.templates[:0]
	for _, body := range e.bodies {
		e.templates = append(e.templates, e.masker.ID(body))
	}
}

// recordOverhead is about what OTLP adds to the body and the attributes of a record, in bytes: times, severity, lengths.
const recordOverhead = 32

// findIdentities finds identities and sizes, and keeps both.
func (e *encoder) findIdentities(recs Records) {
	e.identities, e.sizes = e.identities[:0], e.sizes[:0]
	for k, i := range e.records {
		var template uint64
		if e.plan.templates {
			template = e.templates[k]
		}
		id, size := e.identifier.of(recs, int(i), e.bodies[k], template)
		e.identities = append(e.identities, id)
		e.sizes = append(e.sizes, recordOverhead+len(e.bodies[k])+size)
	}
}

func writeNumbers(b []byte, numbers []uint64) {
	for k, n := range numbers {
		le.PutUint64(b[8*k:], n)
	}
}

func (e *encoder) writeRaw(b []byte, recs Records, c column) {
	switch c.kind {
	case columnTime:
		for k, i := range e.records {
			le.PutUint64(b[8*k:], recs.Time(int(i)))
		}
	case columnSeverity:
		for k, i := range e.records {
			b[k] = recs.Severity(int(i))
		}
	case columnResource:
		for k, r := range e.resource {
			le.PutUint16(b[2*k:], r)
		}
	case columnResourceKey:
		for k, r := range e.resources {
			le.PutUint64(b[8*k:], recs.ResourceKey(int(r)))
		}
	case columnTraceID:
		for k, i := range e.records {
			id := recs.TraceID(int(i))
			copy(b[16*k:], id[:])
		}
	case columnProtected:
		for k, i := range e.records {
			b[k] = 0
			if recs.Protected(int(i)) {
				b[k] = 1
			}
		}
	}
}

func writeTexts(b []byte, texts []text) {
	at := 8 * len(texts)
	for k, t := range texts {
		le.PutUint32(b[8*k:], uint32(at))
		if t.absent {
			le.PutUint32(b[8*k+4:], noText)
			continue
		}
		le.PutUint32(b[8*k+4:], uint32(len(t.s)))
		at += copy(b[at:], t.s)
	}
}
