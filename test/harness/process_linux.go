// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import "syscall"

// childAttr keeps a terminal's Ctrl-C from reaching the child before its parent
// decides, and has the kernel kill the child when the parent dies.
func childAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
