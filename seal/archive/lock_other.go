// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package archive

import "os"

// dirLock does nothing where there is no flock.
type dirLock struct{}

func lockDir(string, Signal) (*dirLock, error) { return &dirLock{}, nil }

func (*dirLock) release() {}

func holdFile(*os.File) error { return nil }

func writerHolds(string) bool { return false }

func keepOwner(*os.File, os.FileInfo) {}
