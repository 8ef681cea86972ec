// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAQueueCipherFindsItsKeysAgain(t *testing.T) {
	first, second := otherKEK(t), newTestKEK(t, bytes.Repeat([]byte{1}, KeySize))
	both, err := NewQueueCipher(t.Context(), first, second)
	require.NoError(t, err)
	aead, header, err := both.NewKey()
	require.NoError(t, err)
	nonce := make([]byte, aead.NonceSize())
	sealed := aead.Seal(nil, nonce, []byte("telemetry"), nil)
	for _, key := range []Key{first, second} {
		c, err := NewQueueCipher(t.Context(), key)
		require.NoError(t, err)
		again, err := c.OpenKey(header)
		require.NoError(t, err)
		plain, err := again.Open(nil, nonce, sealed, nil)
		require.NoError(t, err)
		assert.Equal(t, "telemetry", string(plain))
	}
}

func TestAQueueCipherRefusesOtherKeys(t *testing.T) {
	c, err := NewQueueCipher(t.Context(), otherKEK(t))
	require.NoError(t, err)
	_, header, err := c.NewKey()
	require.NoError(t, err)
	other, err := NewQueueCipher(t.Context(), newTestKEK(t, bytes.Repeat([]byte{1}, KeySize)))
	require.NoError(t, err)
	_, err = other.OpenKey(header)
	require.ErrorIs(t, err, ErrOtherRecipient)
	for i := range header {
		changed := bytes.Clone(header)
		changed[i] ^= 1
		_, err = c.OpenKey(changed)
		require.Error(t, err, "byte %d", i)
		_, err = c.OpenKey(header[:i])
		require.Error(t, err, "cut at %d", i)
	}
	_, err = NewQueueCipher(t.Context())
	require.ErrorIs(t, err, ErrNoRecipient)
}
