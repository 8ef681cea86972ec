// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package harness

import "syscall"

// childAttr asks for nothing: only Linux can tie a child's life to its parent's.
func childAttr() *syscall.SysProcAttr { return nil }
