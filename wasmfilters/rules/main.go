// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Command rules is a filter that drops or keeps log records by rules: see
// README.md. It is built as a WebAssembly module.
package main

import "github.com/sealgate/sealgate/wasmfilters/sdk"

func init() { sdk.Register(&filter{}) }

func main() {}
