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
	Version    byte
	Period     [16]byte
	Commitment [CommitmentSize]byte
	Wrapped    []Wrapped
}

// encodeFieldHeader encodes the header of a period, in base64url: version, id of
// the period, key commitment, wrapped keys.
func encodeFieldHeader(period [idSize]byte, key *DataKey, wrapped []Wrapped) (string, error) {
	commitment := key.commitment(period[:], fieldLabels[fieldVersion].commitment)
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
	if len(b) == 0 || b[0] != fieldV1 && b[0] != fieldV2 {
		return nil, fmt.Errorf("the key header is not of version %d or %d, which this version of Sealgate reads", fieldV1, fieldV2)
	}
	h := &FieldHeader{Version: b[0]}
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
	if err := key.check(h.Period[:], fieldLabels[h.Version].commitment, h.Commitment); err != nil {
		return nil, err
	}
	return newFieldOpener(key, h.Version, h.Period)
}

func newFieldOpener(key *DataKey, version byte, period [idSize]byte) (*FieldOpener, error) {
	aead, err := fieldAEAD(key, version, period)
	if err != nil {
		return nil, err
	}
	return &FieldOpener{aead: aead, version: version, period: period}, nil
}

// NewOldFieldOpener returns an opener of fields of version 1 under a data key that is
// given in the clear. It is for test vectors.
func NewOldFieldOpener(dataKey []byte, period [16]byte) (*FieldOpener, error) {
	key, err := newDataKey(dataKey)
	if err != nil {
		return nil, err
	}
	return newFieldOpener(key, fieldV1, period)
}

// NewFieldPair returns a sealer and an opener under a data key that is given in
// the clear. It is for test vectors, and for tests of what seals fields: its salts
// are constant.
func NewFieldPair(dataKey []byte, period [16]byte) (*FieldSealer, *FieldOpener, error) {
	key, err := newDataKey(dataKey)
	if err != nil {
		return nil, nil, err
	}
	opener, err := newFieldOpener(key, fieldVersion, period)
	if err != nil {
		return nil, nil, err
	}
	sealer, err := newFieldSealer(key, period, "", maxFieldSeals)
	if err != nil {
		return nil, nil, err
	}
	sealer.salt = func(salt *[saltSize]byte) { *salt = [saltSize]byte{0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7} }
	return sealer, opener, nil
}
