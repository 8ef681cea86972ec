// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdk

// Chunk is some log records, column by column. Columns that were not asked for
// are nil. All of it is good until Judge returns.
type Chunk struct {
	now                   uint64
	flags                 uint32
	records, resources, w int
	time                  []uint64
	severity              []uint8
	resource              []uint16
	resourceKey           []uint64
	bodySize              []uint32
	bodyHash              []uint64
	template              []uint64
	identity              []uint64
	needles               []uint64
	traceID               []byte
	protected             []uint8
	matches               matches
	patches               *Patches
	names                 []string
	texts                 []Texts // by position in names; the zero value for other columns
}

// Len is the number of records: at least 1, at most 65535.
func (c *Chunk) Len() int { return c.records }

// Resources is the number of resources.
func (c *Chunk) Resources() int { return c.resources }

// Now is the time in nanoseconds since 1970. It never goes back.
func (c *Chunk) Now() uint64 { return c.now }

// Trial says that the records are replayed for a trial, without effect.
func (c *Chunk) Trial() bool { return c.flags&1 != 0 }

// Time is the time of each record in nanoseconds since 1970; 0 if it has none.
func (c *Chunk) Time() []uint64 { return c.time }

// Severity is the severity number of each record, 1 to 24; 0 if it is not known.
func (c *Chunk) Severity() []uint8 { return c.severity }

// Resource is which resource of this chunk each record has.
func (c *Chunk) Resource() []uint16 { return c.resource }

// ResourceKey is a number for each resource, the same in every chunk.
func (c *Chunk) ResourceKey() []uint64 { return c.resourceKey }

// BodySize is the size of each body in bytes.
func (c *Chunk) BodySize() []uint32 { return c.bodySize }

// BodyHash is the hash of each body, keyed per process of the host.
func (c *Chunk) BodyHash() []uint64 { return c.bodyHash }

// Template is the template id of each body, keyed per process of the host.
func (c *Chunk) Template() []uint64 { return c.template }

// Identity is a number for each record, the same for records that are repeats of each other: see
// Manifest.Identity.
func (c *Chunk) Identity() []uint64 { return c.identity }

// Needles has NeedleWords words for each record; needle i is bit i%64 of word i/64.
func (c *Chunk) Needles() []uint64 { return c.needles }

// NeedleWords is the number of words a record has in Needles.
func (c *Chunk) NeedleWords() int { return c.w }

// TraceID is the trace id of record i, 16 bytes; nil if it was not asked for.
func (c *Chunk) TraceID(i int) []byte {
	if c.traceID == nil {
		return nil
	}
	return c.traceID[i*16 : i*16+16 : i*16+16]
}

// Protected is 1 for each record that the host keeps whatever the verdict is,
// and 0 for the others.
func (c *Chunk) Protected() []uint8 { return c.protected }

// Texts is a column of text by its position in the manifest.
func (c *Chunk) Texts(column int) *Texts { return &c.texts[column] }

// TextsOf is a column of text by its name, nil if it was not asked for.
func (c *Chunk) TextsOf(name string) *Texts {
	for i := range c.names {
		if c.names[i] == name {
			return &c.texts[i]
		}
	}
	return nil
}

// Matches are the matches of the detectors in record i: those from first to before end; see Match.
func (c *Chunk) Matches(i int) (first, end int) { return c.matches.of(i) }

// MatchCount is how many matches the chunk has.
func (c *Chunk) MatchCount() int { return len(c.matches.entries) / matchSize }

// Match is a match of the chunk by its number: which detector has found it, and its text.
func (c *Chunk) Match(k int) (detector int, text []byte) { return c.matches.get(k) }

// Patches takes what the filter wants to change. Without a guest around it, nobody reads them.
func (c *Chunk) Patches() *Patches {
	if c.patches == nil {
		c.patches = &Patches{}
	}
	return c.patches
}

// Record is one record of the chunk.
func (c *Chunk) Record(i int) Record { return Record{c, i} }
