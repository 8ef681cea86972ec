// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package nullseal has what seals nothing. It is there so that benchmarks can tell
// what sealing costs; no configuration reaches it.
package nullseal

// AEAD copies instead of sealing, and makes room for a tag.
type AEAD struct{}

// tag has the size of a tag of SM4-GCM.
var tag [16]byte

// NonceSize returns the size of GCM's nonce.
func (*AEAD) NonceSize() int { return 12 }

// Overhead returns the size of GCM's tag.
func (*AEAD) Overhead() int { return len(tag) }

// Seal copies.
func (*AEAD) Seal(dst, _, plaintext, _ []byte) []byte {
	return append(append(dst, plaintext...), tag[:]...)
}

// Open copies back.
func (*AEAD) Open(dst, _, ciphertext, _ []byte) ([]byte, error) {
	return append(dst, ciphertext[:len(ciphertext)-len(tag)]...), nil
}
