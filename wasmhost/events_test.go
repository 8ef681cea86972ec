// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// recorder keeps the events of a filter with one sender.
type recorder []Event

func (r *recorder) options(o Options) Options {
	o.OnEvent, o.KeepOutput = func(e Event) { *r = append(*r, e) }, true
	return o
}

func (r *recorder) kinds() (kinds []EventKind) {
	for _, e := range *r {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

func TestFailuresAndTheBreakerAreEvents(t *testing.T) {
	var c clock
	var events recorder
	f := filterOf(t, guestParts{manifest: withTime, filter: failsWhen(verdictsFor(dropRule1, info))},
		events.options(c.options(Options{Breaker: BreakerOptions{Failures: 2}})))
	judge(t, f, poison(mixed(2, 1)))
	judge(t, f, poison(mixed(2, 1)))
	judge(t, f, poison(mixed(2, 1)))
	c.now = c.now.Add(time.Second)
	judge(t, f, mixed(2, 1))
	judge(t, f, mixed(2, 1))
	assert.Equal(t, []EventKind{EventFailed, EventFailed, EventBreakerOpened, EventBreakerClosed}, events.kinds())
	assert.ErrorContains(t, events[0].Err, "unreachable")
	assert.ErrorContains(t, events[2].Err, "unreachable")
}

// writing is a guest that writes a text to standard error with each chunk, and then does more.
func writing(text string, more asm) guestParts {
	const iovec, written, at = 0x200, 0x208, 0x300
	return guestParts{
		imports: []signature{{name: "fd_write", params: "iiii", results: "i"}},
		filter: code(
			i32(iovec), i32(at), store32(0), i32(iovec), i32(int64(len(text))), store32(4),
			i32(2), i32(iovec), i32(1), i32(written), callFn(0), opDrop,
			more, verdictsFor(dropRule1, info)),
		data: map[int]string{at: text},
	}
}

func TestWhatAGuestWritesIsAnEvent(t *testing.T) {
	for text, want := range map[string]string{
		"debug: 7 records\n": "debug: 7 records", "a\xffb\n": "a\uFFFDb", strings.Repeat("x", 0xf0) + "\n": strings.Repeat("x", 0xf0),
	} {
		var events recorder
		f := filterOf(t, writing(text, nil), events.options(Options{}))
		judge(t, f, mixed(2, 1))
		require.Len(t, events, 1)
		assert.Equal(t, Event{Kind: EventOutput, Output: want}, events[0])
	}
}

func TestTheTextOfAPanicIsInTheError(t *testing.T) {
	var events recorder
	f := filterOf(t, writing("a line\npanic: no such key\n\ngoroutine 1\n", asm{opUnreachable}), events.options(Options{}))
	judge(t, f, mixed(2, 1))
	assert.ErrorContains(t, f.Stats().LastError, "panic: no such key")
	assert.Equal(t, []EventKind{EventOutput, EventFailed}, events.kinds())
}

func TestWhatAGuestWritesIsNotKeptUnlessThatIsAsked(t *testing.T) {
	f := filterOf(t, writing("panic: secret\n", asm{opUnreachable}), Options{OnEvent: func(e Event) { assert.NotEqual(t, EventOutput, e.Kind) }})
	judge(t, f, mixed(2, 1))
	assert.NotContains(t, f.Stats().LastError.Error(), "secret")
}

func TestWhatAGuestWritesIsBounded(t *testing.T) {
	var events recorder
	// The same text again and again, until the fuel is spent.
	p := writing(strings.Repeat("x", 0x100), code(opLoop, noType, i32(2), i32(0x200), i32(1), i32(0x208), callFn(0), opDrop, opBr, 0, opEnd))
	f := filterOf(t, p, events.options(Options{}))
	judge(t, f, mixed(1, 1))
	assert.Len(t, events[0].Output, maxOutput)
}

// A counter of 32 bits was an int, which is negative on a node of 32 bits in the end.
func TestTheTurnOfSlotsGoesOnForEver(t *testing.T) {
	for _, turn := range []uint32{0, math.MaxInt32, math.MaxInt32 + 1, math.MaxUint32} {
		assert.GreaterOrEqual(t, first(turn, 3), 0)
		assert.Less(t, first(turn, 3), 3)
	}
}
