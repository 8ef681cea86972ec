// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package checkconverter

import "syscall"

// volumeSize returns the bytes of the volume that a directory is on.
func volumeSize(directory string) (uint64, bool) {
	var s syscall.Statfs_t
	if syscall.Statfs(directory, &s) != nil {
		return 0, false
	}
	return s.Blocks * uint64(s.Bsize), true
}
