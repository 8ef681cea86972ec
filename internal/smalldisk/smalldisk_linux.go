// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package smalldisk mounts file systems that tests can fill.
package smalldisk

import (
	"os"
	"syscall"
	"testing"
)

// Mount mounts an empty file system of its own at path, which it makes, until the end of
// the test. Size is as tmpfs has it: 64k, 32m. Where nothing may be mounted it skips the test.
func Mount(t testing.TB, path, size string) {
	t.Helper()
	if err := os.MkdirAll(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", path, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("a small disk cannot be mounted here: %v; root can where CAP_SYS_ADMIN is granted", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(path, 0); err != nil {
			t.Errorf("unmounting %s: %v", path, err)
			_ = syscall.Unmount(path, syscall.MNT_DETACH) // not to leave it behind
		}
	})
}
