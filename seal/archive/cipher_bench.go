// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:build sealgate_bench

package archive

import (
	"sync/atomic"

	"github.com/sealgate/sealgate/seal"
)

// LeaveCipherOut has archives that are opened from now on copy instead of seal, so that
// benchmarks can tell what the cipher costs. No product is built with it.
var LeaveCipherOut atomic.Bool

// switches are the state of the switches when an archive was opened.
type switches struct{ null bool }

func (s *switches) read() { s.null = LeaveCipherOut.Load() }

func (s *switches) apply(keys *seal.FileKeys) {
	if s.null {
		keys.AEAD = nullAEAD{}
	}
}

// nullAEAD copies instead of sealing, and makes room for a tag.
type nullAEAD struct{}

// noTag has the size of a tag of SM4-GCM.
var noTag [16]byte

// NonceSize returns the size of GCM's nonce.
func (nullAEAD) NonceSize() int { return 12 }

// Overhead returns the size of GCM's tag.
func (nullAEAD) Overhead() int { return len(noTag) }

// Seal copies.
func (nullAEAD) Seal(dst, _, plaintext, _ []byte) []byte {
	return append(append(dst, plaintext...), noTag[:]...)
}

// Open copies back.
func (nullAEAD) Open(dst, _, ciphertext, _ []byte) ([]byte, error) {
	return append(dst, ciphertext[:len(ciphertext)-len(noTag)]...), nil
}
