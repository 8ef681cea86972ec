// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
)

// gcmVector is a published test vector of SM4-GCM, in hexadecimal.
type gcmVector struct {
	name, key, nonce, aad, plaintext, sealed string
}

var gcmVectors = []gcmVector{
	{
		name:      "RFC 8998, A.1",
		key:       "0123456789abcdeffedcba9876543210",
		nonce:     "00001234567800000000abcd",
		aad:       "feedfacedeadbeeffeedfacedeadbeefabaddad2",
		plaintext: "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccddddddddddddddddeeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa",
		sealed:    "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d83de3541e4c2b58177e065a9bf7b62ec",
	},
	{
		name:   "GB/T 36624-2018, C.5, no text",
		key:    "00000000000000000000000000000000",
		nonce:  "000000000000000000000000",
		sealed: "232f0cfe308b49ea6fc88229b5dc858d",
	},
	{
		name:      "GB/T 36624-2018, C.5, one block",
		key:       "00000000000000000000000000000000",
		nonce:     "000000000000000000000000",
		plaintext: "00000000000000000000000000000000",
		sealed:    "7de2aa7f1110188218063be1bfeb6d89b851b5f39493752be508f1bb4482c557",
	},
}

// Further known answers, in hexadecimal.
const (
	// GB/T 32905-2016, A.1: the digest of "abc".
	sm3OfABC = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
	// The input of RFC 5869, A.1, over SM3, as OpenSSL computes it.
	hkdfKey    = "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"
	hkdfSalt   = "000102030405060708090a0b0c"
	hkdfInfo   = "f0f1f2f3f4f5f6f7f8f9"
	hkdfAnswer = "c69fe91b7aaee2dd5718d72dcaee0cce93f1b8e41f792da51261b6a517e68b36ed2c595572b01dfa359b"
)

// SelfTest checks the cryptography against published test vectors, and that what
// is sealed can be opened. It takes about a millisecond. The error names the check
// that failed; nothing may be sealed or opened after one.
func SelfTest() error {
	for _, v := range gcmVectors {
		if err := v.check(); err != nil {
			return selfTestError("SM4-GCM, "+v.name, err)
		}
	}
	for _, c := range []struct {
		name string
		run  func() error
	}{
		{"SM3, GB/T 32905-2016, A.1", checkSM3},
		{"HKDF over SM3", checkHKDF},
		{"SM2 encryption", checkSM2},
		{"sealed field", checkField},
	} {
		if err := c.run(); err != nil {
			return selfTestError(c.name, err)
		}
	}
	return nil
}

func selfTestError(check string, err error) error {
	return fmt.Errorf("self-test: %s: %w; this program or this machine is at fault: do not seal with it", check, err)
}

var errAnswer = errors.New("the answer is not the known one")

func (v gcmVector) check() error {
	aead, err := newGCM(unhex(v.key))
	if err != nil {
		return err
	}
	sealed := aead.Seal(nil, unhex(v.nonce), unhex(v.plaintext), unhex(v.aad))
	if hex.EncodeToString(sealed) != v.sealed {
		return errAnswer
	}
	plaintext, err := aead.Open(nil, unhex(v.nonce), sealed, unhex(v.aad))
	if err != nil {
		return err
	}
	if hex.EncodeToString(plaintext) != v.plaintext {
		return errAnswer
	}
	sealed[0] ^= 1
	if _, err := aead.Open(nil, unhex(v.nonce), sealed, unhex(v.aad)); err == nil {
		return errors.New("a flipped bit was not found")
	}
	return nil
}

func checkSM3() error {
	sum := sm3.Sum([]byte("abc"))
	return known(sum[:], sm3OfABC)
}

func checkHKDF() error {
	return known(derive(unhex(hkdfKey), unhex(hkdfSalt), string(unhex(hkdfInfo)), len(hkdfAnswer)/2), hkdfAnswer)
}

func checkSM2() error {
	private, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	recipient, err := newSM2Recipient(&private.PublicKey)
	if err != nil {
		return err
	}
	secret := unhex(gcmVectors[0].key)
	wrapped, err := recipient.Wrap(context.Background(), secret)
	if err != nil {
		return err
	}
	identity := &SM2Identity{id: recipient.id, key: private}
	got, err := identity.Unwrap(context.Background(), wrapped)
	if err != nil {
		return err
	}
	return same(got, secret)
}

func checkField() error {
	sealer, opener, err := NewFieldPair(unhex(gcmVectors[0].key), [idSize]byte{1})
	if err != nil {
		return err
	}
	nonces, err := sealer.Reserve(1)
	if err != nil {
		return err
	}
	text, binding := []byte("self-test"), []byte("here")
	sealed := sealer.Seal(nil, &nonces, PlaceSpan, binding, text)
	got, err := opener.Open(nil, PlaceSpan, binding, sealed)
	if err != nil {
		return err
	}
	if _, err := opener.Open(nil, PlaceLog, binding, sealed); err == nil {
		return errors.New("a field in the wrong place was not found")
	}
	return same(got, text)
}

func known(got []byte, answer string) error { return same(got, unhex(answer)) }

func same(got, want []byte) error {
	if !bytes.Equal(got, want) {
		return errAnswer
	}
	return nil
}

// unhex decodes a constant.
func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic("seal: " + err.Error())
	}
	return b
}
