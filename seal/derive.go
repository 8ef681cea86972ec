// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"fmt"
	"hash"

	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/sm4"
)

// Sizes in bytes.
const (
	KeySize  = 16 // an SM4 key, GB/T 32907-2016
	macSize  = sm3.Size
	idSize   = 16
	tagSize  = 16 // of SM4-GCM
	gcmNonce = 12
)

// Labels of the keys that are derived from another. Each is used for one thing.
const (
	infoArchive    = "sealgate/v1 archive encryption"
	infoArchiveMAC = "sealgate/v1 archive header mac"
	infoField      = "sealgate/v1 field encryption"
	infoFieldV2    = "sealgate/v2 field encryption"
	infoCommitment = "sealgate/v1 key commitment"
	infoCommitV2   = "sealgate/v2 key commitment"
	infoToken      = "sealgate/v1 search token"
	infoWrap       = "sealgate/v1 key wrap"
	infoKeyID      = "sealgate/v1 key id"
)

// fieldLabels has the labels of each version of sealed fields.
var fieldLabels = map[byte]struct{ key, commitment string }{
	fieldV1: {infoField, infoCommitment},
	fieldV2: {infoFieldV2, infoCommitV2},
}

// derive returns n bytes made of secret with HKDF (RFC 5869) over SM3.
func derive(secret, salt []byte, info string, n int) []byte {
	key, err := hkdf.Key(sm3.New, secret, salt, info, n)
	if err != nil {
		panic(fmt.Sprintf("seal: deriving %d bytes: %v", n, err)) // n is a constant far below the limit
	}
	return key
}

// newGCM returns SM4-GCM (RFC 8998) under a key of KeySize bytes.
func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := sm4.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func newMAC(key []byte) hash.Hash { return hmac.New(sm3.New, key) }
