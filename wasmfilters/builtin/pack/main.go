// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Command pack compresses a module for package builtin: from its standard input to its standard output.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/sealgate/sealgate/wasmfilters/builtin"
)

func main() {
	wasm, err := io.ReadAll(os.Stdin)
	if err == nil {
		err = builtin.Pack(os.Stdout, wasm)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}
