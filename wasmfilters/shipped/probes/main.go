// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Command probes is the filter probes as a WebAssembly module.
package main

import (
	"github.com/sealgate/sealgate/wasmfilters/probes"
	"github.com/sealgate/sealgate/wasmfilters/sdk"
)

func init() { sdk.Register(probes.New()) }

func main() {}
