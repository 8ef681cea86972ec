// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package eventdigest

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// state returns the chunks of a Digest's state.
func state(t testing.TB, d *Digest) [][]byte {
	t.Helper()
	var chunks [][]byte
	require.NoError(t, d.Save(func(chunk []byte) error {
		chunks = append(chunks, bytes.Clone(chunk))
		return nil
	}))
	return chunks
}

// reloaded returns a Digest that goes on where another one is.
func reloaded(t testing.TB, d *Digest, o Options) *Digest {
	t.Helper()
	loaded := New(o)
	for _, chunk := range state(t, d) {
		require.NoError(t, loaded.Load(chunk))
	}
	assert.Equal(t, d.Stats().Kinds, loaded.Stats().Kinds)
	assert.Equal(t, d.Stats().Bytes, loaded.Stats().Bytes)
	return loaded
}

// sample is a Digest that has all that a state can have.
func sample() *Digest {
	d := New(options)
	d.Add(backOff("web-6d4b75cb6d-hwmqp", 1), Added, start)
	d.Add(backOff("web-6d4b75cb6d-hwmqp", 4), Modified, start.Add(time.Second))
	d.Add(backOff("db-0", 7), Added, start.Add(2*time.Second))
	return d
}

func TestARestartChangesNothing(t *testing.T) {
	d := sample()
	loaded := reloaded(t, d, options)
	now := start.Add(10 * time.Second)
	for _, e := range []*Event{backOff("web-6d4b75cb6d-hwmqp", 300), backOff("db-0", 8), backOff("db-1", 2)} {
		want, wants := d.Add(e, Modified, now)
		got, ok := loaded.Add(e, Modified, now)
		assert.Equal(t, wants, ok)
		assert.Equal(t, want, got)
	}
	assert.Equal(t, due(d, now.Add(time.Minute)), due(loaded, now.Add(time.Minute)))
	assert.Equal(t, state(t, d), state(t, loaded))
}

// The format is a contract with the disks of running collectors.
func TestTheStateIsAsBefore(t *testing.T) {
	golden := filepath.Join("testdata", "state.hex")
	chunks := state(t, sample())
	require.Len(t, chunks, 1)
	if os.Getenv("SEALGATE_UPDATE_GOLDEN") != "" {
		require.NoError(t, os.WriteFile(golden, []byte(hex.EncodeToString(chunks[0])+"\n"), 0o644))
	}
	text, err := os.ReadFile(golden)
	require.NoError(t, err)
	want, err := hex.DecodeString(string(bytes.TrimSpace(text)))
	require.NoError(t, err)
	assert.Equal(t, want, chunks[0])
	require.NoError(t, New(options).Load(want))
}

func TestALargeStateHasManyChunks(t *testing.T) {
	d := New(options)
	for i := range 9000 {
		d.Add(backOff(fmt.Sprintf("web-%s-hwmqp", suffix(i)), 1), Added, start)
	}
	chunks := state(t, d)
	assert.Greater(t, len(chunks), 1)
	for _, chunk := range chunks {
		assert.Less(t, len(chunk), chunkBytes+4096)
	}
	reloaded(t, d, options)
}

func TestADamagedStateIsRefused(t *testing.T) {
	good := state(t, sample())[0]
	for at := range good {
		bad := bytes.Clone(good)
		bad[at] ^= 1
		require.Error(t, New(options).Load(bad), "byte %d", at)
		require.Error(t, New(options).Load(good[:at]), "cut off at %d", at)
	}
	d := New(options)
	require.NoError(t, d.Load(good))
	require.Error(t, d.Load(good), "a kind that is there twice")
}

func TestSavingEndsWithTheFirstError(t *testing.T) {
	full := errors.New("no space left")
	assert.ErrorIs(t, sample().Save(func([]byte) error { return full }), full)
}
