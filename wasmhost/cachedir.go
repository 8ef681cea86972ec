// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"errors"
	"fmt"
	"os"
	"runtime"
)

const othersMayWrite = 0o022

// privateDir makes dir, or checks that nobody else may write to it: what it holds is executed.
func privateDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the compilation cache directory: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("look at the compilation cache directory: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("compilation cache %s is not a directory", dir)
	}
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&othersMayWrite != 0 {
		return fmt.Errorf("compilation cache directory %s has mode %04o: others may write to it, and what it holds is "+
			"executed; chmod it to 0700", dir, mode)
	}
	return nil
}

// errorAnd is errors.Join that leaves a single error as it is.
func errorAnd(first, second error) error {
	switch {
	case first == nil:
		return second
	case second == nil:
		return first
	}
	return errors.Join(first, second)
}
