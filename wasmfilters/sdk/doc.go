// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package sdk is the guest side of Sealgate's WebAssembly filters, for filters
// written in Go. The ABI that it speaks is specified in docs/wasm-abi.md.
//
// A filter is a [Filter], or just a function of a record by [Func]. It is
// registered in an init function of package main and built with the standard
// toolchain:
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o my.wasm .
//
// The same code is built natively for tests, where [Guest] does what the module
// does, on the same bytes; see package sdktest.
//
// # Why no fmt and no encoding/json here
//
// A module is compiled to machine code when it is loaded, and that takes time
// by the megabyte. An empty Go module has 1.8 MB; encoding/json adds 1.4 MB and
// fmt 0.7 MB. Configurations are read with package conf instead.
package sdk
