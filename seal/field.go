// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// Place says what a sealed field is part of. It is authenticated with it.
type Place byte

// The places of sealed fields.
const (
	PlaceResource Place = 1
	PlaceScope    Place = 2
	PlaceSpan     Place = 3
	PlaceLog      Place = 4
)

// fieldVersion is the first byte of every sealed field.
const fieldVersion = 1

// maxFieldSeals is how many fields one key may seal: the bound of a random
// nonce, far below that of a counter.
const maxFieldSeals = 1 << 32

// FieldSealer seals the fields of one period under its data key. It is safe for
// concurrent use.
type FieldSealer struct {
	aead    cipher.AEAD
	period  [idSize]byte
	header  string
	limit   uint64
	counter atomic.Uint64
}

func newFieldSealer(key *DataKey, period [idSize]byte, header string, limit uint64) (*FieldSealer, error) {
	aead, err := newGCM(derive(key.secret[:], period[:], infoField, KeySize))
	if err != nil {
		return nil, err
	}
	return &FieldSealer{aead: aead, period: period, header: header, limit: limit}, nil
}

// Header returns what has to travel with the resource of every sealed field: the
// wrapped key, in base64url.
func (s *FieldSealer) Header() string { return s.header }

// Sealed returns how many seals have been reserved.
func (s *FieldSealer) Sealed() uint64 { return s.counter.Load() }

// Reserve returns the first of n counters for Seal, each good for one seal. It
// returns ErrKeyExhausted when the key has sealed all it may.
func (s *FieldSealer) Reserve(n int) (first uint64, err error) {
	if n < 0 {
		return 0, fmt.Errorf("%d seals cannot be reserved", n)
	}
	for {
		// Adding first and taking back what is too much would let a counter come
		// twice: of two that take back, one may do so below what a third was given.
		first = s.counter.Load()
		if uint64(n) > s.limit-first {
			return 0, fmt.Errorf("%w: it may seal %d fields", ErrKeyExhausted, s.limit)
		}
		if s.counter.CompareAndSwap(first, first+uint64(n)) {
			return first, nil
		}
	}
}

// Seal appends a sealed field to dst: a version byte, the counter as a varint,
// ciphertext, tag. Binding is what the field is bound to besides its key and its
// place, such as trace id and span id; Open needs the same. A counter must come
// from Reserve and be used once.
func (s *FieldSealer) Seal(dst []byte, counter uint64, place Place, binding, plaintext []byte) []byte {
	dst = append(dst, fieldVersion)
	dst = binary.AppendUvarint(dst, counter)
	p := fieldParams.Get().(*params)
	defer fieldParams.Put(p)
	p.set(s.period, counter, place, binding)
	return s.aead.Seal(dst, p.nonce[:], plaintext, p.aad)
}

// FieldOpener opens what a FieldSealer of the same key has sealed. It is safe
// for concurrent use.
type FieldOpener struct {
	aead   cipher.AEAD
	period [idSize]byte
}

var errField = errors.New("the sealed field was altered, or does not belong here")

// Open appends the plaintext of a sealed field to dst. It returns an error, and
// nothing of the plaintext, unless the field is whole and in its place.
func (o *FieldOpener) Open(dst []byte, place Place, binding, sealed []byte) ([]byte, error) {
	if len(sealed) == 0 {
		return nil, errors.New("the sealed field is empty")
	}
	if sealed[0] != fieldVersion {
		return nil, fmt.Errorf("the sealed field has version %d; this version of Sealgate reads %d", sealed[0], fieldVersion)
	}
	counter, n := binary.Uvarint(sealed[1:])
	if n <= 0 || len(sealed) < 1+n+tagSize {
		return nil, errors.New("the sealed field is cut short")
	}
	if n > 1 && sealed[n] == 0 {
		return nil, errField // a counter has one encoding, the shortest
	}
	p := fieldParams.Get().(*params)
	defer fieldParams.Put(p)
	p.set(o.period, counter, place, binding)
	plaintext, err := o.aead.Open(dst, p.nonce[:], sealed[1+n:], p.aad)
	if err != nil {
		return nil, errField
	}
	return plaintext, nil
}

// params are the nonce and the associated data of one field. They are kept, since
// what is handed to an AEAD is otherwise allocated for every call.
type params struct {
	nonce [gcmNonce]byte
	aad   []byte
}

var fieldParams = sync.Pool{New: func() any { return new(params) }}

// set makes the nonce of the counter, four zero bytes and the counter as a big
// endian number, and the associated data: version, place, id of the period,
// binding. The key is fresh for every period, so no nonce comes twice.
func (p *params) set(period [idSize]byte, counter uint64, place Place, binding []byte) {
	binary.BigEndian.PutUint64(p.nonce[4:], counter)
	p.aad = append(p.aad[:0], fieldVersion, byte(place))
	p.aad = append(p.aad, period[:]...)
	p.aad = append(p.aad, binding...)
}
