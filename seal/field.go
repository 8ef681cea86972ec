// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"crypto/cipher"
	"crypto/rand"
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

// Versions of sealed fields. Sealers write the newest one, openers read both. A
// key belongs to one version: both derive their keys under different labels.
const (
	fieldV1      = 1
	fieldV2      = 2
	fieldVersion = fieldV2
)

// saltSize is the size of the random part of a nonce of version 2, in bytes.
const saltSize = 8

// maxFieldSeals is the number of fields that one key may seal. It has to fit into
// the four bytes that a nonce of version 2 has for the counter.
const maxFieldSeals = 1 << 32

// FieldSealer seals the fields of one period under its data key. It is safe for
// concurrent use.
type FieldSealer struct {
	aead    cipher.AEAD
	period  [idSize]byte
	header  string
	limit   uint64
	salt    func(*[saltSize]byte)
	counter atomic.Uint64
}

func newFieldSealer(key *DataKey, period [idSize]byte, header string, limit uint64) (*FieldSealer, error) {
	aead, err := fieldAEAD(key, fieldVersion, period)
	if err != nil {
		return nil, err
	}
	return &FieldSealer{aead: aead, period: period, header: header, limit: limit, salt: randomSalt}, nil
}

// fieldAEAD returns the cipher of a period's fields.
func fieldAEAD(key *DataKey, version byte, period [idSize]byte) (cipher.AEAD, error) {
	return newGCM(derive(key.secret[:], period[:], fieldLabels[version].key, KeySize))
}

func randomSalt(salt *[saltSize]byte) { _, _ = rand.Read(salt[:]) } // never fails: it ends the process instead

// Header returns the text that has to travel with the resource of every sealed
// field: the wrapped key, in base64url.
func (s *FieldSealer) Header() string { return s.header }

// Sealed returns how many seals have been reserved.
func (s *FieldSealer) Sealed() uint64 { return s.counter.Load() }

// Nonces are reserved for a number of seals. Each nonce is used once.
type Nonces struct {
	salt      [saltSize]byte
	next, end uint64
}

// Reserve returns the nonces of n seals. It returns ErrKeyExhausted when the key has
// sealed all it may.
//
// Each reservation has a fresh random salt. A snapshot of a machine that is restored
// twice has the same key and the same counter twice, and the salts keep its nonces
// apart.
func (s *FieldSealer) Reserve(n int) (Nonces, error) {
	if n < 0 {
		return Nonces{}, fmt.Errorf("%d seals cannot be reserved", n)
	}
	for {
		// Adding first and taking back what is too much would let a counter come
		// twice: of two that take back, one may do so below what a third was given.
		first := s.counter.Load()
		if uint64(n) > s.limit-first {
			return Nonces{}, fmt.Errorf("%w: it may seal %d fields", ErrKeyExhausted, s.limit)
		}
		if s.counter.CompareAndSwap(first, first+uint64(n)) {
			nonces := Nonces{next: first, end: first + uint64(n)}
			s.salt(&nonces.salt)
			return nonces, nil
		}
	}
}

// Seal appends a sealed field to dst: version, salt, counter as a varint,
// ciphertext, tag. It takes the next of the nonces, and panics if none is left: a
// nonce that comes twice would open both fields to everyone. Binding is the data
// that the field is bound to besides its key and its place, such as trace id and
// span id; Open needs the same.
func (s *FieldSealer) Seal(dst []byte, nonces *Nonces, place Place, binding, plaintext []byte) []byte {
	if nonces.next >= nonces.end {
		panic("seal: more fields are sealed than were reserved")
	}
	counter := nonces.next
	nonces.next++
	dst = append(dst, fieldVersion)
	dst = append(dst, nonces.salt[:]...)
	dst = binary.AppendUvarint(dst, counter)
	p := fieldParams.Get().(*params)
	defer fieldParams.Put(p)
	copy(p.nonce[:], nonces.salt[:])
	binary.BigEndian.PutUint32(p.nonce[saltSize:], uint32(counter))
	p.setAAD(fieldVersion, place, s.period, binding)
	return s.aead.Seal(dst, p.nonce[:], plaintext, p.aad)
}

