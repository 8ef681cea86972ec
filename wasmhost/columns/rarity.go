// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

// frequent are the bytes that log lines have most, the commonest first.
const frequent = ` etanoisrlc0d1m2p-u.h3f4/g5:"b68977=yvw,k`

var rarity = buildRarity()

func buildRarity() (t [256]uint8) {
	for i := range t {
		t[i] = uint8(len(frequent))
	}
	for i := range len(frequent) {
		t[frequent[i]] = uint8(i)
	}
	return t
}

// rarest is where the rarest of the windows of size bytes begins in key: the scanner looks for this part of a needle,
// and compares the needle the less often the rarer it is.
func rarest(key string, size int) int {
	best, at := -1, 0
	for i := 0; i+size <= len(key); i++ {
		sum := 0
		for _, c := range []byte(key[i : i+size]) {
			sum += int(rarity[lowered[c]])
			if c != lowered[c] {
				sum += len(frequent) / 2
			}
		}
		if sum > best {
			best, at = sum, i
		}
	}
	return at
}
