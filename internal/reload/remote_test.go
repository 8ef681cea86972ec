// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package reload

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

// changing is a server that answers each request with another configuration.
type changing struct {
	reads atomic.Int64
	down  atomic.Bool
}

func (c *changing) fetch(context.Context, string) ([]byte, error) {
	if c.down.Load() {
		return nil, errors.New("no such server")
	}
	return fmt.Appendf(nil, "read: %d", c.reads.Add(1)), nil
}

func TestAReloadLoadsWhatWasValidated(t *testing.T) {
	fetched = store{}
	server := &changing{}
	seen := make(chan string, 1)
	c := newCollectorOf(t, "test:x", Remote("test", server.fetch), func(_ context.Context, bodies map[string][]byte) error {
		seen <- string(bodies["test:x"])
		return nil
	})
	for n := 2; n <= 3; n++ {
		c.hangUp(t)
		assert.Equal(t, fmt.Sprintf("read: %d", n), receive(t, seen))
		require.NoError(t, receive(t, c.Watch()))
		conf, err := c.Resolve(t.Context())
		require.NoError(t, err)
		assert.Equal(t, n, conf.Get("read"))
		assert.EqualValues(t, n, server.reads.Load(), "one read for each load")
	}
}

func TestAServerThatIsAwayChangesNothing(t *testing.T) {
	fetched = store{}
	server := &changing{}
	c := newCollectorOf(t, "test:x", Remote("test", server.fetch), func(context.Context, map[string][]byte) error { return nil })
	server.down.Store(true)
	c.hangUp(t)
	assert.Contains(t, receive(t, c.logged), "the running one stays in place")
	assert.Empty(t, c.Watch(), "the Collector is not told to reload")
	server.down.Store(false)
	c.hangUp(t)
	require.NoError(t, receive(t, c.Watch()))
}

func TestTheCommandValidateTakesWhatWasFetched(t *testing.T) {
	read := func(handoff string) (any, error) {
		r, w, err := os.Pipe()
		require.NoError(t, err)
		_, err = w.WriteString(handoff)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		stdin := os.Stdin
		os.Stdin = r
		defer func() { os.Stdin = stdin; r.Close() }()
		t.Setenv(handoffVariable, "1")
		fetched = store{}
		provider := Remote("test", (&changing{}).fetch).Create(confmap.ProviderSettings{})
		retrieved, err := provider.Retrieve(t.Context(), "test:x", nil)
		if err != nil {
			return nil, err
		}
		conf, err := retrieved.AsConf()
		require.NoError(t, err)
		return conf.Get("read"), nil
	}
	got, err := read(`{"test:x": "cmVhZDogMg=="}`)
	require.NoError(t, err)
	assert.Equal(t, 2, got)
	got, err = read(`{}`)
	require.NoError(t, err, "a configuration that refers to another")
	assert.Equal(t, 1, got)
	_, err = read(`nonsense`)
	assert.ErrorContains(t, err, "fetched configurations")
}
