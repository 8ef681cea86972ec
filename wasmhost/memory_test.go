// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMemoryGrowsWithItsContentAndNoFurtherThanItsCap(t *testing.T) {
	const page = 1 << 16
	m := allocator(10*page, func() {}).Allocate(page, 20*page)
	b := m.Reallocate(page)
	b[page-1] = 7
	for pages := uint64(2); pages <= 10; pages++ {
		b = m.Reallocate(pages * page)
		assert.EqualValues(t, 7, b[page-1])
		assert.Len(t, b, int(pages*page))
		assert.Equal(t, make([]byte, page), b[(pages-1)*page:], "new memory is zero")
		b[(pages-1)*page] = 0
	}
	assert.LessOrEqual(t, cap(b), 10*page)
	assert.Nil(t, m.Reallocate(11*page))
	assert.Len(t, m.Reallocate(10*page), 10*page, "a refusal changes nothing")
	m.Free()
}

func TestMemoryHasAsMuchAgainInReserve(t *testing.T) {
	const page = 1 << 16
	m := allocator(10*page, func() {}).Allocate(page, 20*page)
	first := m.Reallocate(2 * page)
	grown := m.Reallocate(4 * page)
	assert.Same(t, &first[0], &grown[0], "it has not moved")
	assert.Equal(t, 10*page, cap(m.Reallocate(6*page)), "no more than the cap")
	m.Free()
}

func TestAPanicOfTheEngineIsAnError(t *testing.T) {
	err := contain(func() error { panic("BUG") })
	assert.EqualError(t, err, "the engine panicked: BUG")
}
