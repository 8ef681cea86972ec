// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func newTestKEK(t testing.TB, key []byte) *KEK {
	t.Helper()
	k, err := NewKEK(key)
	require.NoError(t, err)
	return k
}

func otherKEK(t testing.TB) *KEK { return newTestKEK(t, bytes.Repeat([]byte{0x5a}, KeySize)) }

// fixedProvider always gives the same recipients.
type fixedProvider []Recipient

func (f fixedProvider) Recipients(context.Context) ([]Recipient, error) { return f, nil }

func TestEachKindUnwrapsWhatItWrapped(t *testing.T) {
	pair := newPair(t)
	kek := newTestKEK(t, testKey)
	for _, tt := range []struct {
		kind Kind
		Recipient
		Identity
	}{
		{KindSM2, pair.recipient, pair.identity(t)},
		{KindSM4, kek, kek},
	} {
		t.Run(tt.kind.String(), func(t *testing.T) {
			w, err := tt.Wrap(t.Context(), testKey)
			require.NoError(t, err)
			assert.Equal(t, tt.kind, w.Kind)
			assert.Equal(t, tt.Recipient.String(), w.Recipient())
			assert.Equal(t, tt.Recipient.String(), tt.Identity.String())
			assert.NotContains(t, string(w.Key), string(testKey))
			got, err := tt.Unwrap(t.Context(), w)
			require.NoError(t, err)
			assert.Equal(t, testKey, got)

			again, err := tt.Wrap(t.Context(), testKey)
			require.NoError(t, err)
			assert.NotEqual(t, w.Key, again.Key, "wrapping is randomized")
		})
	}
}

func TestEveryFlippedBitOfAWrappedKeyIsFound(t *testing.T) {
	pair := newPair(t)
	kek := newTestKEK(t, testKey)
	for _, tt := range []struct {
		Recipient
		Identity
	}{{pair.recipient, pair.identity(t)}, {kek, kek}} {
		w, err := tt.Wrap(t.Context(), testKey)
		require.NoError(t, err)
		for bit := range 8 * len(w.Key) {
			flipped := w
			flipped.Key = flip(w.Key, bit)
			_, err := tt.Unwrap(t.Context(), flipped)
			requireError(t, err)
		}
		for n := range w.Key {
			cut := w
			cut.Key = w.Key[:n]
			_, err := tt.Unwrap(t.Context(), cut)
			requireError(t, err)
		}
	}
}

func flip(b []byte, bit int) []byte {
	b = bytes.Clone(b)
	b[bit/8] ^= 1 << (bit % 8)
	return b
}

func TestAnyOfSeveralRecipientsUnwraps(t *testing.T) {
	one, two, kek := newPair(t), newPair(t), newTestKEK(t, testKey)
	key := randomDataKey()
	wrapped, err := key.Rewrap(t.Context(), []Recipient{one.recipient, two.recipient, kek})
	require.NoError(t, err)
	for _, id := range []Identity{one.identity(t), two.identity(t), kek} {
		got, err := Unwrap(t.Context(), wrapped, []Identity{otherKEK(t), id})
		require.NoError(t, err)
		assert.Equal(t, key.secret, got.secret)
	}
}

func TestTheErrorNamesWhoCouldUnwrapAndWhoTried(t *testing.T) {
	pair, kek, other := newPair(t), newTestKEK(t, testKey), otherKEK(t)
	wrapped, err := randomDataKey().Rewrap(t.Context(), []Recipient{pair.recipient, kek})
	require.NoError(t, err)

	_, err = Unwrap(t.Context(), wrapped, []Identity{other})
	require.ErrorIs(t, err, ErrOtherRecipient)
	requireError(t, err, "it is for "+pair.recipient.String()+", "+kek.String(), "the keys given are "+other.String())

	_, err = Unwrap(t.Context(), wrapped, nil)
	require.ErrorIs(t, err, ErrOtherRecipient)
	requireError(t, err, "the keys given are none")
}

// badIdentity answers for every recipient with what it has.
type badIdentity struct {
	secret []byte
	err    error
}

func (b badIdentity) Unwrap(context.Context, Wrapped) ([]byte, error) { return b.secret, b.err }
func (badIdentity) String() string                                    { return "bad" }

func TestOneFailingIdentityDoesNotKeepAnotherFromUnwrapping(t *testing.T) {
	kek := newTestKEK(t, testKey)
	wrapped, err := randomDataKey().Rewrap(t.Context(), []Recipient{kek})
	require.NoError(t, err)
	offline := badIdentity{err: errors.New("the HSM is offline")}
	_, err = Unwrap(t.Context(), wrapped, []Identity{offline, kek})
	require.NoError(t, err)
	_, err = Unwrap(t.Context(), wrapped, []Identity{offline})
	requireError(t, err, "bad: the HSM is offline")
	_, err = Unwrap(t.Context(), wrapped, []Identity{badIdentity{secret: []byte("short")}})
	requireError(t, err, "it must have 16")
}

func TestADataKeyIsNotMadeForNobody(t *testing.T) {
	_, err := randomDataKey().Rewrap(t.Context(), nil)
	require.ErrorIs(t, err, ErrNoRecipient)
}

// failingRecipient cannot be wrapped for.
type failingRecipient struct{}

func (failingRecipient) String() string { return "failing" }
func (failingRecipient) Wrap(context.Context, []byte) (Wrapped, error) {
	return Wrapped{}, errors.New("offline")
}

func TestWrappingIsForAllRecipientsOrNone(t *testing.T) {
	wrapped, err := randomDataKey().Rewrap(t.Context(), []Recipient{otherKEK(t), failingRecipient{}})
	requireError(t, err, "for failing: offline")
	assert.Empty(t, wrapped)
}

