// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package segmentlog

import (
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
)

// Kind says what an operation does.
type Kind byte

// The kinds of operations. Their values are part of the format.
const (
	Put    Kind = 1 // stores Value under Key
	Delete Kind = 2 // removes Key
	Move   Kind = 3 // gives the value of the key that Value names the key Key
)

// Op is an operation on a log.
type Op struct {
	Kind  Kind
	Key   string
	Value []byte
}

const (
	recordHeader = 44 // bytes
	sealedPart   = 24 // bytes of the header that are additional data of an AEAD
	maxKey       = math.MaxUint16 - 64
	maxValue     = 1 << 30
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func sum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// header is the fixed part of a record.
type header struct {
	batch            uint64
	index            uint32
	items            uint32 // keys that are numbers, after the batch
	kind             Kind
	last             bool
	key, value       int // lengths as stored
	keySum, valueSum uint32
}

// size returns the size of the record in bytes.
func (h *header) size() int64 { return int64(recordHeader + h.key + h.value) }

// appendIdentity appends the part of the header that is known before key and value are sealed.
func (h *header) appendIdentity(dst []byte, marker uint64) []byte {
	dst = binary.BigEndian.AppendUint64(dst, marker)
	dst = binary.BigEndian.AppendUint64(dst, h.batch)
	last := byte(0)
	if h.last {
		last = 1
	}
	dst = append(dst, byte(h.kind), last)
	dst = binary.BigEndian.AppendUint16(dst, uint16(h.key))
	return binary.BigEndian.AppendUint32(dst, h.index)
}

// append appends the encoded header.
func (h *header) append(dst []byte, marker uint64) []byte {
	from := len(dst)
	dst = h.appendIdentity(dst, marker)
	dst = binary.BigEndian.AppendUint32(dst, uint32(h.value))
	dst = binary.BigEndian.AppendUint32(dst, h.keySum)
	dst = binary.BigEndian.AppendUint32(dst, h.valueSum)
	dst = binary.BigEndian.AppendUint32(dst, h.items)
	return binary.BigEndian.AppendUint32(dst, sum(dst[from:]))
}

// parseHeader decodes the header at the beginning of b. It is false if there is none.
func parseHeader(b []byte, marker uint64) (h header, ok bool) {
	if len(b) < recordHeader || binary.BigEndian.Uint64(b) != marker || sum(b[:40]) != binary.BigEndian.Uint32(b[40:]) {
		return h, false
	}
	return header{
		batch: binary.BigEndian.Uint64(b[8:]), kind: Kind(b[16]), last: b[17] == 1,
		key: int(binary.BigEndian.Uint16(b[18:])), index: binary.BigEndian.Uint32(b[20:]),
		value: int(binary.BigEndian.Uint32(b[24:])), keySum: binary.BigEndian.Uint32(b[28:]), valueSum: binary.BigEndian.Uint32(b[32:]), items: binary.BigEndian.Uint32(b[36:]),
	}, true
}

// codec encodes and decodes the records of one segment.
type codec struct {
	marker uint64
	aead   cipher.AEAD // nil: plain
}

// overhead returns how many bytes sealing adds to a key, and to a value.
func (c *codec) overhead() int {
	if c.aead == nil {
		return 0
	}
	return c.aead.Overhead()
}

// size returns the size of the records of operations in bytes.
func (c *codec) size(ops []Op) (n int64) {
	for i := range ops {
		n += int64(recordHeader + len(ops[i].Key) + len(ops[i].Value) + 2*c.overhead())
	}
	return n
}

// encode appends the record of an operation to dst, and returns it with its header. A
// plain value of at least direct bytes is not copied: it comes back as rest, to be written
// behind dst.
func (c *codec) encode(dst []byte, h header, op *Op, direct int) (_ []byte, _ header, rest []byte) {
	h.kind, h.key, h.value = op.Kind, len(op.Key)+c.overhead(), len(op.Value)+c.overhead()
	if c.aead == nil {
		h.keySum, h.valueSum = sum([]byte(op.Key)), sum(op.Value)
		dst = append(h.append(dst, c.marker), op.Key...)
		if len(op.Value) >= direct {
			return dst, h, op.Value
		}
		return append(dst, op.Value...), h, nil
	}
	from := len(dst)
	dst = h.appendIdentity(dst, c.marker)
	dst = append(dst, make([]byte, recordHeader-sealedPart)...)
	aad := dst[from : from+sealedPart : from+sealedPart]
	dst = c.aead.Seal(dst, c.nonce(&h, 0), []byte(op.Key), aad)
	value := len(dst)
	dst = c.aead.Seal(dst, c.nonce(&h, 1), op.Value, dst[from:from+sealedPart])
	h.keySum, h.valueSum = sum(dst[from+recordHeader:value]), sum(dst[value:])
	h.append(dst[from:from], c.marker)
	return dst, h, nil
}

func (c *codec) nonce(h *header, part uint32) []byte {
	nonce := binary.BigEndian.AppendUint64(make([]byte, 0, 12), h.batch)
	return binary.BigEndian.AppendUint32(nonce, 2*h.index+part)
}

// errSum says that a part of a record is not what was written there.
var errSum = errors.New("it is not what was written there")

// key decodes the stored key of a record whose encoded header is head.
func (c *codec) key(h *header, head, stored []byte) (string, error) {
	plain, err := c.open(h, 0, head, stored, h.keySum)
	return string(plain), err
}

// value decodes the stored value, in place.
func (c *codec) value(h *header, head, stored []byte) ([]byte, error) {
	return c.open(h, 1, head, stored, h.valueSum)
}

func (c *codec) open(h *header, part uint32, head, stored []byte, want uint32) ([]byte, error) {
	if sum(stored) != want {
		return nil, errSum
	}
	if c.aead == nil {
		return stored, nil
	}
	plain, err := c.aead.Open(stored[:0], c.nonce(h, part), stored, head[:sealedPart])
	if err != nil {
		return nil, errSum
	}
	return plain, nil
}

// check returns why an operation cannot be stored.
func (op *Op) check() error {
	switch {
	case op.Kind < Put || op.Kind > Move:
		return fmt.Errorf("unknown kind of operation %d", op.Kind)
	case len(op.Key) > maxKey || op.Kind == Move && len(op.Value) > maxKey:
		return fmt.Errorf("a key has %d bytes; at most %d", max(len(op.Key), len(op.Value)), maxKey)
	case len(op.Value) > maxValue:
		return fmt.Errorf("a value has %d bytes; at most %d", len(op.Value), maxValue)
	}
	return nil
}
