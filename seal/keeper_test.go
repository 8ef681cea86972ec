// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// switchedProvider fails while it has an error, and counts how often it is asked.
type switchedProvider struct {
	mu    sync.Mutex
	err   error
	asked int
	kek   *KEK
}

func (p *switchedProvider) Recipients(context.Context) ([]Recipient, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	return []Recipient{p.kek}, p.err
}

func (p *switchedProvider) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
}

func (p *switchedProvider) times() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

// inBubble runs a test of a Keeper under a clock of its own.
func inBubble(t *testing.T, opts KeeperOptions, test func(t *testing.T, k *Keeper, p *switchedProvider)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := &switchedProvider{kek: otherKEK(t)}
		k, err := NewKeeper(t.Context(), p, opts)
		require.NoError(t, err)
		defer k.Close()
		test(t, k, p)
	})
}

func acquire(t *testing.T, k *Keeper) *Period {
	t.Helper()
	p, err := k.Acquire()
	require.NoError(t, err)
	return p
}

func TestAKeyIsReplacedInTheBackgroundAndUsedMeanwhile(t *testing.T) {
	inBubble(t, KeeperOptions{RotateAfter: time.Hour}, func(t *testing.T, k *Keeper, _ *switchedProvider) {
		first := acquire(t, k)
		time.Sleep(time.Hour - 1)
		assert.Same(t, first, acquire(t, k))
		synctest.Wait()
		assert.Same(t, first, acquire(t, k))
		time.Sleep(1)
		assert.Same(t, first, acquire(t, k), "it is due, and used until there is a new one")
		synctest.Wait()
		second := acquire(t, k)
		assert.NotSame(t, first, second)
		assert.NotEqual(t, first.ID, second.ID)
		assert.NotEqual(t, first.Key.secret, second.Key.secret)
		assert.Equal(t, time.Hour, second.Created.Sub(first.Created))
	})
}

func TestAKeyIsReplacedAtHalfOfItsSeals(t *testing.T) {
	inBubble(t, KeeperOptions{MaxSeals: 10}, func(t *testing.T, k *Keeper, _ *switchedProvider) {
		first := acquire(t, k)
		_, err := first.Fields().Reserve(3)
		require.NoError(t, err)
		first.CountFrame()
		assert.Equal(t, uint64(4), first.Seals())
		acquire(t, k)
		synctest.Wait()
		require.Same(t, first, acquire(t, k))
		first.CountFrame()
		acquire(t, k)
		synctest.Wait()
		assert.NotSame(t, first, acquire(t, k))
	})
}

func TestAFailingProviderIsAskedFromTimeToTime(t *testing.T) {
	var failures atomic.Int64
	opts := KeeperOptions{RotateAfter: time.Hour, OnError: func(error) { failures.Add(1) }}
	inBubble(t, opts, func(t *testing.T, k *Keeper, p *switchedProvider) {
		first := acquire(t, k)
		p.fail(errors.New("the KMS is offline"))
		time.Sleep(time.Hour)
		asked := p.times()
		for range 60 {
			assert.Same(t, first, acquire(t, k), "the old key stays in use")
			time.Sleep(time.Second)
		}
		synctest.Wait()
		assert.Equal(t, int(time.Minute/retryProvider), p.times()-asked)
		assert.EqualValues(t, p.times()-asked, failures.Load())

		p.fail(nil)
		time.Sleep(retryProvider)
		acquire(t, k)
		synctest.Wait()
		assert.NotSame(t, first, acquire(t, k))
	})
}

func TestNothingIsSealedUnderAKeyThatIsTooOld(t *testing.T) {
	opts := KeeperOptions{RotateAfter: time.Hour, MaxAge: 2 * time.Hour}
	inBubble(t, opts, func(t *testing.T, k *Keeper, p *switchedProvider) {
		first := acquire(t, k)
		offline := errors.New("the KMS is offline")
		p.fail(offline)
		time.Sleep(2*time.Hour - 1)
		require.Same(t, first, acquire(t, k))
		synctest.Wait()
		time.Sleep(1)
		_, err := k.Acquire()
		require.ErrorIs(t, err, ErrKeyExhausted)
		require.ErrorIs(t, err, offline)
		requireError(t, err, "age 2h0m0s, 0 seals")

		p.fail(nil)
		time.Sleep(retryProvider)
		assert.NotSame(t, first, acquire(t, k), "it is made, and waited for")
	})
}

func TestAfterALongIdleTimeTheFirstCallGetsANewKey(t *testing.T) {
	inBubble(t, KeeperOptions{}, func(t *testing.T, k *Keeper, _ *switchedProvider) {
		first := acquire(t, k)
		time.Sleep(100 * time.Hour)
		assert.NotSame(t, first, acquire(t, k))
	})
}

func TestNothingIsSealedUnderAKeyThatHasSealedTooMuch(t *testing.T) {
	inBubble(t, KeeperOptions{MaxSeals: 4}, func(t *testing.T, k *Keeper, p *switchedProvider) {
		offline := errors.New("the KMS is offline")
		p.fail(offline)
		first := acquire(t, k)
		for range 4 {
			require.Same(t, first, acquire(t, k))
			first.CountFrame()
			synctest.Wait()
		}
		_, err := k.Acquire()
		require.ErrorIs(t, err, ErrKeyExhausted)
		synctest.Wait()
		_, err = k.Acquire()
		require.ErrorIs(t, err, offline)
		requireError(t, err, "4 seals")
	})
}

