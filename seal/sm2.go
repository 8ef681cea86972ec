// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/emmansun/gmsm/pkcs"
	"github.com/emmansun/gmsm/pkcs8"
	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"
)

// Types of PEM blocks.
const (
	pemPublic           = "PUBLIC KEY"            // PKIX, RFC 5280
	pemPrivate          = "PRIVATE KEY"           // PKCS #8, RFC 5958
	pemEncryptedPrivate = "ENCRYPTED PRIVATE KEY" // PKCS #8, RFC 5958
)

// passphraseRounds is the work of PBKDF2 with HMAC-SM3 for the passphrase of a
// private key: half a second or so.
const passphraseRounds = 600_000

// SM2Recipient wraps data keys for an SM2 public key. A gateway that has nothing
// else cannot read what it wrote.
type SM2Recipient struct {
	id  []byte
	key *ecdsa.PublicKey
}

// String returns the kind and the id of the key: the first 8 bytes of the SM3
// digest of its PKIX encoding.
func (r *SM2Recipient) String() string { return recipientName(KindSM2, r.id) }

// Wrap encrypts a data key, GB/T 32918.4 in ASN.1.
func (r *SM2Recipient) Wrap(_ context.Context, dataKey []byte) (Wrapped, error) {
	key, err := sm2.EncryptASN1(rand.Reader, r.key, dataKey)
	if err != nil {
		return Wrapped{}, err
	}
	return Wrapped{Kind: KindSM2, ID: r.id, Key: key}, nil
}

// ParseSM2Recipient parses a public key in PEM.
func ParseSM2Recipient(text []byte) (*SM2Recipient, error) {
	block, _ := pem.Decode(text)
	switch {
	case block == nil:
		return nil, fmt.Errorf("it is not PEM; an SM2 public key begins with -----BEGIN %s-----", pemPublic)
	case block.Type == pemPrivate || block.Type == pemEncryptedPrivate:
		return nil, errors.New("it is a private key; give the gateway the public one, and keep the private one where the data is read")
	case block.Type != pemPublic:
		return nil, fmt.Errorf("it is a PEM %s; an SM2 %s is needed", block.Type, pemPublic)
	}
	key, err := smx509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("it is not a public key: %w", err)
	}
	if !sm2.IsSM2PublicKey(key) {
		return nil, fmt.Errorf("it is a public key, but not on the SM2 curve (%s); make one with `sealctl keygen`", keyType(key))
	}
	return newSM2Recipient(key.(*ecdsa.PublicKey))
}

func newSM2Recipient(key *ecdsa.PublicKey) (*SM2Recipient, error) {
	der, err := smx509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, err
	}
	digest := sm3.Sum(der)
	return &SM2Recipient{id: digest[:keyIDSize], key: key}, nil
}

func keyType(key any) string {
	if k, ok := key.(*ecdsa.PublicKey); ok {
		return k.Curve.Params().Name
	}
	return fmt.Sprintf("%T", key)
}

// SM2Provider wraps for the SM2 public keys in PEM files.
type SM2Provider struct{ Paths []string }

// Recipients reads the keys anew.
func (p SM2Provider) Recipients(context.Context) ([]Recipient, error) {
	recipients := make([]Recipient, 0, len(p.Paths))
	for _, path := range p.Paths {
		text, err := readKeyFile(path, publicFile)
		if err != nil {
			return nil, err
		}
		r, err := ParseSM2Recipient(text)
		if err != nil {
			return nil, fmt.Errorf("key file %s: %w", path, err)
		}
		recipients = append(recipients, r)
	}
	return recipients, nil
}

// SM2Identity unwraps with an SM2 private key.
type SM2Identity struct {
	id  []byte
	key *sm2.PrivateKey
}

// String returns the kind and the id of the public key.
func (i *SM2Identity) String() string { return recipientName(KindSM2, i.id) }

