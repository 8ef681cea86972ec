// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
)

// maxFieldHeader is more than the header of the most recipients takes, in bytes.
const maxFieldHeader = 2 << 20

// FieldHeader is what travels with the resource of sealed fields.
type FieldHeader struct {
	Period     [16]byte
	Commitment [CommitmentSize]byte
	Wrapped    []Wrapped
}

// encodeFieldHeader encodes the header of a period, in base64url: version, id of
// the period, key commitment, wrapped keys.
func encodeFieldHeader(period [idSize]byte, key *DataKey, wrapped []Wrapped) (string, error) {
	commitment := key.Commitment(period[:])
	b := append([]byte{fieldVersion}, period[:]...)
	b = append(b, commitment[:]...)
	b, err := AppendWrapped(b, wrapped)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// ParseFieldHeader parses the header that travels with a resource.
func ParseFieldHeader(text string) (*FieldHeader, error) {
	if len(text) > maxFieldHeader {
		return nil, fmt.Errorf("the key header has %d characters; it is not one", len(text))
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, errors.New("the key header is not base64url; was it cut or altered?")
	}
	if len(b) == 0 || b[0] != fieldVersion {
		return nil, fmt.Errorf("the key header is not of version %d, which is what this version of Sealgate reads", fieldVersion)
	}
	h := &FieldHeader{}
	if b = b[1:]; len(b) < len(h.Period)+len(h.Commitment) {
		return nil, errors.New("the key header is cut short")
	}
	b = b[copy(h.Period[:], b):]
	b = b[copy(h.Commitment[:], b):]
	h.Wrapped, b, err = DecodeWrapped(b)
	if err == nil && len(b) > 0 {
		err = fmt.Errorf("%d bytes follow", len(b))
	}
	if err != nil {
		return nil, fmt.Errorf("the key header: %w", err)
	}
	return h, nil
}

// Opener returns what opens the fields that were sealed under this header, with
// whichever of the identities can.
func (h *FieldHeader) Opener(ctx context.Context, identities []Identity) (*FieldOpener, error) {
	key, err := Unwrap(ctx, h.Wrapped, identities)
	if err != nil {
		return nil, err
	}
	if err := key.Check(h.Period[:], h.Commitment); err != nil {
		return nil, err
	}
	return newFieldOpener(key, h.Period)
}

func newFieldOpener(key *DataKey, period [idSize]byte) (*FieldOpener, error) {
	aead, err := newGCM(derive(key.secret[:], period[:], infoField, KeySize))
	if err != nil {
		return nil, err
	}
	return &FieldOpener{aead: aead, period: period}, nil
}

// NewFieldPair returns a sealer and an opener under a data key that is given in
// the clear. It is for test vectors, and for tests of what seals fields.
func NewFieldPair(dataKey []byte, period [16]byte) (*FieldSealer, *FieldOpener, error) {
	key, err := newDataKey(dataKey)
	if err != nil {
		return nil, nil, err
	}
	opener, err := newFieldOpener(key, period)
	if err != nil {
		return nil, nil, err
	}
	sealer, err := newFieldSealer(key, period, "", maxFieldSeals)
	return sealer, opener, err
}
