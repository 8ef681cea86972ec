// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"runtime"

	"github.com/tetratelabs/wazero/experimental"
)

// linearMemory is that of an instance. Why not wazero's own: that copies the memory each time that
// it grows by a page, which makes a second of ten million units of fuel, or takes all of the cap at
// once. This one has as much again in reserve. It is on the Go heap, so that memory_limiter sees it.
type linearMemory struct {
	buffer []byte
	most   uint64
	yield  func()
}

// allocator gives memories of at most so many bytes, whatever the module declares. It calls yield where a
// memory would grow beyond that, see fuel.Yield.
func allocator(most uint64, yield func()) experimental.MemoryAllocator {
	return experimental.MemoryAllocatorFunc(func(_, declared uint64) experimental.LinearMemory {
		return &linearMemory{most: min(most, declared), yield: yield}
	})
}

// Reallocate implements experimental.LinearMemory. What has not been asked for yet has never been
// written to, so it is zero as WebAssembly wants it.
func (m *linearMemory) Reallocate(size uint64) []byte {
	if size > m.most {
		m.yield()
		return nil
	}
	had := len(m.buffer)
	if size > uint64(cap(m.buffer)) {
		grown := make([]byte, size, min(m.most, 2*size))
		inPieces(had, func(from, to int) { copy(grown[from:to], m.buffer[from:to]) })
		m.buffer = grown
	}
	m.buffer = m.buffer[:size]
	had = max(had, untouched)
	inPieces(int(size)-had, func(from, to int) { touch(m.buffer[had+from : had+to]) })
	return m.buffer
}

// untouched is the memory of which a guest touches the pages itself. Where they are new to the system that
// takes some ms for all, or 20 on a slow virtual machine; small guests never need half of what they ask for.
const untouched = 4 << 20

// inPieces lets other goroutines have their turn after each piece of n bytes. Memory that is new takes
// the system a tenth of a second for some tens of megabytes, and a copy cannot be preempted.
func inPieces(n int, do func(from, to int)) {
	const piece = 256 << 10
	for from := 0; from < n; from += piece {
		do(from, min(n, from+piece))
		runtime.Gosched()
	}
}

// touch has the system put memory behind every page. Were it the guest that touched them first, all
// would wait for it, since a guest cannot be preempted.
func touch(zeros []byte) {
	const page = 4 << 10
	for at := 0; at < len(zeros); at += page {
		zeros[at] = 0
	}
}

// Free implements experimental.LinearMemory.
func (m *linearMemory) Free() { m.buffer = nil }
