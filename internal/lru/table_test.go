// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package lru

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// model is a table in the simplest way: keys from the oldest to the newest.
type model struct {
	most   int
	keys   []uint64
	values map[uint64]int
}

func (m *model) use(key uint64) bool {
	for i, k := range m.keys {
		if k == key {
			m.keys = append(append(m.keys[:i:i], m.keys[i+1:]...), key)
			return true
		}
	}
	return false
}

func (m *model) add(key uint64, value int) {
	if len(m.keys) == m.most {
		delete(m.values, m.keys[0])
		m.keys = m.keys[1:]
	}
	m.keys = append(m.keys, key)
	m.values[key] = value
}

func TestATableForgetsWhatWasUsedLongestAgo(t *testing.T) {
	for _, most := range []int{1, 2, 3, 7, 8, 9, 100} {
		r := rand.New(rand.NewPCG(uint64(most), 1))
		table, m := New[int](most), model{most: most, values: map[uint64]int{}}
		for i := range 5000 {
			// Few different upper bits, which are where the search begins.
			key := r.Uint64N(8)<<61 | r.Uint64N(3*uint64(most)/2+1)
			v := table.Use(key)
			require.Equal(t, m.use(key), v != nil)
			if v == nil {
				table.Add(key, i)
				m.add(key, i)
			} else {
				require.Equal(t, m.values[key], *v)
			}
			require.Equal(t, len(m.keys), table.Len())
			require.Equal(t, m.values[m.keys[0]], *table.Oldest())
			require.Equal(t, len(m.keys) == most, table.Full())
		}
		var keys []uint64
		for key, v := range table.All() {
			keys = append(keys, key)
			require.Equal(t, m.values[key], *v)
		}
		require.Equal(t, m.keys, keys)
		table.Clear()
		require.Zero(t, table.Len())
		require.Nil(t, table.Use(keys[0]))
		require.Equal(t, 7, *table.Add(keys[0], 7))
		require.Equal(t, 7, *table.Oldest())
	}
}

func TestATableTakesItsMemoryOnce(t *testing.T) {
	table := New[[4]uint64](1000)
	key := uint64(0)
	assert.Zero(t, testing.AllocsPerRun(5000, func() {
		key += 0x9e3779b97f4a7c15
		if table.Use(key/3*3) == nil {
			table.Add(key/3*3, [4]uint64{})
		}
	}))
}
