// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	testPeriod  = [16]byte{0xa0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
	testBinding = []byte("trace and span id")
)

func newPairOfFields(t testing.TB) (*FieldSealer, *FieldOpener) {
	t.Helper()
	s, o, err := NewFieldPair(testKey, testPeriod)
	require.NoError(t, err)
	return s, o
}

// nonce returns the nonces of one seal with this counter.
func nonce(counter uint64) *Nonces {
	return &Nonces{[saltSize]byte{1, 2, 3, 4, 5, 6, 7, 8}, counter, counter + 1}
}

func TestAFieldIsOpenedAsItWasSealed(t *testing.T) {
	s, o := newPairOfFields(t)
	for _, size := range []int{0, 1, 15, 16, 17, 300, 100_000} {
		for _, counter := range []uint64{0, 127, 128, 1 << 31, maxFieldSeals - 1} {
			text := []byte(strings.Repeat("x", size))
			sealed := s.Seal([]byte("before"), nonce(counter), PlaceSpan, testBinding, text)
			require.Equal(t, "before", string(sealed[:6]))
			got, err := o.Open([]byte("and "), PlaceSpan, testBinding, sealed[6:])
			require.NoError(t, err)
			require.Equal(t, "and "+string(text), string(got))
		}
	}
}

func TestEveryFlippedBitOfAFieldIsFound(t *testing.T) {
	s, o := newPairOfFields(t)
	for _, counter := range []uint64{0, 5, 300, 1 << 31} {
		sealed := s.Seal(nil, nonce(counter), PlaceSpan, testBinding, []byte("secret text"))
		for bit := range 8 * len(sealed) {
			got, err := o.Open(nil, PlaceSpan, testBinding, flip(sealed, bit))
			require.Error(t, err, "counter %d, bit %d", counter, bit)
			require.Empty(t, got)
			require.NotContains(t, err.Error(), "secret")
		}
	}
}

func TestACutOrExtendedFieldIsRefused(t *testing.T) {
	s, o := newPairOfFields(t)
	sealed := s.Seal(nil, nonce(1000), PlaceSpan, testBinding, []byte("secret text"))
	for n := range sealed {
		_, err := o.Open(nil, PlaceSpan, testBinding, sealed[:n])
		require.Error(t, err)
	}
	_, err := o.Open(nil, PlaceSpan, testBinding, append(slices.Clone(sealed), 0))
	require.Error(t, err)
	_, err = o.Open(nil, PlaceSpan, testBinding, nil)
	requireError(t, err, "empty")
}

func TestACounterHasOneEncoding(t *testing.T) {
	s, o := newPairOfFields(t)
	sealed := s.Seal(nil, nonce(5), PlaceSpan, testBinding, []byte("text"))
	for _, long := range [][]byte{{0x85, 0}, {0x85, 0x80, 0}, {0x85, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0}} {
		value, n := binary.Uvarint(long)
		require.Equal(t, uint64(5), value)
		require.Len(t, long, n)
		other := slices.Concat(sealed[:1+saltSize], long, sealed[1+saltSize+1:])
		_, err := o.Open(nil, PlaceSpan, testBinding, other)
		require.ErrorIs(t, err, errField)
	}
}

func TestAFieldBelongsToItsPlaceItsBindingAndItsPeriod(t *testing.T) {
	s, o := newPairOfFields(t)
	sealed := s.Seal(nil, nonce(5), PlaceSpan, testBinding, []byte("text"))
	for _, place := range []Place{PlaceResource, PlaceScope, PlaceLog, 0, 255} {
		_, err := o.Open(nil, place, testBinding, sealed)
		require.ErrorIs(t, err, errField)
	}
	for bit := range 8 * len(testBinding) {
		_, err := o.Open(nil, PlaceSpan, flip(testBinding, bit), sealed)
		require.ErrorIs(t, err, errField)
	}
	for _, binding := range [][]byte{nil, testBinding[1:], append(slices.Clone(testBinding), 0)} {
		_, err := o.Open(nil, PlaceSpan, binding, sealed)
		require.ErrorIs(t, err, errField)
	}
	for _, pair := range []struct {
		key    []byte
		period [16]byte
	}{{testKey, [16]byte{1}}, {unhex(strings.Repeat("ab", 16)), testPeriod}} {
		_, other, err := NewFieldPair(pair.key, pair.period)
		require.NoError(t, err)
		_, err = other.Open(nil, PlaceSpan, testBinding, sealed)
		require.ErrorIs(t, err, errField)
	}
}

