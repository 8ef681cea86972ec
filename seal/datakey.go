// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"errors"
)

// DataKey is an SM4 key that other keys are derived from. It is never written
// anywhere in the clear; formatting one shows nothing of it.
type DataKey struct {
	secret [KeySize]byte
}

// String returns a placeholder.
func (*DataKey) String() string { return "data key" }

// GoString returns a placeholder.
func (*DataKey) GoString() string { return "data key" }

func newDataKey(secret []byte) (*DataKey, error) {
	if err := checkKeySize(secret); err != nil {
		return nil, err
	}
	return &DataKey{secret: [KeySize]byte(secret)}, nil
}

// randomDataKey returns a new key from the system's random source.
func randomDataKey() *DataKey {
	k := new(DataKey)
	_, _ = rand.Read(k.secret[:]) // never fails: it ends the process instead
	return k
}

// CommitmentSize is the size of a key commitment in bytes.
const CommitmentSize = macSize

// Commitment returns what ties a header to this key and no other: the same header
// cannot be opened under two keys. Salt is the id of the file or the period.
func (k *DataKey) Commitment(salt []byte) [CommitmentSize]byte {
	return k.commitment(salt, infoCommitment)
}

func (k *DataKey) commitment(salt []byte, label string) [CommitmentSize]byte {
	return [CommitmentSize]byte(derive(k.secret[:], salt, label, CommitmentSize))
}

// ErrCommitment says that a key is not the one that a header was made with.
var ErrCommitment = errors.New("the unwrapped key is not the one that this was sealed with; the header was altered")

// Check returns ErrCommitment unless commitment is this key's.
func (k *DataKey) Check(salt []byte, commitment [CommitmentSize]byte) error {
	return k.check(salt, infoCommitment, commitment)
}

func (k *DataKey) check(salt []byte, label string, commitment [CommitmentSize]byte) error {
	own := k.commitment(salt, label)
	if !hmac.Equal(own[:], commitment[:]) {
		return ErrCommitment
	}
	return nil
}

// FileKeys are the keys of one archive file.
type FileKeys struct {
	AEAD       cipher.AEAD // SM4-GCM, for its frames
	Commitment [CommitmentSize]byte
	mac        []byte
}

// FileKeys derives the keys of the file with that random id.
func (k *DataKey) FileKeys(file [16]byte) (*FileKeys, error) {
	aead, err := newGCM(derive(k.secret[:], file[:], infoArchive, KeySize))
	if err != nil {
		return nil, err
	}
	return &FileKeys{
		AEAD:       aead,
		Commitment: k.Commitment(file[:]),
		mac:        derive(k.secret[:], file[:], infoArchiveMAC, macSize),
	}, nil
}

// MAC returns the HMAC-SM3 of a part of the file's header.
func (k *FileKeys) MAC(part []byte) [macSize]byte {
	mac := newMAC(k.mac)
	mac.Write(part)
	return [macSize]byte(mac.Sum(nil))
}
