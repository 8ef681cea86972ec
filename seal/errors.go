// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"errors"
	"fmt"
)

// ErrKeyExhausted says that a data key has reached its hard limit. No more may
// be sealed under it.
var ErrKeyExhausted = errors.New("the data key has reached its limit")

func checkKeySize(key []byte) error {
	if len(key) != KeySize {
		return fmt.Errorf("the key has %d bytes; it must have %d", len(key), KeySize)
	}
	return nil
}
