// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"errors"
	"fmt"
)

// Kind is a class of errors of a guest, as counted in Stats.
type Kind uint8

// The kinds.
const (
	KindFuel      Kind = iota // ran out of fuel: an endless loop, or far too much work for a chunk
	KindTrap                  // trapped: a panic, an access out of bounds, an exit
	KindMemory                // had no room for a chunk below its memory cap
	KindOutput                // returned what the ABI does not allow
	KindConfigure             // refused its configuration, or its manifest is not valid
	KindABI                   // is not a module of this ABI
	kinds
)

var kindNames = [kinds]string{"fuel", "trap", "memory", "output", "configure", "abi"}

func (k Kind) String() string {
	if k >= kinds {
		return fmt.Sprintf("Kind(%d)", uint8(k))
	}
	return kindNames[k]
}

// Kinds are all kinds, in the order of their values.
func Kinds() []Kind {
	all := make([]Kind, kinds)
	for k := range all {
		all[k] = Kind(k)
	}
	return all
}

// Error is an error of a guest.
type Error struct {
	Kind Kind
	Call string // the export that was called; empty at load
	Err  error
}

func (e *Error) Error() string {
	if e.Call == "" {
		return fmt.Sprintf("%s: %v", e.Kind, e.Err)
	}
	return fmt.Sprintf("%s in %s: %v", e.Kind, e.Call, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// contain makes a panic an error. The engine answers with one to some modules that it does not
// expect, and a guest must not be able to end its host.
func contain(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the engine panicked: %v", p)
		}
	}()
	return f()
}

func failure(k Kind, call, format string, args ...any) *Error {
	return &Error{Kind: k, Call: call, Err: fmt.Errorf(format, args...)}
}

// ErrRefused is returned by Judge when the guest failed and Options.OnError is OnErrorRefuse.
var ErrRefused = errors.New("the filter failed and on_error is refuse: send the batch again")

// ErrClosed is returned by a Filter after Close.
var ErrClosed = errors.New("the filter is closed")
