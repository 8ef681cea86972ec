// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate ../../build/tools/mdatagen metadata.yaml

// Package wasmfilterprocessor is the `wasmfilter` processor: it drops redundant log
// records with a sandboxed WebAssembly program. The host of that program is package
// wasmhost; the ABI is in docs/wasm-abi.md.
package wasmfilterprocessor
