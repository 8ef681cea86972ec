// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Options say what a generator sends, where to and how fast.
type Options struct {
	Addr     string     // host:port
	HTTP     bool       // OTLP over HTTP instead of gRPC
	Requests []*Request // in turn; all of one ledger and as long as each other

	// Cycle is by how much the times of log records go on each time that all requests
	// have been sent; 0: they stay.
	Cycle time.Duration

	Rate    float64       // items a second, whatever becomes of them; 0: as fast as they are taken
	Items   int           // the end comes with the request that reaches it; 0: with Stop
	Senders int           // connections, each with a request under way; default 4
	Timeout time.Duration // of one try; default 5 s

	// Patience is how long a request is tried again; 0: until the end of ctx.
	Patience time.Duration
}

// Generator sends.
type Generator struct {
	ledger  *Ledger
	options Options
	clients []client

	start   time.Time
	turn    atomic.Int64 // requests begun
	stopped chan struct{}
	stop    sync.Once
	senders sync.WaitGroup

	mu   sync.Mutex
	last error // why the last request that was not accepted was not
}

// Start begins to send. Requests that are not accepted by the end of ctx are given up.
func (l *Ledger) Start(ctx context.Context, o Options) (*Generator, error) {
	if o.Senders == 0 {
		o.Senders = 4
	}
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Second
	}
	g := &Generator{ledger: l, options: o, start: time.Now(), stopped: make(chan struct{})}
	for range o.Senders {
		c, err := o.dial()
		if err != nil {
			return nil, errors.Join(fmt.Errorf("sending to %s: %w", o.Addr, err), g.close())
		}
		g.clients = append(g.clients, c)
	}
	for _, c := range g.clients {
		g.senders.Go(func() { g.run(ctx, c) })
	}
	return g, nil
}

func (o *Options) dial() (client, error) {
	if o.HTTP {
		return newHTTPClient(o.Addr), nil
	}
	return newGRPCClient(o.Addr)
}

func (g *Generator) close() (err error) {
	for _, c := range g.clients {
		err = errors.Join(err, c.close())
	}
	return err
}

// Stop begins no more requests, and waits as Wait does.
func (g *Generator) Stop() error {
	g.stop.Do(func() { close(g.stopped) })
	return g.Wait()
}

// Wait waits for all requests. Its error says why the last of those that were not
// accepted was not; the ledger has how many those are.
func (g *Generator) Wait() error {
	g.senders.Wait()
	return errors.Join(g.last, g.close())
}

// run sends requests one after the other.
func (g *Generator) run(ctx context.Context, c client) {
	for ctx.Err() == nil {
		turn := int(g.turn.Add(1) - 1)
		r := g.options.Requests[turn%len(g.options.Requests)]
		due, ok := g.await(ctx, turn*r.Len())
		if !ok {
			return
		}
		first := g.ledger.number(r.Len())
		round := time.Duration(turn / len(g.options.Requests))
		body, err := r.encode(first, due, round*g.options.Cycle)
		end := outcome{verdict: refused}
		if err == nil {
			end, err = g.options.send(ctx, c, r.signal, body)
		}
		if err != nil {
			g.mu.Lock()
			g.last = err
			g.mu.Unlock()
		}
		g.ledger.settle(first, r.Len(), end)
	}
}

// await waits until the request is due before which so many items are sent, and
// returns when that is; false if there is to be no such request.
//
// A request that is late since all senders are waiting is still due when it was: the
// wait is part of the latency.
func (g *Generator) await(ctx context.Context, items int) (due time.Time, ok bool) {
	if g.options.Items > 0 && items >= g.options.Items {
		return due, false
	}
	due = time.Now()
	if g.options.Rate > 0 {
		due = g.start.Add(time.Duration(float64(items) / g.options.Rate * float64(time.Second)))
	}
	select {
	case <-g.stopped:
		return due, false
	case <-ctx.Done():
		return due, false
	case <-time.After(time.Until(due)):
		return due, true
	}
}
