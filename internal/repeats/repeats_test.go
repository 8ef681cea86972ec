// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package repeats

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTextsAreNumbered(t *testing.T) {
	var texts Texts
	for range 2 {
		for i, text := range []string{"", "a", "b"} {
			n, known := texts.Number(text)
			assert.False(t, known)
			assert.Equal(t, i, n)
			n, known = texts.Number(text)
			assert.True(t, known)
			assert.Equal(t, i, n)
		}
		texts.Reset()
	}
}

func TestTextsAreNeverTakenForOthers(t *testing.T) {
	var texts Texts
	var seen []string
	for i := range 20000 {
		text := strconv.Itoa(i % min(i/2+1, slots+17*(i%5)))
		n, known := texts.Number(text)
		if !known {
			require.Len(t, seen, n)
			seen = append(seen, text)
		}
		require.Equal(t, text, seen[n])
	}
	assert.Less(t, len(seen), 20000)
}

func TestTextsThatDifferAreNotLookedUp(t *testing.T) {
	var texts Texts
	for i := range trial {
		texts.Number(strconv.Itoa(i))
	}
	n, known := texts.Number("0")
	assert.Equal(t, -1, n)
	assert.False(t, known)
	texts.Reset()
	n, _ = texts.Number("0")
	assert.Zero(t, n)
}

func TestTextsKeepNothingAfterReset(t *testing.T) {
	var texts Texts
	texts.Number("a line of a batch")
	texts.Reset()
	assert.Empty(t, texts.texts[:1][0])
}
