// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package eventdigest

import (
	"encoding/binary"
	"errors"
	"time"
)

var (
	le         = binary.LittleEndian
	errDamaged = errors.New("it is damaged")
)

// texts are the texts of an event, in the order in which they are packed.
func (e *Event) texts() [15]*string {
	o := &e.Object
	return [...]*string{
		&e.Namespace, &e.Name, &e.UID, &e.Type, &e.Reason, &e.Action, &e.Message, &e.Reporter, &e.Host,
		&o.APIVersion, &o.Kind, &o.Namespace, &o.Name, &o.UID, &o.FieldPath,
	}
}

// pack appends an event: its texts, its count and its times.
func pack(b []byte, e *Event) []byte {
	for _, text := range e.texts() {
		b = appendText(b, *text)
	}
	b = binary.AppendUvarint(b, e.Count)
	return appendTime(appendTime(b, e.First), e.Last)
}

// unpack returns a packed event.
func unpack(b []byte) Event {
	var e Event
	r := reader{rest: b}
	r.event(&e)
	return e
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// appendTime appends nanoseconds since 1970, 0 for a time that is not set.
func appendTime(b []byte, t time.Time) []byte {
	var nanos int64
	if representable(t) {
		nanos = t.UnixNano()
	}
	return le.AppendUint64(b, uint64(nanos))
}

// reader reads what was appended. After an error it returns zeros.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) bytes(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.rest, r.err = nil, errDamaged
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.rest, r.err = nil, errDamaged
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) uint64() uint64 {
	if b := r.bytes(8); b != nil {
		return le.Uint64(b)
	}
	return 0
}

func (r *reader) text() string { return string(r.bytes(r.uvarint())) }

func (r *reader) time() time.Time {
	if nanos := int64(r.uint64()); nanos != 0 {
		return time.Unix(0, nanos)
	}
	return time.Time{}
}

func (r *reader) event(e *Event) {
	for _, text := range e.texts() {
		*text = r.text()
	}
	e.Count = r.uvarint()
	e.First, e.Last = r.time(), r.time()
}
