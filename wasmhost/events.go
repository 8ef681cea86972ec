// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

// Event is something that an operator may want to read of.
type Event struct {
	Kind EventKind
	// Err is the guest's error, of EventFailed and EventBreakerOpened.
	Err error
	// Output is what the guest wrote to standard output and error in a call, cut and in valid UTF-8,
	// of EventOutput.
	Output string
}

// EventKind says what happened.
type EventKind uint8

// The kinds of event.
const (
	EventFailed        EventKind = iota // a call failed
	EventBreakerOpened                  // the guest is not asked for a while
	EventBreakerClosed                  // it is asked again, and answers
	EventOutput                         // it wrote something
)
