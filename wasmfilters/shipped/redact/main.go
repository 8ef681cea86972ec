// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Command redact is the filter redact as a WebAssembly module.
package main

import (
	"github.com/sealgate/sealgate/wasmfilters/redact"
	"github.com/sealgate/sealgate/wasmfilters/sdk"
)

func init() { sdk.Register(redact.New()) }

func main() {}
