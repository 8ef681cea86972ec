// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package compact

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// Kind is the type of a value.
type Kind byte

// The kinds of values, those of OTLP.
const (
	KindEmpty Kind = iota
	KindStr
	KindInt
	KindDouble
	KindBool
	KindBytes
	KindList
	KindMap
)

// Value is one value as it is read. Of a list or a map it has only the length: the
// elements come next.
type Value struct {
	Kind   Kind
	Str    string
	Int    int64
	Double float64
	Bool   bool
	Bytes  []byte // within the record
	Len    int
}

var (
	errShort  = errors.New("the record ends too early")
	errFormat = errors.New("the record is not in the compact encoding, or of a later version")
)

// Decoder reads one record. It never reads outside of it, and allocates no more
// than in proportion to what is there.
type Decoder struct {
	tokens []byte
	text   string
}

// NewDecoder returns a Decoder of a record.
func NewDecoder(record []byte) (*Decoder, error) {
	d := new(Decoder)
	return d, d.Reset(record)
}

// Reset begins with another record.
func (d *Decoder) Reset(record []byte) (err error) {
	*d = Decoder{}
	if len(record) == 0 {
		return errShort
	}
	switch record[0] {
	case methodStored:
		n, size := binary.Uvarint(record[1:])
		if size <= 0 || n > uint64(len(record)-1-size) {
			return errShort
		}
		record = record[1+size:]
		d.text, d.tokens = string(record[:n]), record[n:]
		return nil
	case methodDeflate:
		d.text, d.tokens, err = inflate(record[1:])
		return err
	default:
		return fmt.Errorf("the record is compressed with method %d, which this version of Sealgate does not know", record[0])
	}
}

// Done returns an error if not all of the record was read.
func (d *Decoder) Done() error {
	if len(d.tokens) != 0 || len(d.text) != 0 {
		return errors.New("the record goes on behind its end")
	}
	return nil
}

// Key reads the name of an attribute; ok is false at the end of a list.
func (d *Decoder) Key() (name string, ok bool, err error) {
	first, err := d.byte()
	switch {
	case err != nil:
		return "", false, err
	case first == keyEnd:
		return "", false, nil
	case first >= keyText:
		name, err = d.textKey(first)
		return name, err == nil, err
	}
	index := int(first)
	if first >= keyTwoBytes {
		second, err := d.byte()
		if err != nil {
			return "", false, err
		}
		index = keyTwoBytes + int(first-keyTwoBytes)<<8 + int(second)
	}
	if index >= len(staticKeys) {
		return "", false, errFormat
	}
	return staticKeys[index], true, nil
}

func (d *Decoder) textKey(first byte) (string, error) {
	n, err := d.length(first - keyText)
	if err != nil {
		return "", err
	}
	return d.take(n)
}

// Uint reads what Encoder.Uint wrote.
func (d *Decoder) Uint() (uint64, error) {
	n, size := binary.Uvarint(d.tokens)
	if size <= 0 {
		return 0, errShort
	}
	d.tokens = d.tokens[size:]
	return n, nil
}

// Fixed reads n bytes that Encoder.Fixed wrote. They are within the record.
func (d *Decoder) Fixed(n int) ([]byte, error) {
	if n > len(d.tokens) {
		return nil, errShort
	}
	b := d.tokens[:n:n]
	d.tokens = d.tokens[n:]
	return b, nil
}

// Str reads a value that has to be a string.
func (d *Decoder) Str() (string, error) {
	v, err := d.Value()
	if err == nil && v.Kind != KindStr {
		err = errFormat
	}
	return v.Str, err
}

// Value reads a value.
func (d *Decoder) Value() (Value, error) {
	first, err := d.byte()
	if err != nil {
		return Value{}, err
	}
	form, low := first>>4, first&15
	switch form {
	case formFixed:
		return d.fixed(low)
	case formDecimal, formInt, formNegInt, formDouble, formNegDbl:
		n, err := d.number(low)
		if err != nil {
			return Value{}, err
		}
		return numeric(form, n)
	}
	n, err := d.length(low)
	if err != nil {
		return Value{}, err
	}
	return d.sized(form, n)
}

