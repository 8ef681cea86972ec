// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package seal

import (
	"fmt"
	"os"
	"syscall"
)

// checkOwner returns an error unless root or the user of this process owns a key file. Any other
// owner can change the file, whatever its mode is.
func checkOwner(path string, info os.FileInfo) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Errorf("key file %s: its owner cannot be determined", path)
	}
	if owner, user := int(stat.Uid), os.Geteuid(); owner != 0 && owner != user {
		return fmt.Errorf("key file %s belongs to user %d, who can change it; it must belong to root or to the user of this process, %d: chown %d %s", path, owner, user, user, path)
	}
	return nil
}
