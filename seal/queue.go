// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"context"
	"crypto/cipher"
	"crypto/rand"
	"errors"
)

const infoQueue = "sealgate/v1 queue encryption"

// Key wraps data keys and unwraps them: a KEK or a Command. An SM2 recipient is not one.
type Key interface {
	Recipient
	Identity
}

// QueueCipher makes the data keys of files that the same process reads back, as those of a
// queue on disk. Every file has a data key, which is wrapped under each of the keys. Its
// methods run in the context that it was made with.
type QueueCipher struct {
	ctx        context.Context
	recipients []Recipient
	identities []Identity
}

// NewQueueCipher returns the cipher of the keys. It needs at least one.
func NewQueueCipher(ctx context.Context, keys ...Key) (*QueueCipher, error) {
	if len(keys) == 0 {
		return nil, ErrNoRecipient
	}
	c := &QueueCipher{ctx: ctx}
	for _, key := range keys {
		c.recipients, c.identities = append(c.recipients, key), append(c.identities, key)
	}
	return c, nil
}

// NewKey makes a data key. It returns SM4-GCM under a key that is derived from it, and what
// OpenKey needs to find it again: a salt of 16 bytes, the commitment to the data key, and the
// encoding of AppendWrapped.
func (c *QueueCipher) NewKey() (cipher.AEAD, []byte, error) {
	key := randomDataKey()
	wrapped, err := wrapAll(c.ctx, c.recipients, key.secret[:])
	if err != nil {
		return nil, nil, err
	}
	header := make([]byte, idSize)
	_, _ = rand.Read(header)
	aead, err := key.queueAEAD(header)
	if err != nil {
		return nil, nil, err
	}
	commitment := key.Commitment(header)
	header, err = AppendWrapped(append(header, commitment[:]...), wrapped)
	return aead, header, err
}

// OpenKey returns the AEAD of what NewKey has returned.
func (c *QueueCipher) OpenKey(header []byte) (cipher.AEAD, error) {
	if len(header) < idSize+CommitmentSize {
		return nil, errors.New("the wrapped data key is cut short")
	}
	salt, commitment := header[:idSize], [CommitmentSize]byte(header[idSize:])
	wrapped, _, err := DecodeWrapped(header[idSize+CommitmentSize:])
	if err != nil {
		return nil, err
	}
	key, err := Unwrap(c.ctx, wrapped, c.identities)
	if err != nil {
		return nil, err
	}
	if err := key.Check(salt, commitment); err != nil {
		return nil, err
	}
	return key.queueAEAD(salt)
}

func (k *DataKey) queueAEAD(salt []byte) (cipher.AEAD, error) {
	return newGCM(derive(k.secret[:], salt, infoQueue, KeySize))
}
