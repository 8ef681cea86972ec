// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package divideextension

import (
	"sync"

	"github.com/cespare/xxhash/v2"
)

// failures counts how often a backend failed with one and the same request. It forgets
// everything when it holds too much, which costs one more try of each request.
type failures struct {
	mu    sync.Mutex
	tries map[uint64]int
}

const maxFailures = 4096

func newFailures() *failures { return &failures{tries: map[uint64]int{}} }

// add counts one more failure with a body, and returns how many there were.
func (f *failures) add(body []byte) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.tries) >= maxFailures {
		clear(f.tries)
	}
	key := xxhash.Sum64(body)
	f.tries[key]++
	return f.tries[key]
}

func (f *failures) forget(body []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.tries, xxhash.Sum64(body))
}
