// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fuel

import (
	"fmt"
)

const (
	// Global is the name under which the counter is exported.
	Global = "sealgate_fuel"

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
	// most 8 MB altogether. A Go guest has one table of 4000 elements.
	MaxTable  = 128 << 10
	MaxTables = 8
)

// Limits are what the host grants.
type Limits struct {
	// Budget is the first value of the counter: what the start function and the guest's
	// _initialize may use.
	Budget int64

	// Pages lowers the maximum of the memory that a module declares; 0 leaves it. A module
	// that starts with more is refused. It should be the limit that the engine has for
	// modules without a maximum, so that wazero accepts both with
	// WithMemoryCapacityFromMax, see the package's documentation.
	Pages uint32
}

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
	if len(module) > MaxSize {
		return nil, fmt.Errorf("fuel: the module has %d bytes, at most %d are accepted: build it without debug information", len(module), MaxSize)
	}
	m, err := rewrite(module, limits)
	if err != nil {
		return nil, fmt.Errorf("fuel: %w", err)
	}
	return m, nil
}

// Counter is the exported global of an instance; wazero's api.Global is one.
type Counter interface{ Get() uint64 }

// Spent reports whether the counter is below zero: the guest was stopped because its
// fuel was used up, and did not trap by itself. Without a counter it is false.
func Spent(c Counter) bool { return c != nil && int64(c.Get()) < 0 }
