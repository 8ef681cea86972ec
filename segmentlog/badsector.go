// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package segmentlog

import (
	"errors"
	"syscall"
)

// isBadSector tells whether a part of a file cannot be read, while others can.
func isBadSector(err error) bool { return errors.Is(err, syscall.EIO) }
