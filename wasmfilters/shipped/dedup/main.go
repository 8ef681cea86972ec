// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Command dedup is the filter dedup as a WebAssembly module.
package main

import (
	"github.com/sealgate/sealgate/wasmfilters/dedup"
	"github.com/sealgate/sealgate/wasmfilters/sdk"
)

func init() { sdk.Register(dedup.New()) }

func main() {}
