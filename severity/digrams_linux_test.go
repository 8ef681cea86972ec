// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package severity

import (
	"os"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// TestDigramsReadNothingElse puts texts between two pages that must not be read.
func TestDigramsReadNothingElse(t *testing.T) {
	page := os.Getpagesize()
	memory, err := syscall.Mmap(-1, 0, 3*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	require.NoError(t, err)
	defer func() { require.NoError(t, syscall.Munmap(memory)) }()
	require.NoError(t, syscall.Mprotect(memory[:page], syscall.PROT_NONE))
	require.NoError(t, syscall.Mprotect(memory[2*page:], syscall.PROT_NONE))
	between := memory[page : 2*page]
	for n := 1; n < 200; n++ {
		require.Zero(t, outcomePairs.in(unsafe.String(&between[0], n)))
		require.Zero(t, outcomePairs.in(unsafe.String(&between[page-n], n)))
	}
}
