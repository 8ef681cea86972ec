// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/sealgate/sealgate/test/fleet"
)

// request is an encoded OTLP request. Its ids and times are changed where they are,
// so that generating load costs next to nothing beside taking it.
type request struct {
	body  []byte
	items int

	traces [][]byte // the first eight bytes of each trace id
	spans  [][]byte // each id of a span, also where it is a parent
	times  [][]byte // each time

	traceMask, spanMask, latest uint64 // what ids were changed by last, and the latest time
}

func newRequest(td ptrace.Traces) (*request, error) {
	body, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	if err != nil {
		return nil, err
	}
	r := &request{body: body, items: td.SpanCount()}
	return r, r.find()
}

// Field numbers of OTLP's messages.
const (
	resourceSpansField = 1 // of TracesData
	scopeSpansField    = 2 // of ResourceSpans
	spansField         = 2 // of ScopeSpans
	traceIDField       = 1 // of Span, as are the next ones
	spanIDField        = 2
	parentIDField      = 4
	startField         = 7
	endField           = 8
	eventsField        = 11
	eventTimeField     = 1 // of Event
)

// find finds the ids and times.
func (r *request) find() error {
	return each(r.body, resourceSpansField, func(rs []byte) error {
		return each(rs, scopeSpansField, func(ss []byte) error {
			return each(ss, spansField, r.findInSpan)
		})
	})
}

func (r *request) findInSpan(span []byte) error {
	return fields(span, func(field protowire.Number, value []byte) error {
		switch field {
		case traceIDField:
			r.traces = append(r.traces, value[:8])
		case spanIDField:
			r.spans = append(r.spans, value)
		case parentIDField:
			if len(value) != 0 {
				r.spans = append(r.spans, value)
			}
		case startField, endField:
			r.addTime(value)
		case eventsField:
			return each(value, eventTimeField, func(at []byte) error { r.addTime(at); return nil })
		}
		return nil
	})
}

func (r *request) addTime(b []byte) {
	r.times = append(r.times, b)
	r.latest = max(r.latest, binary.LittleEndian.Uint64(b))
}

// each calls f with every value of one field of a message.
func each(message []byte, want protowire.Number, f func([]byte) error) error {
	return fields(message, func(field protowire.Number, value []byte) error {
		if field != want {
			return nil
		}
		return f(value)
	})
}

// fields calls f with every value of a message. Each is a part of message.
func fields(message []byte, f func(protowire.Number, []byte) error) error {
	for len(message) > 0 {
		field, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		if n = protowire.ConsumeFieldValue(field, kind, message); n < 0 {
			return protowire.ParseError(n)
		}
		value := message[:n]
		if kind == protowire.BytesType {
			value, _ = protowire.ConsumeBytes(value)
		}
		if err := f(field, value); err != nil {
			return err
		}
		message = message[n:]
	}
	return nil
}

// renew makes all traces new ones that have just ended.
func (r *request) renew(now time.Time) {
	traceMask, spanMask := rand.Uint64(), rand.Uint64()
	xor(r.traces, traceMask^r.traceMask)
	xor(r.spans, spanMask^r.spanMask)
	r.traceMask, r.spanMask = traceMask, spanMask
	latest := uint64(now.UnixNano())
	for _, b := range r.times {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)+latest-r.latest)
	}
	r.latest = latest
}

func xor(all [][]byte, mask uint64) {
	for _, b := range all {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^mask)
	}
}

// rawCodec passes encoded requests and answers through.
type rawCodec struct{}

func (rawCodec) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }

func (rawCodec) Unmarshal(b []byte, v any) error {
	*v.(*[]byte) = append([]byte(nil), b...)
	return nil
}

func (rawCodec) Name() string { return "proto" }

// send sends the request as it is.
func (r *request) send(ctx context.Context, conn *grpc.ClientConn) error {
	var answer []byte
	err := conn.Invoke(ctx, "/opentelemetry.proto.collector.trace.v1.TraceService/Export", &r.body, &answer, grpc.ForceCodec(rawCodec{}))
	if err != nil {
		return err
	}
	// An answer with anything in it says that spans were refused.
	return fields(answer, func(_ protowire.Number, value []byte) error {
		if len(value) == 0 {
			return nil
		}
		return fmt.Errorf("spans were refused: %q", value)
	})
}

// sender sends its requests over its own connection, one after the other.
type sender struct {
	conn     *grpc.ClientConn
	requests []*request
}

// senders send at the same time, in a closed loop: each waits for its answer.
type senders []sender

// dial returns n senders to addr, a host:port.
func dial(addr string, n int) (senders, error) {
	const each = 4 // requests of a sender
	var all senders
	for i := range n {
		conn, err := fleet.Dial(addr)
		if err != nil {
			return all, err
		}
		s := sender{conn: conn}
		for j := range each {
			r, err := newRequest(fleet.Spans(uint64(1+i*each+j), requestSpans))
			if err != nil {
				return all, errors.Join(err, conn.Close())
			}
			s.requests = append(s.requests, r)
		}
		all = append(all, s)
	}
	return all, nil
}

func (all senders) close() error {
	var err error
	for _, s := range all {
		err = errors.Join(err, s.conn.Close())
	}
	return err
}

// run sends for so long. It returns how many spans were accepted and how long that
// took, the last answers included.
func (all senders) run(ctx context.Context, length time.Duration) (spans int, took time.Duration, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	sent := make([]int, len(all))
	start := time.Now()
	for i, s := range all {
		running.Go(func() {
			for turn := 0; time.Since(start) < length; turn++ {
				r := s.requests[turn%len(s.requests)]
				r.renew(time.Now())
				if err := r.send(ctx, s.conn); err != nil {
					cancel(err) // the others need not go on
					return
				}
				sent[i] += r.items
			}
		})
	}
	running.Wait()
	for _, n := range sent {
		spans += n
	}
	return spans, time.Since(start), context.Cause(ctx)
}

// distinctTraces returns how many traces the request has spans of.
func (r *request) distinctTraces() int {
	seen := make(map[uint64]bool)
	for _, id := range r.traces {
		seen[binary.LittleEndian.Uint64(id)] = true
	}
	return len(seen)
}