func TestAFieldOfAFutureVersionIsNamed(t *testing.T) {
	_, o := newPairOfFields(t)
	_, err := o.Open(nil, PlaceSpan, nil, make([]byte, 40))
	requireError(t, err, "version 0", "of version 2")
}

func limited(t testing.TB, limit uint64) *FieldSealer {
	t.Helper()
	key, err := newDataKey(testKey)
	require.NoError(t, err)
	s, err := newFieldSealer(key, testPeriod, "", limit)
	require.NoError(t, err)
	return s
}

func TestNoCounterIsReservedAboveTheLimit(t *testing.T) {
	s := limited(t, 10)
	_, err := s.Reserve(11)
	require.ErrorIs(t, err, ErrKeyExhausted)
	first, err := s.Reserve(7)
	require.NoError(t, err)
	assert.Zero(t, first.next)
	_, err = s.Reserve(4)
	require.ErrorIs(t, err, ErrKeyExhausted)
	first, err = s.Reserve(3)
	require.NoError(t, err)
	assert.Equal(t, uint64(7), first.next)
	_, err = s.Reserve(1)
	require.ErrorIs(t, err, ErrKeyExhausted)
	assert.Equal(t, uint64(10), s.Sealed())
}

func TestANegativeReservationGivesNoCounterAgain(t *testing.T) {
	s := limited(t, 10)
	_, err := s.Reserve(2)
	require.NoError(t, err)
	_, err = s.Reserve(-1)
	require.Error(t, err)
	assert.Equal(t, uint64(2), s.Sealed())
}

// Counters that come twice would be nonces that come twice. What is refused at the
// limit must not make room for it.
func TestNoCounterIsReservedTwiceWhileOthersAreRefused(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(8)) // it takes three at once
	const limit = 20_000
	s := limited(t, limit)
	var wg sync.WaitGroup
	given := make([][]uint64, 4)
	for g := range given {
		wg.Go(func() {
			for range 2 * limit {
				if first, err := s.Reserve(1); err == nil {
					given[g] = append(given[g], first.next)
				}
				if _, err := s.Reserve(limit + 1); err == nil {
					t.Error("more was reserved than the limit")
				}
			}
		})
	}
	wg.Wait()
	all := slices.Concat(given...)
	slices.Sort(all)
	require.Len(t, all, limit)
	for i, counter := range all {
		require.Equal(t, uint64(i), counter)
	}
}

func TestFieldsAreSealedAndOpenedConcurrently(t *testing.T) {
	s, o := newPairOfFields(t)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			text, binding := strings.Repeat("t", 10*g), strings.Repeat("b", g)
			for range 300 {
				n, err := s.Reserve(1)
				assert.NoError(t, err)
				got, err := o.Open(nil, PlaceLog, []byte(binding), s.Seal(nil, &n, PlaceLog, []byte(binding), []byte(text)))
				assert.NoError(t, err)
				assert.Equal(t, text, string(got))
			}
		})
	}
	wg.Wait()
	assert.Equal(t, uint64(8*300), s.Sealed())
}

func newTestKeeper(t testing.TB, opts KeeperOptions, r ...Recipient) *Keeper {
	t.Helper()
	k, err := NewKeeper(t.Context(), fixedProvider(r), opts)
	require.NoError(t, err)
	t.Cleanup(k.Close)
	return k
}

func TestAFieldIsOpenedWithTheHeaderThatTravelsWithIt(t *testing.T) {
	pair, kek := newPair(t), newTestKEK(t, testKey)
	p := newTestKeeper(t, KeeperOptions{}, pair.recipient, kek).Current()
	sealed := p.Fields().Seal(nil, nonce(0), PlaceLog, testBinding, []byte("text"))
	h, err := ParseFieldHeader(p.Fields().Header())
	require.NoError(t, err)
	assert.Equal(t, p.ID, h.Period)
	for _, id := range []Identity{pair.identity(t), kek} {
		o, err := h.Opener(t.Context(), []Identity{id})
		require.NoError(t, err)
		got, err := o.Open(nil, PlaceLog, testBinding, sealed)
		require.NoError(t, err)
		assert.Equal(t, "text", string(got))
	}
	_, err = h.Opener(t.Context(), []Identity{otherKEK(t)})
	require.ErrorIs(t, err, ErrOtherRecipient)
}

