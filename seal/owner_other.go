// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package seal

import "os"

// checkOwner accepts every file on systems where files have no owner in the sense of Unix.
func checkOwner(string, os.FileInfo) error { return nil }
