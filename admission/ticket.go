// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"sync"
)

// Ticket goes with a request from the server that received it to the processors that check
// it, and back with what they refused. The methods of a nil ticket do nothing. It is safe
// for concurrent use.
type Ticket struct {
	mu       sync.Mutex
	size     int
	refused  int
	message  string
	signal   Signal
	tooLarge bool
}

// Signal names what a request carries.
type Signal string

// The signals that are checked.
const (
	Traces  Signal = "traces"
	Logs    Signal = "logs"
	Metrics Signal = "metrics"
)

type ticketKey struct{}

// NewContext returns a context that carries a new ticket.
func NewContext(ctx context.Context) (context.Context, *Ticket) {
	t := &Ticket{size: UnknownSize}
	return context.WithValue(ctx, ticketKey{}, t), t
}

// FromContext returns the ticket of a request, or nil.
func FromContext(ctx context.Context) *Ticket {
	t, _ := ctx.Value(ticketKey{}).(*Ticket)
	return t
}

// SetSize says how large the request is at most, as OTLP in protobuf.
func (t *Ticket) SetSize(bytes int) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.size = bytes
}

// Size returns how large the request is at most, or UnknownSize.
func (t *Ticket) Size() int {
	if t == nil {
		return UnknownSize
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.size
}

// Refuse says what a processor refused. Of several processors that check the same request,
// the one that refused most is reported: the others refused items of the same request, and
// the sum could be more than was sent.
func (t *Ticket) Refuse(signal Signal, r *Result) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := r.Refused(); n > t.refused {
		t.refused, t.message, t.signal = n, r.Message(), signal
	}
}

// Refused returns the number of refused items, what they are, and what the sender is told
// about them.
func (t *Ticket) Refused() (int, Signal, string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.refused, t.signal, t.message
}

// RefuseWhole says that the whole request is refused, since it is too large.
func (t *Ticket) RefuseWhole() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tooLarge = true
}

// TooLarge returns whether the whole request was refused, since it is too large.
func (t *Ticket) TooLarge() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.tooLarge
}
