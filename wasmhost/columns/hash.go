// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

import "hash/maphash"

// seed keys every hash of this process. XXH64 and other hashes with a known seed are invertible: anyone could compute a
// line whose id is the id of a chosen line, and have the chosen line dropped as a repeat.
var seed = maphash.MakeSeed()

// Hash returns the exact hash of a body. Two equal bodies have one hash within a process; another process has another
// hash for the same body.
func Hash(body string) uint64 { return maphash.String(seed, body) }
