// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Command broken is a filter that loops for ever on a record whose body is "loop".
package main

import "github.com/sealgate/sealgate/wasmfilters/sdk"

func init() { sdk.Register(broken{}) }

func main() {}

type broken struct{}

func (broken) Configure([]byte) (sdk.Manifest, error) {
	return sdk.Manifest{Name: "broken", Version: "0", Columns: []string{"body"}}, nil
}

func (broken) Judge(*sdk.Chunk, []sdk.Verdict) {
	for i := 0; ; i++ {
		sink = i
	}
}

var sink int
