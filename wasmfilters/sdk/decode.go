// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdk

import (
	"encoding/binary"
	"errors"
	"strconv"
)

const (
	fixedHead  = 32 // bytes of the head before its directory
	maxRecords = 65535
)

// Decoder reads chunks with the columns of one manifest. It holds one chunk,
// which every call of Decode overwrites, so that it allocates once.
type Decoder struct {
	shapes []shape
	words  int
	chunk  Chunk
}

// NewDecoder prepares for the columns and needles of a manifest.
func NewDecoder(m *Manifest) (*Decoder, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	d := &Decoder{words: m.words()}
	d.chunk.names = m.Columns
	d.chunk.texts = make([]Texts, len(m.Columns))
	for _, name := range m.Columns {
		d.shapes = append(d.shapes, shapeOf(name))
	}
	return d, nil
}

// DecodeChunk reads one chunk for a manifest.
func DecodeChunk(m *Manifest, b []byte) (*Chunk, error) {
	d, err := NewDecoder(m)
	if err != nil {
		return nil, err
	}
	return d.Decode(b)
}

// Decode reads a chunk. It believes nothing: what it returns can be used
// without a further look, whatever b is. The chunk refers to b.
func (d *Decoder) Decode(b []byte) (*Chunk, error) {
	directory, err := d.head(b)
	if err != nil {
		return nil, err
	}
	for i, s := range d.shapes {
		entry := directory[8*i:]
		start, size := binary.LittleEndian.Uint32(entry), binary.LittleEndian.Uint32(entry[4:])
		if start%8 != 0 || uint64(start)+uint64(size) > uint64(len(b)) {
			return nil, d.bad(i, "does not lie in the chunk, at a multiple of 8")
		}
		if problem := d.column(i, s, b[start:start+size]); problem != "" {
			return nil, d.bad(i, problem)
		}
	}
	return &d.chunk, nil
}

// head reads the head and returns the directory.
func (d *Decoder) head(b []byte) ([]byte, error) {
	if len(b) < fixedHead {
		return nil, errors.New("chunk: shorter than its head of 32 bytes")
	}
	word := func(at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
	size, columns := uint64(word(0)), uint64(word(12))
	if columns != uint64(len(d.shapes)) {
		return nil, errors.New("chunk: it has " + strconv.FormatUint(columns, 10) + " columns, the manifest " + strconv.Itoa(len(d.shapes)))
	}
	if size < fixedHead+8*columns || size > uint64(len(b)) {
		return nil, errors.New("chunk: size of the head is " + strconv.FormatUint(size, 10))
	}
	c := &d.chunk
	if n := word(4); n == 0 || n > maxRecords {
		return nil, errors.New("chunk: it has " + strconv.FormatUint(uint64(n), 10) + " records, 1 to 65535 are possible")
	}
	c.records = int(word(4))
	if word(8) > maxRecords+1 {
		return nil, errors.New("chunk: more resources than a record can name")
	}
	c.resources = int(word(8))
	c.now, c.flags, c.w = binary.LittleEndian.Uint64(b[16:]), word(24), d.words
	// The directory ends the head, so that the fixed part can grow.
	return b[size-8*columns : size], nil
}

// column reads column i and returns what is wrong with it, if anything.
func (d *Decoder) column(i int, s shape, b []byte) string {
	c := &d.chunk
	n := c.records
	if s.perResource {
		n = c.resources
	}
	width := s.width
	if s.id == needlesColumn {
		width = 8 * c.w
	}
	if s.id != textColumn && s.id != matchesColumn && len(b) != n*width {
		return "has a wrong size"
	}
	switch s.id {
	case timeColumn:
		c.time = view[uint64](b)
	case severityColumn:
		c.severity = b
	case resourceColumn:
		c.resource = view[uint16](b)
		return outOfRange(c.resource, c.resources)
	case resourceKeyColumn:
		c.resourceKey = view[uint64](b)
	case bodySizeColumn:
		c.bodySize = view[uint32](b)
	case bodyHashColumn:
		c.bodyHash = view[uint64](b)
	case templateColumn:
		c.template = view[uint64](b)
	case identityColumn:
		c.identity = view[uint64](b)
	case needlesColumn:
		c.needles = view[uint64](b)
	case traceIDColumn:
		c.traceID = b
	case protectedColumn:
		c.protected = b
	case matchesColumn:
		if !c.matches.reset(b, n) {
			return "has a match that does not lie in it"
		}
	case textColumn:
		if !c.texts[i].reset(b, n) {
			return "has a text that does not lie in it"
		}
	}
	return ""
}

func outOfRange(resource []uint16, n int) string {
	for _, r := range resource {
		if int(r) >= n {
			return "names a resource that is not in the chunk"
		}
	}
	return ""
}

func (d *Decoder) bad(i int, problem string) error {
	return errors.New("chunk: column " + strconv.Quote(d.chunk.names[i]) + " " + problem)
}
