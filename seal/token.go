// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"encoding/base64"
	"hash"
	"sync"
)

// TokenSize is the length of a search token in characters: 16 bytes of HMAC-SM3
// in base64url without padding.
const TokenSize = 22

// TokenKey makes search tokens. It is safe for concurrent use.
//
// A token is deterministic: the same attribute and value give the same token
// under the same search key, for as long as that key is used. That is what makes
// an equality search work, and what an observer of the backend learns.
type TokenKey struct {
	macs sync.Pool
}

// NewTokenKey derives a TokenKey from a search key of KeySize bytes. The search
// key lives longer than any data key: a token has to be the same tomorrow.
func NewTokenKey(searchKey []byte) (*TokenKey, error) {
	if err := checkKeySize(searchKey); err != nil {
		return nil, err
	}
	key := derive(searchKey, nil, infoToken, macSize)
	return &TokenKey{macs: sync.Pool{New: func() any { return &tokenMAC{mac: newMAC(key)} }}}, nil
}

type tokenMAC struct {
	mac hash.Hash
	buf []byte
	sum [macSize]byte
}

// Append appends the token of an attribute and its value, TokenSize characters,
// to dst. A value that is not a string is given in its JSON form.
func (k *TokenKey) Append(dst []byte, attribute, value string) []byte {
	m := k.macs.Get().(*tokenMAC)
	defer k.macs.Put(m)
	// The length keeps attribute and value apart, whatever bytes they have.
	n := uint64(len(attribute))
	m.buf = append(m.buf[:0], byte(n>>56), byte(n>>48), byte(n>>40), byte(n>>32), byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	m.buf = append(m.buf, attribute...)
	m.buf = append(m.buf, value...)
	m.mac.Reset()
	m.mac.Write(m.buf)
	sum := m.mac.Sum(m.sum[:0])
	return base64.RawURLEncoding.AppendEncode(dst, sum[:16])
}

// Token returns the token of an attribute and its value.
func (k *TokenKey) Token(attribute, value string) string {
	return string(k.Append(nil, attribute, value))
}
