// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:build sealgate_bench

// Package guard tells whether filters are metered.
package guard

import "sync/atomic"

// LeaveGuardOut has modules that are instrumented from now on keep their counter and never
// take from it, so that benchmarks can tell what the guard costs. No product is built with it.
var LeaveGuardOut atomic.Bool

// Guard is the state of the switch when a module was instrumented.
type Guard struct{ off bool }

// New returns the state of the switch.
func New() Guard { return Guard{LeaveGuardOut.Load()} }

// Off tells whether the guard is left out.
func (g Guard) Off() bool { return g.off }
