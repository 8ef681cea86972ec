// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

import "github.com/cespare/xxhash/v2"

// Hash is the exact hash of a body: XXH64 with seed 0. It is the same in every process and every version, because it is
// saved in the state of filters. It is no defence against someone who makes collisions on purpose: what acts on it may
// take two bodies of an attacker for one another, never an attacker's for somebody else's given one.
func Hash(body string) uint64 { return xxhash.Sum64String(body) }
