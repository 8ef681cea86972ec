// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Command talker is a filter that says what it does, and panics at most records.
package main

import "github.com/sealgate/sealgate/wasmfilters/sdk"

func init() { sdk.Register(talker{}) }

func main() {}

type talker struct{}

func (talker) Configure([]byte) (sdk.Manifest, error) {
	return sdk.Manifest{Name: "talker", Version: "0", Columns: []string{sdk.ColumnBody}}, nil
}

func (talker) Judge(c *sdk.Chunk, _ []sdk.Verdict) {
	println("judging", c.Len(), "records")
	if body, ok := c.Texts(0).Get(0); ok && len(body) > 0 {
		panic("no record is called " + string(body))
	}
}
