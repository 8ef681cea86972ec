// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package builtin has the shipped filters, compiled in. They are one module, which
// `make filters` builds into modules/, from where it is embedded; a program that is
// compiled without that has none.
package builtin

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
)

//go:embed modules
var modules embed.FS

// names are what wasmfilters/shipped registers, in order.
var names = []string{"dedup", "probes", "ratelimit", "redundancy", "rules", "sample"}

// Names returns the names of the filters that are compiled in, in order.
func Names() []string {
	if _, err := module(); err != nil {
		return nil
	}
	return slices.Clone(names)
}

// Load returns the module that has a filter, and the configuration for it that
// selects that filter: config, which is JSON, is what the filter is to get.
func Load(name string, config []byte) (wasm, selecting []byte, err error) {
	if wasm, err = module(); err != nil {
		return nil, nil, fmt.Errorf("there is no built-in filter %q, nor any other: this program was compiled before `make filters`", name)
	}
	if !slices.Contains(names, name) {
		return nil, nil, fmt.Errorf("there is no built-in filter %q; there are: %s", name, strings.Join(names, ", "))
	}
	return wasm, sdk.ConfigOf(name, config), nil
}

func module() ([]byte, error) { return modules.ReadFile("modules/shipped.wasm") }