func TestARecipientIsNamedOnce(t *testing.T) {
	kek := newTestKEK(t, testKey)
	_, err := Providers{fixedProvider{kek}, fixedProvider{kek}}.Recipients(t.Context())
	requireError(t, err, kek.String(), "configured twice")

	all, err := Providers{fixedProvider{kek}, fixedProvider{otherKEK(t)}}.Recipients(t.Context())
	require.NoError(t, err)
	assert.Len(t, all, 2)

	_, err = Providers{fixedProvider{kek}, FileProvider{"/nonexistent/key"}}.Recipients(t.Context())
	requireError(t, err, "/nonexistent/key")
}

func TestAnIDWithControlCharactersIsNotShownToATerminal(t *testing.T) {
	w := Wrapped{Kind: KindCommand, ID: []byte("kms\x1b[2J")}
	assert.Equal(t, "command:6b6d731b5b324a", w.Recipient())
	w.ID = []byte("钥匙-1")
	assert.Equal(t, "command:钥匙-1", w.Recipient())
	w.Kind = 9
	assert.True(t, strings.HasPrefix(w.Recipient(), "kind-9:"))
}

func TestWrappedKeysAreDecodedAsTheyWereEncoded(t *testing.T) {
	keys := []Wrapped{
		{Kind: KindSM2, ID: []byte("12345678"), Key: bytes.Repeat([]byte{1}, 123)},
		{Kind: 200, ID: bytes.Repeat([]byte{2}, maxIDSize), Key: bytes.Repeat([]byte{3}, maxWrapped)},
		{Kind: KindCommand, ID: []byte{}, Key: []byte{}},
	}
	b, err := AppendWrapped([]byte("before"), keys)
	require.NoError(t, err)
	got, rest, err := DecodeWrapped(append(b[len("before"):], "after"...))
	require.NoError(t, err)
	assert.Equal(t, keys, got)
	assert.Equal(t, "after", string(rest))
	for n := range len(b) - len("before") {
		_, _, err := DecodeWrapped(b[len("before"):][:n])
		requireError(t, err, "cut short")
	}
}

func TestWhatCannotBeEncodedIsRefused(t *testing.T) {
	many := make([]Wrapped, maxRecipients+1)
	for name, keys := range map[string][]Wrapped{
		"none":     nil,
		"too many": many,
		"long id":  {{ID: make([]byte, maxIDSize+1)}},
		"long key": {{Key: make([]byte, maxWrapped+1)}},
	} {
		_, err := AppendWrapped(nil, keys)
		assert.Error(t, err, name)
	}
	b, err := AppendWrapped(nil, many[1:])
	require.NoError(t, err)
	keys, _, err := DecodeWrapped(b)
	require.NoError(t, err)
	assert.Len(t, keys, maxRecipients)

	_, _, err = DecodeWrapped([]byte{0})
	requireError(t, err, "empty")
	_, _, err = DecodeWrapped([]byte{1, 1, 0, 0x10, 0x01})
	requireError(t, err, "a wrapped key claims 4097 bytes")
}

func FuzzDecodeWrapped(f *testing.F) {
	b, err := AppendWrapped(nil, []Wrapped{{Kind: KindSM2, ID: []byte("12345678"), Key: []byte("wrapped")}, {Kind: KindCommand}})
	require.NoError(f, err)
	f.Add(b)
	f.Add([]byte{255, 1, 255})
	f.Fuzz(func(t *testing.T, b []byte) {
		keys, rest, err := DecodeWrapped(b)
		if err != nil {
			return
		}
		again, err := AppendWrapped(nil, keys)
		require.NoError(t, err)
		require.Equal(t, b, append(again, rest...), "an encoding is the only one of its keys")
	})
}

func FuzzUnwrapSM2(f *testing.F) {
	private, _, r, err := GenerateSM2(nil)
	require.NoError(f, err)
	id, err := ParseSM2Identity(private, nil)
	require.NoError(f, err)
	w, err := r.Wrap(context.Background(), testKey)
	require.NoError(f, err)
	f.Add(w.Key)
	f.Fuzz(func(t *testing.T, key []byte) {
		got, err := id.Unwrap(t.Context(), Wrapped{Kind: KindSM2, ID: r.id, Key: key})
		if err == nil && bytes.Equal(key, w.Key) {
			require.Equal(t, testKey, got)
		}
	})
}

// counting is an identity that counts how often it is asked to unwrap a key.
type counting struct {
	Identity
	asked int
}

func (c *counting) Unwrap(ctx context.Context, w Wrapped) ([]byte, error) {
	key, err := c.Identity.Unwrap(ctx, w)
	if !errors.Is(err, ErrOtherRecipient) {
		c.asked++
	}
	return key, err
}

func TestUnwrapTriesEachRecipientOnce(t *testing.T) {
	program := filepath.Join(t.TempDir(), "hsm")
	require.NoError(t, os.WriteFile(program, []byte("#!/bin/sh\nexit 1\n"), 0o700))
	keys := make([]Wrapped, maxRecipients)
	for i := range keys {
		keys[i] = Wrapped{Kind: KindCommand, ID: []byte("hsm"), Key: []byte{byte(i)}}
	}
	id := &counting{Identity: &Command{ID: "hsm", Argv: []string{program}}}
	_, err := Unwrap(t.Context(), keys, []Identity{id})
	require.Error(t, err)
	require.Equal(t, 1, id.asked)
	require.Less(t, len(err.Error()), 1000)
	require.NotRegexp(t, `: $`, err.Error())
	require.ErrorContains(t, err, "says nothing on standard error")
}
