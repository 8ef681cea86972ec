// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Command rules is the filter rules as a WebAssembly module.
package main

import (
	"github.com/sealgate/sealgate/wasmfilters/rules"
	"github.com/sealgate/sealgate/wasmfilters/sdk"
)

func init() { sdk.Register(rules.New()) }

func main() {}
