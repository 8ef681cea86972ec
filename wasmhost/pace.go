// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"errors"
	"slices"
)

// size is that of a chunk.
type size struct {
	records int
	weight  int // bytes of the texts, and recordWeight for each record
}

// largest is the size of a chunk of at most so many records.
func largest(records int) size {
	return size{records, maxChunkText + records*recordWeight}
}

// pace sizes the chunks of an instance. A chunk should take half of its fuel: then one that is twice as
// dear as the last still ends within its budget. Where a guest runs out of fuel or memory all the same, its records
// come again in smaller chunks, so that in the end a record can fail only itself.
type pace struct {
	most  size // of any chunk
	limit size // of the next
}

func newPace(o Options) pace {
	most := largest(o.ChunkRecords)
	return pace{most, most}
}

// succeeded is told what a chunk has taken of its budget.
func (p *pace) succeeded(chunk size, used, budget int64) {
	affordable := p.most.weight
	if used > 0 {
		affordable = int(min(int64(affordable), int64(chunk.weight)*(budget/2)/used))
	}
	p.limit.records = min(2*p.limit.records, p.most.records)
	p.limit.weight = min(max(affordable, recordWeight), 2*p.limit.weight)
}

// splits reports whether the records of a chunk that failed should come again in smaller chunks.
func (p *pace) splits(chunk size, err error) bool {
	var e *Error
	if chunk.records < 2 || !errors.As(err, &e) || !slices.Contains(exhaustion, e.Kind) {
		return false
	}
	p.limit = size{chunk.records / 2, max(chunk.weight/2, recordWeight)}
	return true
}

// exhaustion are the kinds of error that a smaller chunk may not meet.
var exhaustion = []Kind{KindFuel, KindMemory}
