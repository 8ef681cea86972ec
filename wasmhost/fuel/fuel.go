// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fuel

import (
	"fmt"
	"math"
)

const (
	// Global is the name under which the counter is exported.
	Global = "sealgate_fuel"

	// Reserve is the name under which the reserve is exported. What is left of a budget is in both.
	Reserve = "sealgate_reserve"

	// Stack is the name under which the rest of the stack is exported, in units of frameUnit bytes.
	Stack = "sealgate_stack"

	// Slice is the most fuel that is used between two points at which the guest can be preempted.
	Slice = 5_000

	// Stretch is the most straight code, in bytes and their equivalents, that is
	// executed without a charge.
	Stretch = 1024

	// MaxSize is the size in bytes of the largest module that is accepted. A standard
	// Go guest has 2 MB.
	MaxSize = 32 << 20

	// MaxLocals is the most locals of a function, parameters included, as in the
	// WebAssembly JavaScript interface, section "Implementation-defined limits". An
	// engine allocates as many as the file claims.
	MaxLocals = 50_000

	// MaxTable is the most elements of one table, and MaxTables the most tables: at
	// most 1 MiB altogether. A Go guest has one table of 4000 elements.
	MaxTable  = 32 << 10
	MaxTables = 4

	// MaxGlobals is the most globals that a module defines. A Go guest has eight.
	MaxGlobals = 10_000

	// MaxParams and MaxResults are the most of a function and of a block: each is a move of a value
	// wherever control goes there.
	MaxParams  = 128
	MaxResults = 16

	// MaxFunction is the most bytes of code of a function, and MaxWork the most that it may be worth when it
	// is compiled: bytes, and locals and values where paths meet. The engine cannot be stopped within a
	// function, and its time for one grows much faster than its size: at these limits, to some seconds. The
	// largest functions of real guests are worth a tenth.
	MaxFunction = 512 << 10
	MaxWork     = 640 << 10
)

// Limits are what the host grants.
type Limits struct {
	// Budget is the first value of the counter: what the start function and the guest's
	// _initialize may use.
	Budget int64

	// Pages is the most that the memory may have, which the host's allocator sees to. A module that starts
	// with more is refused, and the maximum that one declares is left out. 0 leaves all as it is.
	Pages uint32

	// Stack is the most bytes of frames, as far as can be told from the code; 0 is DefaultStack.
	Stack int
}

// DefaultStack is that of Limits.Stack.
const DefaultStack = 8 << 20

// Module is an instrumented module, and what was found in it.
type Module struct {
	Code []byte // the WebAssembly binary

	Functions int // defined in the module, not imported
	Entries   int // functions charged at their entry
	Loops     int // loop headers charged
	Bulks     int // bulk and grow instructions charged
	Stretches int // charges for straight code
	Original  int // bytes of the module before
	Dropped   int // bytes of custom sections that were dropped, as they would be wrong
}

// Instrument returns the module with its counter. The input is not changed, and not
// kept.
//
// An error says what is wrong, where (section, function, byte offset), and what to
// do about it where something can be done.
func Instrument(module []byte, limits Limits) (*Module, error) {
	if limits.Budget < 0 {
		return nil, fmt.Errorf("fuel: the budget is %d: it must not be negative", limits.Budget)
	}
	if limits.Pages > MaxGranted {
		return nil, fmt.Errorf("fuel: %d pages of memory are granted: at most %d can be", limits.Pages, MaxGranted)
	}
	if limits.Stack < 0 || limits.Stack > math.MaxInt32 {
		return nil, fmt.Errorf("fuel: a stack of %d bytes: it must be 0 to %d", limits.Stack, math.MaxInt32)
	}
	if limits.Stack == 0 {
		limits.Stack = DefaultStack
	}
	if len(module) > MaxSize {
		return nil, fmt.Errorf("fuel: the module has %d bytes, at most %d are accepted: build it without debug information", len(module), MaxSize)
	}
	m, err := rewrite(module, limits)
	if err != nil {
		return nil, fmt.Errorf("fuel: %w", err)
	}
	return m, nil
}

// Left is what is left of a budget: it may be below zero by what was taken last.
func Left(counter, reserve Counter) int64 { return int64(counter.Get()) + int64(reserve.Get()) }

// Counter is the exported global of an instance; wazero's api.Global is one.
type Counter interface{ Get() uint64 }

// Spent reports whether the counter is below zero: the guest was stopped because its
// fuel was used up, and did not trap by itself. Without a counter it is false.
func Spent(c Counter) bool { return c != nil && int64(c.Get()) < 0 }
