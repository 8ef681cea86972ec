// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package sdktest tests filters: the same test runs one natively and as a
// WebAssembly module.
//
//	for name, m := range map[string]sdktest.Module{
//		"native": sdktest.Native(newFilter),
//		"wasm":   sdktest.Build(t, "."),
//	} {
//		t.Run(name, func(t *testing.T) {
//			sdktest.Conformance(t, m, `{}`)
//			run := sdktest.Start(t, m, `{}`)
//			assert.Equal(t, sdk.Drop(1), run.Judge(sdktest.Record{Severity: 5})[0])
//		})
//	}
//
// Chunks are made of plain records by [Encode], in the simplest way, on purpose
// apart from the host's: two implementations of one specification.
package sdktest