// Of the header, what the one recipient does not need is not authenticated: the
// fields are. No flip may give another key, or a plaintext that was not sealed.
func TestNoFlippedBitOfAFieldHeaderOpensAnythingElse(t *testing.T) {
	kek := newTestKEK(t, testKey)
	p := newTestKeeper(t, KeeperOptions{}, kek).Current()
	raw, err := base64.RawURLEncoding.DecodeString(p.Fields().Header())
	require.NoError(t, err)
	for bit := range 8 * len(raw) {
		h, err := ParseFieldHeader(base64.RawURLEncoding.EncodeToString(flip(raw, bit)))
		if err == nil {
			_, err = h.Opener(t.Context(), []Identity{kek})
		}
		require.Error(t, err, "bit %d", bit)
	}
}

func TestTheKeyOfAnotherHeaderIsFoundByItsCommitment(t *testing.T) {
	kek := newTestKEK(t, testKey)
	one, two := newTestKeeper(t, KeeperOptions{}, kek).Current(), newTestKeeper(t, KeeperOptions{}, kek).Current()
	h, err := ParseFieldHeader(one.Fields().Header())
	require.NoError(t, err)
	h.Wrapped = two.Wrapped
	_, err = h.Opener(t.Context(), []Identity{kek})
	require.ErrorIs(t, err, ErrCommitment)
}

func TestWhatIsNoFieldHeaderIsRefused(t *testing.T) {
	header := newTestKeeper(t, KeeperOptions{}, otherKEK(t)).Current().Fields().Header()
	raw, err := base64.RawURLEncoding.DecodeString(header)
	require.NoError(t, err)
	encode := base64.RawURLEncoding.EncodeToString
	for _, tt := range []struct{ name, text, says string }{
		{"empty", "", "not of version 1 or 2"},
		{"not base64url", "a header!", "not base64url"},
		{"of the future", encode(append([]byte{3}, raw[1:]...)), "not of version 1 or 2"},
		{"cut in the period", encode(raw[:10]), "cut short"},
		{"cut in the recipients", encode(raw[:len(raw)-1]), "cut short"},
		{"extended", encode(append(slices.Clone(raw), 0)), "1 bytes follow"},
		{"huge", strings.Repeat("A", maxFieldHeader+1), "it is not one"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseFieldHeader(tt.text)
			requireError(t, err, "key header", tt.says)
		})
	}
}

func FuzzParseFieldHeader(f *testing.F) {
	key, err := newDataKey(testKey)
	require.NoError(f, err)
	w, err := key.Rewrap(context.Background(), []Recipient{otherKEK(f)})
	require.NoError(f, err)
	text, err := encodeFieldHeader(testPeriod, key, w)
	require.NoError(f, err)
	f.Add(text)
	f.Add("AQ")
	f.Fuzz(func(t *testing.T, text string) {
		h, err := ParseFieldHeader(text)
		if err != nil {
			return
		}
		b := append([]byte{h.Version}, h.Period[:]...)
		b, err = AppendWrapped(append(b, h.Commitment[:]...), h.Wrapped)
		require.NoError(t, err)
		raw, err := base64.RawURLEncoding.DecodeString(text)
		require.NoError(t, err)
		require.Equal(t, raw, b)
	})
}

func FuzzFieldOpen(f *testing.F) {
	s, o := newPairOfFields(f)
	genuine := s.Seal(nil, nonce(300), PlaceSpan, testBinding, []byte("text"))
	f.Add(genuine)
	f.Add([]byte{1, 0x85, 0, 1, 2, 3})
	f.Add([]byte{2, 1, 2, 3, 4, 5, 6, 7, 8, 0x85, 0, 1, 2, 3})
	f.Fuzz(func(t *testing.T, sealed []byte) {
		if _, err := o.Open(nil, PlaceSpan, testBinding, sealed); err == nil {
			require.Equal(t, genuine, sealed, "nothing opens but what was sealed")
		}
	})
}

