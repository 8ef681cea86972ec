// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package compact

import (
	"encoding/binary"
	"math"
)

// Encoder writes records, one after the other, into memory that it keeps. It is
// not safe for concurrent use.
type Encoder struct {
	tokens []byte
	window []byte // the dictionary, then the text of the record
	match  matcher
}

// NewEncoder returns an Encoder with an empty record.
func NewEncoder() *Encoder {
	e := &Encoder{window: make([]byte, len(dictionary), len(dictionary)+1024)}
	copy(e.window, dictionary)
	return e
}

// maxKept is how much memory an Encoder keeps for the next record, in bytes. One
// huge record must not stay for ever.
const maxKept = 1 << 20

// Reset begins a new record.
func (e *Encoder) Reset() {
	e.tokens = e.tokens[:0]
	e.window = e.window[:len(dictionary)]
	if cap(e.tokens) > maxKept {
		e.tokens = nil
	}
	if cap(e.window) > maxKept {
		e.window = append(make([]byte, 0, len(dictionary)+1024), dictionary...)
	}
}

// AppendRecord appends the record to dst.
func (e *Encoder) AppendRecord(dst []byte) []byte {
	return append(e.appendText(dst), e.tokens...)
}

// Len returns the size of the record before compression, in bytes.
func (e *Encoder) Len() int { return len(e.tokens) + len(e.window) - len(dictionary) }

// Key writes the name of an attribute. Its value has to follow.
func (e *Encoder) Key(k Key, name string) {
	switch {
	case k < keyTwoBytes:
		e.tokens = append(e.tokens, byte(k))
	case k != TextKey:
		k -= keyTwoBytes
		e.tokens = append(e.tokens, byte(keyTwoBytes+k>>8), byte(k))
	default:
		e.textKey(name)
	}
}

func (e *Encoder) textKey(name string) {
	if n := len(name); n < 15 {
		e.tokens = append(e.tokens, byte(keyText+n))
	} else {
		e.tokens = append(e.tokens, keyText+15)
		e.tokens = binary.AppendUvarint(e.tokens, uint64(n-15))
	}
	e.window = append(e.window, name...)
}

// End ends a list of attributes.
func (e *Encoder) End() { e.tokens = append(e.tokens, keyEnd) }

// Uint writes a number that is no value: a count, a set of bits.
func (e *Encoder) Uint(n uint64) { e.tokens = binary.AppendUvarint(e.tokens, n) }

// Fixed writes bytes of which the reader knows how many they are.
func (e *Encoder) Fixed(b []byte) { e.tokens = append(e.tokens, b...) }

// Str writes a string.
func (e *Encoder) Str(s string) {
	if i := valueLookup.find(s); i >= 0 {
		e.length(formStatic, i)
		return
	}
	if e.packed(s) {
		return
	}
	e.length(formText, len(s))
	e.window = append(e.window, s...)
}

// Int writes an integer.
func (e *Encoder) Int(v int64) {
	if v < 0 {
		e.number(formNegInt, uint64(^v))
		return
	}
	e.number(formInt, uint64(v))
}

// maxWhole bounds the doubles that are written as whole numbers: all of them are exact.
const maxWhole = 1 << 53

// Double writes a double. All its bits are kept, those of a NaN and the sign of a
// zero among them.
func (e *Encoder) Double(v float64) {
	bits := math.Float64bits(v)
	whole := int64(0)
	if v > -maxWhole && v < maxWhole {
		whole = int64(v)
	}
	switch {
	case math.Float64bits(float64(whole)) != bits:
		e.fraction(v, bits)
	case whole < 0:
		e.number(formNegDbl, uint64(^whole))
	default:
		e.number(formDouble, uint64(whole))
	}
}

func (e *Encoder) fraction(v float64, bits uint64) {
	// NaN is not equal to itself, so that it is written in full, with its payload.
	if short := float32(v); float64(short) == v {
		e.fixed(fixedFloat32)
		e.tokens = binary.BigEndian.AppendUint32(e.tokens, math.Float32bits(short))
		return
	}
	e.fixed(fixedFloat64)
	e.tokens = binary.BigEndian.AppendUint64(e.tokens, bits)
}

// Bool writes a truth value.
func (e *Encoder) Bool(v bool) {
	if v {
		e.fixed(fixedTrue)
		return
	}
	e.fixed(fixedFalse)
}

// Empty writes a value that is not there.
func (e *Encoder) Empty() { e.fixed(fixedEmpty) }

// BytesLen begins a value of n bytes. They have to follow, with AppendByte.
func (e *Encoder) BytesLen(n int) { e.length(formBytes, n) }

// AppendByte writes one of the bytes that BytesLen announced.
func (e *Encoder) AppendByte(b byte) { e.tokens = append(e.tokens, b) }

// List begins a list of n values. They have to follow.
func (e *Encoder) List(n int) { e.length(formList, n) }

// Map begins a map of n entries. They have to follow, each a key and a value.
func (e *Encoder) Map(n int) { e.length(formMap, n) }

func (e *Encoder) fixed(which byte) { e.tokens = append(e.tokens, formFixed<<4|which) }

func (e *Encoder) length(form byte, n int) {
	if n < 15 {
		e.tokens = append(e.tokens, form<<4|byte(n))
		return
	}
	e.tokens = append(e.tokens, form<<4|15)
	e.tokens = binary.AppendUvarint(e.tokens, uint64(n-15))
}

func (e *Encoder) number(form byte, n uint64) {
	switch {
	case n < smallNumbers:
		e.tokens = append(e.tokens, form<<4|byte(n))
	case n < 1<<8:
		e.tokens = append(e.tokens, form<<4|8, byte(n))
	case n < 1<<16:
		e.tokens = append(e.tokens, form<<4|9, byte(n>>8), byte(n))
	default:
		e.longNumber(form, n)
	}
}

func (e *Encoder) longNumber(form byte, n uint64) {
	size := 3
	for size < 8 && n>>(8*size) != 0 {
		size++
	}
	e.tokens = append(e.tokens, form<<4|byte(size+7))
	for size > 0 {
		size--
		e.tokens = append(e.tokens, byte(n>>(8*size)))
	}
}
