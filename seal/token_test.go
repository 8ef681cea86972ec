// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func newTestTokenKey(t testing.TB, key []byte) *TokenKey {
	t.Helper()
	k, err := NewTokenKey(key)
	require.NoError(t, err)
	return k
}

func TestATokenIsTheSameForTheSameAttributeAndValue(t *testing.T) {
	k := newTestTokenKey(t, testKey)
	token := k.Token("user.id", "alice")
	assert.Len(t, token, TokenSize)
	assert.Equal(t, token, k.Token("user.id", "alice"))
	assert.Equal(t, token, newTestTokenKey(t, testKey).Token("user.id", "alice"))
	assert.Equal(t, "before"+token, string(k.Append([]byte("before"), "user.id", "alice")))
	assert.NotContains(t, token, "=")
}

func TestATokenIsAnotherForAnyOtherAttributeValueOrKey(t *testing.T) {
	k := newTestTokenKey(t, testKey)
	seen := map[string]string{}
	for _, pair := range [][2]string{
		{"user.id", "alice"}, {"user.id", "bob"}, {"user.i", "dalice"}, {"user.ida", "lice"}, {"", "user.idalice"},
		{"user.idalice", ""}, {"user.id", ""}, {"", ""}, {"user.id", "alice\x00"}, {"user.id", "Alice"},
	} {
		name := strings.Join(pair[:], "|")
		token := k.Token(pair[0], pair[1])
		assert.NotContains(t, seen, token, name)
		seen[token] = name
	}
	assert.NotContains(t, seen, newTestTokenKey(t, unhex(strings.Repeat("ab", 16))).Token("user.id", "alice"))
}

func TestASearchKeyHas16Bytes(t *testing.T) {
	for _, n := range []int{0, 15, 17, 32} {
		_, err := NewTokenKey(make([]byte, n))
		requireError(t, err, "it must have 16")
	}
}

func TestTokensAreMadeConcurrently(t *testing.T) {
	k := newTestTokenKey(t, testKey)
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			value := strings.Repeat("v", g*30)
			want := newTestTokenKey(t, testKey).Token("a", value)
			for range 500 {
				if got := k.Token("a", value); got != want {
					t.Errorf("token %q; want %q", got, want)
					return
				}
			}
		})
	}
	all.Wait()
}

func BenchmarkToken(b *testing.B) {
	k, dst := newTestTokenKey(b, testKey), make([]byte, 0, 64)
	b.ReportAllocs()
	for b.Loop() {
		dst = k.Append(dst[:0], "user.id", "a value of thirty-two characters")
	}
}
