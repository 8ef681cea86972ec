// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Command ratelimit is the filter ratelimit as a WebAssembly module.
package main

import (
	"github.com/sealgate/sealgate/wasmfilters/ratelimit"
	"github.com/sealgate/sealgate/wasmfilters/sdk"
)

func init() { sdk.Register(ratelimit.New()) }

func main() {}
