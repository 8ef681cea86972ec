// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package checkconverter

// volumeSize does not know the volume.
func volumeSize(string) (uint64, bool) { return 0, false }