// FieldOpener opens what a FieldSealer of the same key has sealed. It is safe
// for concurrent use.
type FieldOpener struct {
	aead    cipher.AEAD
	version byte
	period  [idSize]byte
}

var errField = errors.New("the sealed field was altered, or does not belong here")

// Version returns the version of the fields that o opens.
func (o *FieldOpener) Version() int { return int(o.version) }

// Open appends the plaintext of a sealed field to dst. It returns an error, and
// nothing of the plaintext, unless the field is whole and in its place.
func (o *FieldOpener) Open(dst []byte, place Place, binding, sealed []byte) ([]byte, error) {
	p := fieldParams.Get().(*params)
	defer fieldParams.Put(p)
	ciphertext, err := o.parse(p, sealed)
	if err != nil {
		return nil, err
	}
	p.setAAD(o.version, place, o.period, binding)
	plaintext, err := o.aead.Open(dst, p.nonce[:], ciphertext, p.aad)
	if err != nil {
		return nil, errField
	}
	return plaintext, nil
}

// parse sets the nonce of a sealed field and returns its ciphertext.
func (o *FieldOpener) parse(p *params, sealed []byte) (ciphertext []byte, err error) {
	if len(sealed) == 0 {
		return nil, errors.New("the sealed field is empty")
	}
	if sealed[0] != o.version {
		return nil, fmt.Errorf("the sealed field has version %d, and its key is of version %d; was it moved, or sealed by a later version of Sealgate?", sealed[0], o.version)
	}
	salt, rest := [saltSize]byte{}, sealed[1:]
	if o.version >= fieldV2 {
		rest = rest[copy(salt[:], rest):]
	}
	counter, n := binary.Uvarint(rest)
	if n <= 0 || len(rest) < n+tagSize {
		return nil, errors.New("the sealed field is cut short")
	}
	if n > 1 && rest[n-1] == 0 || o.version >= fieldV2 && counter >= maxFieldSeals {
		return nil, errField // a counter has one encoding, the shortest, and a limit
	}
	if o.version == fieldV1 {
		binary.BigEndian.PutUint32(p.nonce[:], 0)
		binary.BigEndian.PutUint64(p.nonce[4:], counter)
		return rest[n:], nil
	}
	copy(p.nonce[:], salt[:])
	binary.BigEndian.PutUint32(p.nonce[saltSize:], uint32(counter))
	return rest[n:], nil
}

// LooksSealed reports whether b has the form of a sealed field: a known version, a
// counter, and room for a tag. Other bytes may have that form by chance.
func LooksSealed(b []byte) bool {
	if len(b) == 0 || b[0] != fieldV1 && b[0] != fieldV2 {
		return false
	}
	_, err := (&FieldOpener{version: b[0]}).parse(new(params), b)
	return err == nil
}

// Tag returns the last bytes of a sealed field, its authentication tag. Other fields
// may be bound to it. It is zero for no field.
func Tag(sealed []byte) (tag [tagSize]byte) {
	if len(sealed) >= tagSize {
		copy(tag[:], sealed[len(sealed)-tagSize:])
	}
	return tag
}

// params are the nonce and the associated data of one field. They are kept, since
// what is handed to an AEAD is otherwise allocated for every call.
type params struct {
	nonce [gcmNonce]byte
	aad   []byte
}

var fieldParams = sync.Pool{New: func() any { return new(params) }}

// setAAD makes the associated data: version, place, id of the period, binding.
func (p *params) setAAD(version byte, place Place, period [idSize]byte, binding []byte) {
	p.aad = append(p.aad[:0], version, byte(place))
	p.aad = append(p.aad, period[:]...)
	p.aad = append(p.aad, binding...)
}
