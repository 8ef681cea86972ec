// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import "github.com/tetratelabs/wazero/experimental"

// linearMemory is that of an instance. Why not wazero's own: that copies the memory each time that
// it grows by a page, which makes a second of ten million units of fuel, or takes all of the cap at
// once. This one doubles. It is on the Go heap, so that memory_limiter sees it.
type linearMemory struct {
	buffer []byte
	most   uint64
}

var memoryAllocator = experimental.MemoryAllocatorFunc(func(_, most uint64) experimental.LinearMemory {
	return &linearMemory{most: most}
})

// Reallocate implements experimental.LinearMemory. What has not been asked for yet has never been
// written to, so it is zero as WebAssembly wants it.
func (m *linearMemory) Reallocate(size uint64) []byte {
	if size > m.most {
		return nil
	}
	if size > uint64(cap(m.buffer)) {
		grown := make([]byte, size, min(m.most, max(size, 2*uint64(len(m.buffer)))))
		copy(grown, m.buffer)
		m.buffer = grown
	}
	m.buffer = m.buffer[:size]
	return m.buffer
}

// Free implements experimental.LinearMemory.
func (m *linearMemory) Free() { m.buffer = nil }
