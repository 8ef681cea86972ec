// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Command counter is the filter of the tests as a module.
package main

import (
	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest/testdata/counter/filter"
)

func init() { sdk.Register(filter.New()) }

func main() {}
