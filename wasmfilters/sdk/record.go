// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdk

// Record is one record of a chunk. What was not asked for in the manifest is
// zero. Bytes are good until Judge returns.
type Record struct {
	c *Chunk
	i int
}

// at is element i, or zero where there is no such column.
func at[T any](column []T, i int) (zero T) {
	if uint(i) < uint(len(column)) {
		return column[i]
	}
	return zero
}

// Index is the position in the chunk.
func (r Record) Index() int { return r.i }

// Now is the time of the chunk in nanoseconds since 1970.
func (r Record) Now() uint64 { return r.c.now }

// Time is the time of the record in nanoseconds since 1970.
func (r Record) Time() uint64 { return at(r.c.time, r.i) }

// Severity is the severity number, 1 to 24; 0 if it is not known.
func (r Record) Severity() uint8 { return at(r.c.severity, r.i) }

// BodySize is the size of the body in bytes.
func (r Record) BodySize() uint32 { return at(r.c.bodySize, r.i) }

// BodyHash is the hash of the body. It is equal for equal bodies within one process of the host, and keyed: another process
// has another hash for the same body.
func (r Record) BodyHash() uint64 { return at(r.c.bodyHash, r.i) }

// Template is the template id of the body. It is keyed per process, as BodyHash is.
func (r Record) Template() uint64 { return at(r.c.template, r.i) }

// Identity is the same for records that are repeats of each other: see Manifest.Identity.
func (r Record) Identity() uint64 { return at(r.c.identity, r.i) }

// TraceID is the trace id, 16 bytes.
func (r Record) TraceID() []byte { return r.c.TraceID(r.i) }

// Protected says that the host keeps the record whatever the verdict is.
func (r Record) Protected() bool { return at(r.c.protected, r.i) != 0 }

// Needle says whether a needle of the manifest is in the body, from 0.
func (r Record) Needle(i int) bool {
	if uint(i) >= uint(r.c.w*64) {
		return false
	}
	return at(r.c.needles, r.i*r.c.w+i/64)>>(i%64)&1 != 0
}

// Body is the body, cut at MaxText.
func (r Record) Body() []byte { return r.text(ColumnBody, r.i) }

// EventName is the name of the event.
func (r Record) EventName() []byte { return r.text(ColumnEventName, r.i) }

// Attr is an attribute by the name of its column, Attr("http.route"), and
// whether the record has it.
func (r Record) Attr(column string) ([]byte, bool) {
	if t := r.c.TextsOf(column); t != nil {
		return t.Get(r.i)
	}
	return nil, false
}

// ResourceAttr is an attribute of the resource by the name of its column. It
// wants the column resource too.
func (r Record) ResourceAttr(column string) ([]byte, bool) {
	t := r.c.TextsOf(column)
	if t == nil || r.c.resource == nil {
		return nil, false
	}
	return t.Get(int(r.c.resource[r.i]))
}

// ResourceKey is a number that is the same for the same resource in every
// chunk. It wants the column resource too.
func (r Record) ResourceKey() uint64 {
	if r.c.resource == nil {
		return 0
	}
	return at(r.c.resourceKey, int(r.c.resource[r.i]))
}

func (r Record) text(column string, i int) []byte {
	if t := r.c.TextsOf(column); t != nil {
		b, _ := t.Get(i)
		return b
	}
	return nil
}
