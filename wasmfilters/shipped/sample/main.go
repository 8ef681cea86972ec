// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Command sample is the filter sample as a WebAssembly module.
package main

import (
	"github.com/sealgate/sealgate/wasmfilters/sample"
	"github.com/sealgate/sealgate/wasmfilters/sdk"
)

func init() { sdk.Register(sample.New()) }

func main() {}