func TestWithoutAFirstKeyThereIsNoKeeper(t *testing.T) {
	offline := errors.New("the KMS is offline")
	_, err := NewKeeper(t.Context(), &switchedProvider{err: offline}, KeeperOptions{})
	require.ErrorIs(t, err, offline)
	_, err = NewKeeper(t.Context(), fixedProvider{}, KeeperOptions{})
	require.ErrorIs(t, err, ErrNoRecipient)
	_, err = NewKeeper(t.Context(), fixedProvider{failingRecipient{}}, KeeperOptions{})
	requireError(t, err, "for failing: offline")
	_, err = NewKeeper(t.Context(), fixedProvider{otherKEK(t)}, KeeperOptions{RotateAfter: 2 * time.Hour, MaxAge: time.Hour})
	requireError(t, err, "replaced after 2h0m0s", "1h0m0s only")
}

// waitingProvider gives its recipients once, and then waits for its context.
type waitingProvider struct {
	asked atomic.Int64
	kek   *KEK
}

func (p *waitingProvider) Recipients(ctx context.Context) ([]Recipient, error) {
	if p.asked.Add(1) > 1 {
		<-ctx.Done()
	}
	return []Recipient{p.kek}, ctx.Err()
}

func TestCloseStopsWhatGoesOnAndMayBeCalledAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &waitingProvider{kek: otherKEK(t)}
		k, err := NewKeeper(t.Context(), p, KeeperOptions{RotateAfter: time.Hour, OnError: func(err error) {
			t.Errorf("what Close interrupts is no failure: %v", err)
		}})
		require.NoError(t, err)
		time.Sleep(time.Hour)
		first := acquire(t, k)
		synctest.Wait()
		require.EqualValues(t, 2, p.asked.Load())
		var all sync.WaitGroup
		for range 3 {
			all.Go(k.Close)
		}
		all.Wait()
		k.Close()
		time.Sleep(time.Hour)
		assert.Same(t, first, acquire(t, k), "a closed Keeper makes no new key")
		synctest.Wait()
		assert.EqualValues(t, 2, p.asked.Load())
	})
}

func TestADueKeyIsReplacedOnceHoweverManyAsk(t *testing.T) {
	inBubble(t, KeeperOptions{RotateAfter: time.Hour}, func(t *testing.T, k *Keeper, p *switchedProvider) {
		time.Sleep(time.Hour)
		asked := p.times()
		var all sync.WaitGroup
		for range 64 {
			all.Go(func() {
				_, err := k.Acquire()
				assert.NoError(t, err)
			})
		}
		all.Wait()
		synctest.Wait()
		assert.Equal(t, asked+1, p.times())
	})
}

// Who has seen a key before it was replaced, and comes late, must not have another made.
func TestAKeyThatWasReplacedIsNotReplacedAgain(t *testing.T) {
	inBubble(t, KeeperOptions{RotateAfter: time.Hour}, func(t *testing.T, k *Keeper, p *switchedProvider) {
		first := acquire(t, k)
		time.Sleep(time.Hour)
		acquire(t, k)
		synctest.Wait()
		second, asked := acquire(t, k), p.times()
		require.NotSame(t, first, second)
		k.replace(first)
		synctest.Wait()
		assert.Same(t, second, acquire(t, k))
		assert.Equal(t, asked, p.times())
	})
}

// Hammer: many seal while keys are replaced and the provider comes and goes. No
// counter of a period is given twice.
func TestHammerKeeper(t *testing.T) {
	p := &switchedProvider{kek: otherKEK(t)}
	k, err := NewKeeper(t.Context(), p, KeeperOptions{MaxSeals: 200})
	require.NoError(t, err)
	var (
		all  sync.WaitGroup
		mu   sync.Mutex
		seen = map[*Period]map[uint64]bool{}
	)
	for range 8 {
		all.Go(func() {
			for range 2000 {
				period, err := k.Acquire()
				if err != nil {
					assert.ErrorIs(t, err, ErrKeyExhausted)
					continue
				}
				nonces, err := period.Fields().Reserve(1)
				if err != nil {
					assert.ErrorIs(t, err, ErrKeyExhausted)
					continue
				}
				c := nonces.next
				mu.Lock()
				if seen[period] == nil {
					seen[period] = map[uint64]bool{}
				}
				assert.False(t, seen[period][c], "counter %d was given before", c)
				seen[period][c] = true
				mu.Unlock()
			}
		})
	}
	all.Go(func() { // late enough for some periods, and never for long
		for range 100 {
			p.fail(errors.New("offline"))
			p.fail(nil)
		}
	})
	all.Wait()
	k.Close()
	for _, counters := range seen {
		assert.LessOrEqual(t, len(counters), 200)
	}
}

func TestAChangeOfRecipientsIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := otherKEK(t), newTestKEK(t, testKey)
		p := &swappedProvider{recipients: []Recipient{first}}
		var changes [][2][]string
		k, err := NewKeeper(t.Context(), p, KeeperOptions{RotateAfter: time.Hour, OnRecipients: func(added, removed []string) {
			changes = append(changes, [2][]string{added, removed})
		}})
		require.NoError(t, err)
		defer k.Close()
		for _, recipients := range [][]Recipient{{first}, {first, second}, {second, first}, {second}, {first}} {
			p.set(recipients)
			time.Sleep(time.Hour)
			acquire(t, k)
			synctest.Wait()
		}
		a, b := []string{first.String()}, []string{second.String()}
		assert.Equal(t, [][2][]string{{b, nil}, {nil, a}, {a, b}}, changes, "and the order of recipients does not matter")
	})
}

// swappedProvider has other recipients from time to time.
type swappedProvider struct {
	mu         sync.Mutex
	recipients []Recipient
}

func (p *swappedProvider) Recipients(context.Context) ([]Recipient, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.recipients, nil
}

func (p *swappedProvider) set(recipients []Recipient) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.recipients = recipients
}
