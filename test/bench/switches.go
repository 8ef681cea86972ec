// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:build sealgate_bench

package main

import (
	"github.com/sealgate/sealgate/internal/guard"
	"github.com/sealgate/sealgate/seal/archive"
)

// withoutCipher calls open while the cipher of new archives is left out.
func withoutCipher(open func() error) error {
	archive.LeaveCipherOut.Store(true)
	defer archive.LeaveCipherOut.Store(false)
	return open()
}

// withoutGuard calls open while the guard of new filters is left out.
func withoutGuard(open func() error) error {
	guard.LeaveGuardOut.Store(true)
	defer guard.LeaveGuardOut.Store(false)
	return open()
}
