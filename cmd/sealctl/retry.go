// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// sender sends one request.
type sender interface {
	send(context.Context, batch) (answer, error)
	close() error
}

// answer is what an endpoint says of a request that it took.
type answer struct {
	rejected int
	message  string
}

// errTooLarge says that an endpoint takes smaller requests only.
var errTooLarge = errors.New("the request is too large for the endpoint")

// passing is an error that may be gone the next time.
type passing struct {
	error
	after time.Duration // how long the endpoint asks to wait; 0 where it does not
}

func (p passing) Unwrap() error { return p.error }

// Bounds of the time between two tries.
const (
	firstBackoff = time.Second
	maxBackoff   = 30 * time.Second
)

// retrier sends a request again while its errors pass.
type retrier struct {
	e    *env
	to   sender
	most time.Duration // for one request
}

func (r retrier) send(ctx context.Context, b batch) (answer, error) {
	began, backoff := r.e.now(), firstBackoff
	for {
		a, err := r.to.send(ctx, b)
		if err == nil {
			return a, nil
		}
		var p passing
		if !errors.As(err, &p) || ctx.Err() != nil {
			return a, errors.Join(err, ctx.Err())
		}
		wait := p.after
		if wait == 0 {
			wait = backoff/2 + rand.N(backoff/2) // apart from others who wait
		}
		if spent := r.e.now().Sub(began); spent+wait > r.most {
			return a, fmt.Errorf("the endpoint still refuses after %s: %w", spent.Round(time.Second), err)
		}
		r.e.say("%v; trying again in %s", err, wait.Round(100*time.Millisecond))
		if err := r.e.sleep(ctx, wait); err != nil {
			return a, err
		}
		backoff = min(2*backoff, maxBackoff)
	}
}
