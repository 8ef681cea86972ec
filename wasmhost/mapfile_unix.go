// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package wasmhost

import (
	"os"
	"syscall"
)

// mapFile is what a file has, until it is released. Why it is not read: memory that is new to a process
// takes time by the page, and 2.4 MB of it were a tenth of a warm start.
func mapFile(path string) (content []byte, release func(), err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	content, err = syscall.Mmap(int(f.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_PRIVATE)
	return content, func() { _ = syscall.Munmap(content) }, err
}
