// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !sealgate_bench

// Package guard tells whether filters are metered. They always are: only the build tag
// sealgate_bench, which benchmarks use, brings the switch that leaves the meter out. It is no
// part of package fuel, which holds its sources and with them the name of the switch.
package guard

// Guard is the state of the switch for one module.
type Guard struct{}

// New returns the state of the switch.
func New() Guard { return Guard{} }

// Off returns false.
func (Guard) Off() bool { return false }