func BenchmarkFieldSeal(b *testing.B) {
	s, _ := newPairOfFields(b)
	text, dst := []byte(strings.Repeat("x", 250)), make([]byte, 0, 512)
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for i := 0; b.Loop(); i++ {
		dst = s.Seal(dst[:0], nonce(uint64(i)), PlaceSpan, testBinding, text)
	}
}

// A snapshot that is restored twice has the same key and the same counter twice.
func TestARestoredSnapshotRepeatsNoNonce(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		s := limited(t, 10) // the same key and period, from the first counter on
		nonces, err := s.Reserve(2)
		require.NoError(t, err)
		for range 2 {
			sealed := s.Seal(nil, &nonces, PlaceLog, nil, []byte("text"))
			start := string(sealed[:1+saltSize+1])
			require.False(t, seen[start], "salt and counter come twice")
			seen[start] = true
		}
	}
}

func TestEachReservationHasAFreshSalt(t *testing.T) {
	s := limited(t, 10)
	one, err := s.Reserve(1)
	require.NoError(t, err)
	two, err := s.Reserve(1)
	require.NoError(t, err)
	assert.NotEqual(t, one.salt, two.salt)
}

func TestMoreSealsThanReservedPanic(t *testing.T) {
	s := limited(t, 10)
	nonces, err := s.Reserve(1)
	require.NoError(t, err)
	s.Seal(nil, &nonces, PlaceLog, nil, nil)
	assert.Panics(t, func() { s.Seal(nil, &nonces, PlaceLog, nil, nil) })
}

func TestACounterAboveTheLimitIsRefused(t *testing.T) {
	s, o := newPairOfFields(t)
	sealed := s.Seal(nil, nonce(5), PlaceSpan, testBinding, []byte("text"))
	above := binary.AppendUvarint(slices.Clone(sealed[:1+saltSize]), 1<<32+5) // the same nonce
	_, err := o.Open(nil, PlaceSpan, testBinding, append(above, sealed[1+saltSize+1:]...))
	require.ErrorIs(t, err, errField)
}

// A header that is relabelled as an older version must not open anything.
func TestAHeaderCannotBeDowngraded(t *testing.T) {
	kek := newTestKEK(t, testKey)
	raw, err := base64.RawURLEncoding.DecodeString(newTestKeeper(t, KeeperOptions{}, kek).Current().Fields().Header())
	require.NoError(t, err)
	require.EqualValues(t, 2, raw[0])
	raw[0] = 1
	h, err := ParseFieldHeader(base64.RawURLEncoding.EncodeToString(raw))
	require.NoError(t, err)
	_, err = h.Opener(t.Context(), []Identity{kek})
	require.ErrorIs(t, err, ErrCommitment)
}

func TestAFieldOfOneVersionDoesNotOpenAsTheOther(t *testing.T) {
	old, err := NewOldFieldOpener(testKey, testPeriod)
	require.NoError(t, err)
	s, o := newPairOfFields(t)
	sealed := s.Seal(nil, nonce(5), PlaceSpan, testBinding, []byte("text"))
	_, err = old.Open(nil, PlaceSpan, testBinding, sealed)
	requireError(t, err, "version 2", "of version 1")
	_, err = o.Open(nil, PlaceSpan, testBinding, append([]byte{1}, sealed[1:]...))
	requireError(t, err, "version 1", "of version 2")
	_, err = old.Open(nil, PlaceSpan, testBinding, append([]byte{1}, sealed[1:]...))
	require.Error(t, err)
}

func TestSealedFieldsAreTold(t *testing.T) {
	s, _ := newPairOfFields(t)
	sealed := s.Seal(nil, nonce(300), PlaceSpan, testBinding, nil)
	assert.True(t, LooksSealed(sealed))
	for n := range sealed {
		assert.False(t, LooksSealed(sealed[:n]))
	}
	assert.True(t, LooksSealed(append([]byte{1, 5}, make([]byte, tagSize)...)))
	assert.False(t, LooksSealed(append([]byte{3, 5}, make([]byte, 40)...)))
	assert.Equal(t, sealed[len(sealed)-tagSize:], func() []byte { tag := Tag(sealed); return tag[:] }())
	assert.Zero(t, Tag(nil))
}