// Unwrap decrypts a data key that was wrapped for the public key.
func (i *SM2Identity) Unwrap(_ context.Context, w Wrapped) ([]byte, error) {
	if w.Kind != KindSM2 || !bytes.Equal(w.ID, i.id) {
		return nil, ErrOtherRecipient
	}
	key, err := i.key.Decrypt(rand.Reader, w.Key, nil)
	if err != nil {
		return nil, errors.New("the wrapped key was altered")
	}
	return key, nil
}

// PublicKey returns the public key in PEM, which a gateway seals with.
func (i *SM2Identity) PublicKey() ([]byte, error) {
	der, err := smx509.MarshalPKIXPublicKey(&i.key.PublicKey)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemPublic, Bytes: der}), nil
}

// ErrPassphrase says that a private key is encrypted and the passphrase is
// missing or wrong.
var ErrPassphrase = errors.New("the private key is encrypted")

// ParseSM2Identity parses a private key in PEM, PKCS #8. The passphrase is for an
// encrypted one.
func ParseSM2Identity(text, passphrase []byte) (*SM2Identity, error) {
	block, _ := pem.Decode(text)
	switch {
	case block == nil:
		return nil, fmt.Errorf("it is not PEM; an SM2 private key begins with -----BEGIN %s-----", pemPrivate)
	case block.Type == pemPublic:
		return nil, errors.New("it is a public key; to read, the private one is needed")
	case block.Type == pemEncryptedPrivate && len(passphrase) == 0:
		return nil, fmt.Errorf("%w and no passphrase was given", ErrPassphrase)
	}
	key, err := parsePrivate(block, passphrase)
	if err != nil {
		return nil, err
	}
	r, err := newSM2Recipient(&key.PublicKey)
	if err != nil {
		return nil, err
	}
	return &SM2Identity{id: r.id, key: key}, nil
}

func parsePrivate(block *pem.Block, passphrase []byte) (*sm2.PrivateKey, error) {
	switch block.Type {
	case pemEncryptedPrivate:
		key, err := pkcs8.ParsePKCS8PrivateKeySM2(block.Bytes, passphrase)
		if err != nil {
			return nil, fmt.Errorf("%w and the passphrase does not open it, or it is not an SM2 key", ErrPassphrase)
		}
		return key, nil
	case pemPrivate:
		key, err := smx509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, errors.New("it is not a PKCS #8 private key") // not err: it may show parts
		}
		if own, ok := key.(*sm2.PrivateKey); ok {
			return own, nil
		}
		return nil, errors.New("it is a private key, but not on the SM2 curve; make one with `sealctl keygen`")
	}
	return nil, fmt.Errorf("it is a PEM %s; an SM2 %s is needed", block.Type, pemPrivate)
}

// GenerateSM2 makes a pair of keys in PEM. A passphrase that is not empty encrypts
// the private one.
func GenerateSM2(passphrase []byte) (private, public []byte, recipient *SM2Recipient, err error) {
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, nil, err
	}
	if recipient, err = newSM2Recipient(&key.PublicKey); err != nil {
		return nil, nil, nil, err
	}
	der, err := smx509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return nil, nil, nil, err
	}
	public = pem.EncodeToMemory(&pem.Block{Type: pemPublic, Bytes: der})
	kind := pemPrivate
	if len(passphrase) > 0 {
		kind = pemEncryptedPrivate
		der, err = pkcs8.MarshalPrivateKey(key, passphrase, pkcs.NewSMPBESEncrypter(16, passphraseRounds))
	} else {
		der, err = smx509.MarshalPKCS8PrivateKey(key)
	}
	if err != nil {
		return nil, nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), public, recipient, nil
}

// isPEM tells whether a key file holds PEM rather than a symmetric key.
func isPEM(text []byte) bool {
	block, _ := pem.Decode(text)
	return block != nil
}

func isEncrypted(text []byte) bool {
	block, _ := pem.Decode(text)
	return block != nil && block.Type == pemEncryptedPrivate
}