// sized reads the values that begin with a length.
func (d *Decoder) sized(form byte, n int) (Value, error) {
	switch form {
	case formText:
		s, err := d.take(n)
		return Value{Kind: KindStr, Str: s}, err
	case formStatic:
		if n >= len(staticValues) {
			return Value{}, errFormat
		}
		return Value{Kind: KindStr, Str: staticValues[n]}, nil
	case formHex:
		b, err := d.Fixed(n + minHexPairs)
		return Value{Kind: KindStr, Str: string(appendHex(nil, b))}, err
	case formBytes:
		b, err := d.Fixed(n)
		return Value{Kind: KindBytes, Bytes: b}, err
	case formList: // each element has a byte at least
		return Value{Kind: KindList, Len: n}, d.atLeast(n)
	case formMap: // and each entry two
		return Value{Kind: KindMap, Len: n}, d.atLeast(2 * n)
	default:
		return Value{}, errFormat
	}
}

func (d *Decoder) atLeast(n int) error {
	if n > len(d.tokens) {
		return errShort
	}
	return nil
}

// numeric returns the value of a form that is a number.
func numeric(form byte, n uint64) (Value, error) {
	switch form {
	case formDecimal:
		return Value{Kind: KindStr, Str: formatUint(n)}, nil
	case formInt, formNegInt:
		if n > math.MaxInt64 {
			return Value{}, errFormat
		}
		if form == formNegInt {
			return Value{Kind: KindInt, Int: ^int64(n)}, nil
		}
		return Value{Kind: KindInt, Int: int64(n)}, nil
	default:
		if n >= maxWhole {
			return Value{}, errFormat
		}
		if form == formNegDbl {
			return Value{Kind: KindDouble, Double: float64(^int64(n))}, nil
		}
		return Value{Kind: KindDouble, Double: float64(n)}, nil
	}
}

func (d *Decoder) fixed(which byte) (Value, error) {
	switch which {
	case fixedEmpty:
		return Value{Kind: KindEmpty}, nil
	case fixedFalse, fixedTrue:
		return Value{Kind: KindBool, Bool: which == fixedTrue}, nil
	}
	sizes := [...]int{fixedUUID: 16, fixedIPv4: 4, fixedFloat64: 8, fixedFloat32: 4}
	if int(which) >= len(sizes) {
		return Value{}, errFormat
	}
	b, err := d.Fixed(sizes[which])
	if err != nil {
		return Value{}, err
	}
	switch which {
	case fixedUUID:
		return Value{Kind: KindStr, Str: formatUUID(b)}, nil
	case fixedIPv4:
		return Value{Kind: KindStr, Str: formatIPv4(b)}, nil
	case fixedFloat64:
		return Value{Kind: KindDouble, Double: math.Float64frombits(binary.BigEndian.Uint64(b))}, nil
	default:
		return Value{Kind: KindDouble, Double: float64(math.Float32frombits(binary.BigEndian.Uint32(b)))}, nil
	}
}

func (d *Decoder) byte() (byte, error) {
	if len(d.tokens) == 0 {
		return 0, errShort
	}
	b := d.tokens[0]
	d.tokens = d.tokens[1:]
	return b, nil
}

// length returns the length that begins with low. It is never more than what can be
// in a record.
func (d *Decoder) length(low byte) (int, error) {
	if low < 15 {
		return int(low), nil
	}
	n, err := d.Uint()
	if err != nil {
		return 0, err
	}
	if n > math.MaxInt32 {
		return 0, errShort
	}
	return int(n) + 15, nil
}

func (d *Decoder) number(low byte) (uint64, error) {
	if low < smallNumbers {
		return uint64(low), nil
	}
	b, err := d.Fixed(int(low) - 7)
	n := uint64(0)
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n, err
}

// take reads n bytes of text.
func (d *Decoder) take(n int) (string, error) {
	if n > len(d.text) {
		return "", errShort
	}
	s := d.text[:n]
	d.text = d.text[n:]
	return s, nil
}
