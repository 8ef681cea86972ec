// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"time"
)

// limiter is a token bucket: it holds the tokens of one second, one for each item.
type limiter struct {
	rate   float64 // items a second; 0 means no limit
	tokens float64
	last   time.Time
	now    func() time.Time
	sleep  func(context.Context, time.Duration) error
}

func newLimiter(rate float64, now func() time.Time, sleep func(context.Context, time.Duration) error) *limiter {
	l := &limiter{rate: rate, last: now(), now: now, sleep: sleep}
	l.tokens = l.full()
	return l
}

// full is how many tokens the bucket holds: an item must fit.
func (l *limiter) full() float64 { return max(1, l.rate) }

// most returns how many items may go at once, at most n.
func (l *limiter) most(n int) int {
	if l.rate == 0 {
		return n
	}
	return int(min(float64(n), l.full()))
}

// wait returns once n items may go.
func (l *limiter) wait(ctx context.Context, n int) error {
	if l.rate == 0 {
		return ctx.Err()
	}
	l.refill()
	if missing := float64(n) - l.tokens; missing > 0 {
		if err := l.sleep(ctx, time.Duration(missing/l.rate*float64(time.Second))); err != nil {
			return err
		}
		l.refill()
	}
	l.tokens -= float64(n) // a rounding error is made up for the next time
	return nil
}

func (l *limiter) refill() {
	now := l.now()
	l.tokens = min(l.full(), l.tokens+now.Sub(l.last).Seconds()*l.rate)
	l.last = now
}
