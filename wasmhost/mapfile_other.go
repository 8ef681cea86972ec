// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package wasmhost

import "os"

func mapFile(path string) (content []byte, release func(), err error) {
	content, err = os.ReadFile(path)
	return content, func() {}, err
}
