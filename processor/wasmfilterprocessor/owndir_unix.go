// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package wasmfilterprocessor

import (
	"os"
	"syscall"
)

// ownDir tells whether a folder is there and belongs to this user, so that files which are made in it
// do not get in the way of another.
func ownDir(path string) bool {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return false
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(owner.Uid) == os.Geteuid()
}
