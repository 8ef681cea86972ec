// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import "time"

// BreakerOptions bound what a guest costs that fails again and again.
type BreakerOptions struct {
	// Failures in a row open the breaker; 0 is 3.
	Failures int
	// Backoff is for how long; it doubles with each failure after that, up to MaxBackoff. 0 is 1 s
	// and 5 min.
	Backoff, MaxBackoff time.Duration
}

func (o BreakerOptions) withDefaults() BreakerOptions {
	if o.Failures <= 0 {
		o.Failures = 3
	}
	if o.Backoff <= 0 {
		o.Backoff = time.Second
	}
	if o.MaxBackoff <= 0 {
		o.MaxBackoff = 5 * time.Minute
	}
	o.MaxBackoff = max(o.MaxBackoff, o.Backoff)
	return o
}

// breaker is closed, or open until a time; one chunk is then the trial that closes it or opens it
// for longer.
type breaker struct {
	opts     BreakerOptions
	failures int // in a row
	backoff  time.Duration
	until    time.Time
}

// isOpen reads the clock only after failures: it is much of what a small batch costs.
func (b *breaker) isOpen(now func() time.Time) bool {
	return b.failures >= b.opts.Failures && now().Before(b.until)
}

// succeeded reports whether that closes the breaker.
func (b *breaker) succeeded() (closes bool) {
	closes = b.failures >= b.opts.Failures
	b.failures, b.backoff = 0, 0
	return closes
}

// failed reports whether that opens the breaker, which was closed.
func (b *breaker) failed(now time.Time) (opens bool) {
	b.failures++
	if b.failures < b.opts.Failures {
		return false
	}
	b.backoff = min(max(2*b.backoff, b.opts.Backoff), b.opts.MaxBackoff)
	b.until = now.Add(b.backoff)
	return b.failures == b.opts.Failures
}
