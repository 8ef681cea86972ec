// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package divideextension

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// drain limits how fast a backend that was away gets what has queued up for it. The limit
// holds for as long as the backend was away, and an hour at most. At other times there is
// none. A nil drain has no limit.
type drain struct {
	limiter *rate.Limiter
	now     func() time.Time

	mu    sync.Mutex
	since time.Time // when the backend went away; zero while it takes requests
	until time.Time // when the limit ends
}

// longest is how long the limit holds at most.
const longest = time.Hour

func newDrain(bytesPerSecond int) *drain {
	if bytesPerSecond == 0 {
		return nil
	}
	return &drain{limiter: rate.NewLimiter(rate.Limit(bytesPerSecond), bytesPerSecond), now: time.Now}
}

// wait waits until a request of so many bytes may be sent. It fails at once if the context
// ends before.
func (d *drain) wait(ctx context.Context, bytes int) error {
	if !d.limited() {
		return nil
	}
	if err := d.limiter.WaitN(ctx, min(bytes, d.limiter.Burst())); err != nil {
		return fmt.Errorf("the backend was away and is not given more than `drain_bytes_per_second` now: %w", err)
	}
	return nil
}

func (d *drain) limited() bool {
	if d == nil {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now().Before(d.until)
}

// note notes whether the backend has taken a request or has to be tried again.
func (d *drain) note(taken bool) {
	if d == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	switch now := d.now(); {
	case !taken && d.since.IsZero():
		d.since = now
	case taken && !d.since.IsZero():
		d.until = now.Add(min(now.Sub(d.since), longest))
		d.since = time.Time{}
	}
}

// drains has a drain for each backend.
type drains struct {
	bytesPerSecond int
	mu             sync.Mutex
	of             map[string]*drain
}

func (d *drains) get(backend string) *drain {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.of[backend] == nil {
		d.of[backend] = newDrain(d.bytesPerSecond)
	}
	return d.of[backend]
}
