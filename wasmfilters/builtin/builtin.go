// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package builtin has the shipped filters, compiled in: modules that `make filters` builds and
// packs into modules/, from where they are embedded. A program that is compiled without that has none.
package builtin

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

//go:embed modules
var modules embed.FS

const (
	folder = "modules/"
	ending = ".wasm.gz"
)

// Names returns the names of the filters that are compiled in, in order.
func Names() []string {
	names, _ := fs.Glob(modules, folder+"*"+ending) // the pattern is a good one
	for i, name := range names {
		names[i] = strings.TrimSuffix(path.Base(name), ending)
	}
	return names
}

// Find returns the module of a filter.
func Find(name string) (Module, error) {
	names := Names()
	switch {
	case len(names) == 0:
		return Module{}, fmt.Errorf("there is no built-in filter %q, nor any other: this program was compiled before `make filters`", name)
	case !slices.Contains(names, name):
		return Module{}, fmt.Errorf("there is no built-in filter %q; there are: %s", name, strings.Join(names, ", "))
	}
	return find(modules, folder+name+ending)
}

// Load is Find for who wants the bytes of the module in any case.
func Load(name string) ([]byte, error) {
	m, err := Find(name)
	if err != nil {
		return nil, err
	}
	return m.Read()
}
