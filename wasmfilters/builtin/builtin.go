// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package builtin has the shipped filters, compiled in. `make filters` builds them
// into modules/, from where they are embedded; a program that is compiled without
// that has none.
package builtin

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
)

//go:embed modules
var modules embed.FS

const extension = ".wasm"

// Names returns the names of the filters that are compiled in, in order.
func Names() []string {
	files, err := fs.Glob(modules, "modules/*"+extension)
	if err != nil {
		panic(err) // the pattern is a constant
	}
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = strings.TrimSuffix(strings.TrimPrefix(f, "modules/"), extension)
	}
	return names
}

// Module returns the WebAssembly module of a filter.
func Module(name string) ([]byte, error) {
	if module, err := modules.ReadFile("modules/" + name + extension); err == nil {
		return module, nil
	}
	names := Names()
	if len(names) == 0 {
		return nil, fmt.Errorf("there is no built-in filter %q, nor any other: this program was compiled before `make filters`", name)
	}
	return nil, fmt.Errorf("there is no built-in filter %q; there are: %s", name, strings.Join(names, ", "))
}
