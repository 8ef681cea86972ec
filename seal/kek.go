// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"context"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
)

// KEK is a symmetric key-encryption key. It is a recipient and an identity: who
// can write with it can read.
type KEK struct {
	id   []byte
	aead cipher.AEAD
}

// NewKEK returns the KEK of a key of KeySize bytes. What encrypts is derived from
// it, and so is its public id.
func NewKEK(key []byte) (*KEK, error) {
	if err := checkKeySize(key); err != nil {
		return nil, err
	}
	aead, err := newGCM(derive(key, nil, infoWrap, KeySize))
	if err != nil {
		return nil, err
	}
	return &KEK{id: derive(key, nil, infoKeyID, keyIDSize), aead: aead}, nil
}

// keyIDSize is the size of the id of a recipient's key in bytes.
const keyIDSize = 8

// String returns the kind and the id of the key.
func (k *KEK) String() string { return recipientName(KindSM4, k.id) }

// Wrap seals a data key under a random nonce, which goes first.
func (k *KEK) Wrap(_ context.Context, dataKey []byte) (Wrapped, error) {
	sealed := make([]byte, gcmNonce, gcmNonce+len(dataKey)+tagSize)
	_, _ = rand.Read(sealed)
	return Wrapped{Kind: KindSM4, ID: k.id, Key: k.aead.Seal(sealed, sealed, dataKey, []byte(infoWrap))}, nil
}

// Unwrap opens a data key that was wrapped under the same key.
func (k *KEK) Unwrap(_ context.Context, w Wrapped) ([]byte, error) {
	if w.Kind != KindSM4 || !bytes.Equal(w.ID, k.id) {
		return nil, ErrOtherRecipient
	}
	if len(w.Key) < gcmNonce {
		return nil, errors.New("the wrapped key is cut short")
	}
	key, err := k.aead.Open(nil, w.Key[:gcmNonce], w.Key[gcmNonce:], []byte(infoWrap))
	if err != nil {
		return nil, errors.New("the wrapped key was altered")
	}
	return key, nil
}

// FileProvider wraps for the symmetric key in a file.
type FileProvider struct{ Path string }

// Recipients reads the key anew.
func (p FileProvider) Recipients(context.Context) ([]Recipient, error) {
	return kekRecipient(ReadKeyFile(p.Path))
}

// EnvProvider wraps for the symmetric key in an environment variable.
type EnvProvider struct{ Variable string }

// Recipients reads the key anew.
func (p EnvProvider) Recipients(context.Context) ([]Recipient, error) {
	return kekRecipient(ReadKeyEnv(p.Variable))
}

func kekRecipient(key []byte, err error) ([]Recipient, error) {
	if err != nil {
		return nil, err
	}
	kek, err := NewKEK(key)
	if err != nil {
		return nil, err
	}
	return []Recipient{kek}, nil
}

// Providers joins the recipients of several providers.
type Providers []Provider

// Recipients returns the recipients of all, each once.
func (p Providers) Recipients(ctx context.Context) ([]Recipient, error) {
	var all []Recipient
	seen := make(map[string]bool)
	for _, one := range p {
		recipients, err := one.Recipients(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range recipients {
			if seen[r.String()] {
				return nil, fmt.Errorf("recipient %s is configured twice; name each once", r)
			}
			seen[r.String()] = true
			all = append(all, r)
		}
	}
	return all, nil
}
