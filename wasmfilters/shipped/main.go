// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Command shipped is the shipped filters as one WebAssembly module. Its
// configuration selects one: see sdk.OneOf.
package main

import (
	"github.com/sealgate/sealgate/wasmfilters/dedup"
	"github.com/sealgate/sealgate/wasmfilters/probes"
	"github.com/sealgate/sealgate/wasmfilters/ratelimit"
	"github.com/sealgate/sealgate/wasmfilters/redundancy"
	"github.com/sealgate/sealgate/wasmfilters/rules"
	"github.com/sealgate/sealgate/wasmfilters/sample"
	"github.com/sealgate/sealgate/wasmfilters/sdk"
)

func init() {
	sdk.Register(sdk.OneOf(map[string]func() sdk.Filter{
		"dedup":      dedup.New,
		"probes":     probes.New,
		"ratelimit":  ratelimit.New,
		"redundancy": redundancy.New,
		"rules":      rules.New,
		"sample":     sample.New,
	}))
}

func main() {}
