// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !amd64

package severity

// in returns the sets of which there is a pair in a text.
func (d *digrams) in(s string) uint8 { return d.inBytes(s) }
