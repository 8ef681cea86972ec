// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmfilters

import "embed"

// SDK has the sources of package sdk and the packages within it, from which a filter can be built without this
// repository; their tests are among them.
//
//go:embed sdk/*.go sdk/conf/*.go sdk/sdktest/*.go
var SDK embed.FS

// Examples has the filter quiet in the languages that have no SDK, with what builds it.
//
//go:embed quiet/c/quiet.c quiet/c/build.sh quiet/assemblyscript/quiet.ts quiet/assemblyscript/build.sh
var Examples embed.FS
