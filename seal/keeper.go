// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Period is a data key in use, wrapped for its recipients.
type Period struct {
	ID      [16]byte // random
	Created time.Time
	Key     *DataKey
	Wrapped []Wrapped

	fields *FieldSealer
	frames atomic.Uint64
}

// Fields returns the sealer of fields of this period.
func (p *Period) Fields() *FieldSealer { return p.fields }

// CountFrame counts one frame that was sealed under a key derived from this
// period's.
func (p *Period) CountFrame() { p.frames.Add(1) }

// Seals returns how many fields and frames have been sealed in this period.
func (p *Period) Seals() uint64 { return p.fields.Sealed() + p.frames.Load() }

// KeeperOptions configure a Keeper. A limit of zero means the default.
type KeeperOptions struct {
	// RotateAfter is the age at which a new data key is made. Default 1 h.
	RotateAfter time.Duration
	// MaxAge is the age at which nothing more is sealed under a data key, where no
	// new one can be had. Default 24 h.
	MaxAge time.Duration
	// MaxSeals is the number of seals at which nothing more is sealed under a data
	// key; at half of it a new one is made. Default and most: 2^32.
	MaxSeals uint64
	// OnError is told of every failure to make a new key. It may be nil.
	OnError func(error)
	// OnRecipients is called when a new data key is wrapped for other recipients than the
	// one before, with the kinds and ids of those that were added and removed. It may be nil.
	OnRecipients func(added, removed []string)
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

func (o *KeeperOptions) setDefaults() {
	if o.RotateAfter <= 0 {
		o.RotateAfter = time.Hour
	}
	if o.MaxAge <= 0 {
		o.MaxAge = 24 * time.Hour
	}
	if o.MaxSeals == 0 || o.MaxSeals > maxFieldSeals {
		o.MaxSeals = maxFieldSeals
	}
	if o.OnError == nil {
		o.OnError = func(error) {}
	}
	if o.OnRecipients == nil {
		o.OnRecipients = func(added, removed []string) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

// retryProvider is the time between two tries to have a new key.
const retryProvider = 5 * time.Second

// Keeper keeps the data key of the current period and makes a new one when it is
// due. Where its provider fails, the current key is used to its hard limit; after
// that nothing is sealed. It is safe for concurrent use.
type Keeper struct {
	provider Provider
	opts     KeeperOptions
	current  atomic.Pointer[Period]

	mu      sync.Mutex
	lastTry time.Time
	trying  chan struct{} // closed when the try that is under way ends; nil if none is
	lastErr error
	closed  bool
	tries   sync.WaitGroup
	cancel  context.CancelFunc
	ctx     context.Context // of tries, which outlive the call that begins them
}

// NewKeeper makes the first data key, and fails where none can be had.
func NewKeeper(ctx context.Context, provider Provider, opts KeeperOptions) (*Keeper, error) {
	opts.setDefaults()
	if opts.RotateAfter > opts.MaxAge {
		return nil, fmt.Errorf("a data key is replaced after %s but may be used for %s only; the first must not be more", opts.RotateAfter, opts.MaxAge)
	}
	k := &Keeper{provider: provider, opts: opts}
	k.ctx, k.cancel = context.WithCancel(context.Background())
	p, err := k.newPeriod(ctx)
	if err != nil {
		k.cancel()
		return nil, err
	}
	k.current.Store(p)
	return k, nil
}

func (k *Keeper) newPeriod(ctx context.Context) (*Period, error) {
	recipients, err := k.provider.Recipients(ctx)
	if err != nil {
		return nil, err
	}
	p := &Period{Created: k.opts.Now(), Key: randomDataKey()}
	_, _ = rand.Read(p.ID[:])
	if p.Wrapped, err = wrapAll(ctx, recipients, p.Key.secret[:]); err != nil {
		return nil, err
	}
	header, err := encodeFieldHeader(p.ID, p.Key, p.Wrapped)
	if err != nil {
		return nil, err
	}
	p.fields, err = newFieldSealer(p.Key, p.ID, header, k.opts.MaxSeals)
	return p, err
}

// Current returns the period in use, without making sure that it may be used.
func (k *Keeper) Current() *Period { return k.current.Load() }

// Acquire returns the period to seal under. One that is due is replaced in the
// background, and used meanwhile; at its hard limit the new one is waited for.
// Where there is none, it returns ErrKeyExhausted and why.
func (k *Keeper) Acquire() (*Period, error) {
	p := k.current.Load()
	age, seals := k.opts.Now().Sub(p.Created), p.Seals()
	if age >= k.opts.RotateAfter || seals >= k.opts.MaxSeals/2 {
		k.replace(p)
	}
	if age < k.opts.MaxAge && seals < k.opts.MaxSeals {
		return p, nil
	}
	k.await() // a gateway that was idle for long must not refuse what comes first
	if p2 := k.current.Load(); p2 != p {
		return p2, nil
	}
	return nil, k.exhausted(age, seals)
}

// await waits for the try that is under way, if there is one. The provider bounds
// how long that takes, and Close ends it.
func (k *Keeper) await() {
	k.mu.Lock()
	trying := k.trying
	k.mu.Unlock()
	if trying != nil {
		<-trying
	}
}

func (k *Keeper) exhausted(age time.Duration, seals uint64) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	err := k.lastErr
	if err == nil {
		err = errors.New("it was not made")
	}
	return fmt.Errorf("%w (age %s, %d seals) and there is no new one: %w", ErrKeyExhausted, age.Round(time.Second), seals, err)
}

// replace begins to make a new key in place of that of a period, unless that is
// done already, is under way, or was tried a moment ago.
func (k *Keeper) replace(p *Period) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	if k.closed || k.trying != nil || k.current.Load() != p || (k.lastErr != nil && now.Sub(k.lastTry) < retryProvider) {
		return
	}
	k.trying, k.lastTry = make(chan struct{}), now
	k.tries.Go(func() {
		p, err := k.newPeriod(k.ctx)
		switch {
		case err == nil:
			k.compare(k.current.Swap(p), p)
		case k.ctx.Err() == nil: // what Close has interrupted did not fail
			k.opts.OnError(err)
		}
		k.mu.Lock()
		defer k.mu.Unlock()
		close(k.trying)
		k.trying, k.lastErr = nil, err
	})
}

// compare reports a change of recipients from one period to the next: a file that holds
// another key adds a reader.
func (k *Keeper) compare(before, after *Period) {
	was, is := before.recipients(), after.recipients()
	added, removed := missing(is, was), missing(was, is)
	if len(added)+len(removed) > 0 {
		k.opts.OnRecipients(added, removed)
	}
}

// recipients returns the kinds and ids of the keys that the data key is wrapped for.
func (p *Period) recipients() (names []string) {
	for _, w := range p.Wrapped {
		names = append(names, w.Recipient())
	}
	return names
}

// missing returns those of names that others lack.
func missing(names, others []string) (missing []string) {
	for _, name := range names {
		if !slices.Contains(others, name) {
			missing = append(missing, name)
		}
	}
	return missing
}

// Close waits for what goes on in the background, and stops it.
func (k *Keeper) Close() {
	k.mu.Lock()
	k.closed = true
	k.mu.Unlock()
	k.cancel()
	k.tries.Wait()
}
