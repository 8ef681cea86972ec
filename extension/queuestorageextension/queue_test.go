// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package queuestorageextension

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// The queue gets a state that fits the batches that are there, whatever it had noted.
func TestAStateIsMadeToFitTheBatches(t *testing.T) {
	for name, test := range map[string]struct {
		noted *state
		items []int
		want  state // without sizes
		order []int // of the batches, by their former numbers, from want.read
	}{
		"nothing was being sent":     {&state{read: 3, write: 6}, []int{3, 4, 5}, state{read: 3, write: 6}, []int{3, 4, 5}},
		"some were being sent":       {&state{read: 5, write: 7, dispatched: []uint64{4, 1, 2}}, []int{1, 2, 4, 5, 6}, state{read: 2, write: 7}, []int{1, 2, 4, 5, 6}},
		"all were being sent":        {&state{read: 7, write: 7, dispatched: []uint64{0, 6}}, []int{0, 6}, state{read: 5, write: 7}, []int{0, 6}},
		"the notes are too old":      {&state{read: 1, write: 3}, []int{2, 3, 4}, state{read: 2, write: 5}, []int{2, 3, 4}},
		"the notes forgot some":      {&state{read: 5, write: 6}, []int{1, 3, 5}, state{read: 3, write: 6}, []int{1, 3, 5}},
		"there are no notes":         {nil, []int{7, 9}, state{read: 7, write: 10}, []int{7, -1, 9}},
		"nothing is left":            {&state{read: 5, write: 9, dispatched: []uint64{4}}, nil, state{read: 9, write: 9}, nil},
		"the first ones are gone":    {&state{read: 5, write: 9}, []int{8}, state{read: 8, write: 9}, []int{8}},
		"the notes are not in order": {&state{read: 9, write: 5}, []int{4, 6}, state{read: 4, write: 7}, []int{4, -1, 6}},
	} {
		t.Run(name, func(t *testing.T) {
			e := start(t, t.TempDir(), nil)
			c := open(t, e)
			for _, i := range test.items {
				require.NoError(t, c.Set(t.Context(), fmt.Sprint(i), fmt.Appendf(nil, "batch %d", i)))
			}
			if test.noted != nil {
				require.NoError(t, c.Set(t.Context(), stateKey, test.noted.encode()))
			}
			require.NoError(t, c.Close(t.Context()))
			c = open(t, e)
			s, err := decodeState(valueOf(t, c, stateKey))
			require.NoError(t, err)
			assert.Equal(t, test.want.read, s.read)
			assert.Equal(t, test.want.write, s.write)
			assert.Empty(t, s.dispatched)
			for i, former := range test.order {
				value := valueOf(t, c, fmt.Sprint(s.read+uint64(i)))
				if former < 0 {
					assert.Nil(t, value)
					continue
				}
				assert.Equal(t, fmt.Sprintf("batch %d", former), string(value))
			}
			require.NoError(t, c.Close(t.Context()))
		})
	}
}

// Where a queue takes its next batch, a batch that is not there is an error: it would else be
// sent as an empty request.
func TestAMissingBatchIsNotSent(t *testing.T) {
	c := open(t, start(t, t.TempDir(), nil))
	require.ErrorIs(t, c.Batch(t.Context(), storage.SetOperation(stateKey, []byte("x")), storage.GetOperation("1")), errMissing)
	require.NoError(t, c.Batch(t.Context(), storage.GetOperation("1"), storage.GetOperation("2")))
	require.NoError(t, c.Close(t.Context()))
}

// Fields of later versions of the Collector are kept.
func TestUnknownFieldsOfAStateAreKept(t *testing.T) {
	known := state{items: 1, bytes: 2, read: 3, write: 4, dispatched: []uint64{5}}
	b := append(known.encode(), 0x30, 7) // field 6, a varint
	s, err := decodeState(b)
	require.NoError(t, err)
	assert.Equal(t, b, s.encode())
}

func FuzzDecodeState(f *testing.F) {
	f.Add((&state{items: 1, bytes: 2, read: 3, write: 4, dispatched: []uint64{5, 6}}).encode())
	f.Add([]byte{0x30, 7, 9})
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := decodeState(b)
		if err != nil {
			return
		}
		again, err := decodeState(s.encode())
		require.NoError(t, err)
		assert.True(t, bytes.Equal(s.encode(), again.encode()))
	})
}
