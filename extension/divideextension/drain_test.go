// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package divideextension

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// soon is a context that ends before a second request of a second's bytes may be sent.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

func TestABackendThatWasAwayIsNotFlooded(t *testing.T) {
	clock := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	d := newDrain(1000)
	d.now = func() time.Time { return clock }
	for range 100 {
		require.NoError(t, d.wait(t.Context(), 1000), "there is no limit before")
		d.note(true)
	}
	d.note(false)
	clock = clock.Add(10 * time.Minute)
	d.note(false)
	require.NoError(t, d.wait(t.Context(), 1000), "nor while it is away")
	d.note(true)
	require.NoError(t, d.wait(t.Context(), 5000), "a request that is larger than a second's bytes passes")
	assert.ErrorContains(t, d.wait(soon(t), 1000), "`drain_bytes_per_second`")
	clock = clock.Add(9 * time.Minute)
	assert.Error(t, d.wait(soon(t), 1000), "the limit holds for as long as it was away")
	clock = clock.Add(2 * time.Minute)
	for range 100 {
		require.NoError(t, d.wait(t.Context(), 1000), "and not longer")
	}
}

func TestTheLimitEndsAfterAnHour(t *testing.T) {
	clock := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	d := newDrain(1000)
	d.now = func() time.Time { return clock }
	d.note(false)
	clock = clock.Add(48 * time.Hour)
	d.note(true)
	assert.True(t, d.limited())
	clock = clock.Add(61 * time.Minute)
	assert.False(t, d.limited())
}

func TestWithoutASettingNothingIsLimited(t *testing.T) {
	d := (&drains{of: map[string]*drain{}}).get("backend")
	d.note(false)
	d.note(true)
	for range 100 {
		require.NoError(t, d.wait(t.Context(), 1<<30))
	}
}
