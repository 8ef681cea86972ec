// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Command redundancy is the filter redundancy as a WebAssembly module.
package main

import (
	"github.com/sealgate/sealgate/wasmfilters/redundancy"
	"github.com/sealgate/sealgate/wasmfilters/sdk"
)

func init() { sdk.Register(redundancy.New()) }

func main() {}
