// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fuel_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sealgate/sealgate/wasmhost/fuel"
)

// FuzzInstrument: it never panics, and what it accepts is as valid after as before.
func FuzzInstrument(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(randomModule(seed))
	}
	f.Add(single(i32ToI32, b(1, 0x7e), countdown, i32(0), param, i32(3), b(0xfc, 0x0b, 0x00), param))
	f.Add(source{customs: [][]byte{join(str("name"), b(0x00), u32(5), str("test"))}}.bytes())
	files, _ := filepath.Glob(filepath.Join(specTests(f), "v2", "testdata", "*.0.wasm"))
	for _, file := range files {
		if module, err := os.ReadFile(file); err == nil && len(module) < 4096 {
			f.Add(module)
		}
	}
	r := newRuntime(f, "interpreter")
	f.Fuzz(func(t *testing.T, module []byte) {
		m, err := fuel.Instrument(module, fuel.Limits{Budget: 1})
		if err != nil {
			return
		}
		bothOrNeither(t, r, module, m.Code)
		if _, err := fuel.Instrument(m.Code, fuel.Limits{Budget: 1}); err == nil {
			t.Fatal("a module was instrumented twice")
		}
	})
}
