// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"runtime"
	"time"
)

// OnError says what becomes of the records of a chunk that the guest failed to judge.
type OnError uint8

// What can be done.
const (
	OnErrorPass   OnError = iota // keep them
	OnErrorDrop                  // drop them, counted apart from what rules drop
	OnErrorRefuse                // Judge returns ErrRefused
)

// Options of a Filter. The zero value is usable.
type Options struct {
	// Config is the guest's configuration, JSON; empty is {}.
	Config []byte
	// Instances is the size of the pool; 0 is GOMAXPROCS, which is also the most.
	Instances int
	// ChunkRecords is the most records in a call; 0 is 512.
	ChunkRecords int
	// FuelBase and FuelPerRecord make the budget of a call; 0 is 500,000 and 1,000. While records
	// wait a budget is never above maxLiveFuel, whatever they say. The base is much because a guest may
	// collect its own garbage in any call; fifteen units a record are typical of a guest that leaves
	// scanning to the host, a thousand of one that masks every byte.
	FuelBase, FuelPerRecord int64
	OnError                 OnError
	Breaker                 BreakerOptions
	// TrialRecords is how many records a module is tried on before Swap puts it in charge; 0 is none.
	TrialRecords int
	// Now is the clock that chunks carry, and by which the time in the guest is measured; nil is time.Now.
	Now func() time.Time
}

// MaxFuel bounds the budget of every call, and is that of the first ones, before a guest is in charge.
const MaxFuel = 10_000_000

// maxLiveFuel bounds the budget of a call while records wait. A guest that runs cannot be preempted and
// holds up a garbage collection, and so the whole process: a unit is worth 0.5 to 5 ns in a loop, and a
// frame of an endless recursion, whose stack the engine copies as it grows, takes many.
const maxLiveFuel = 1_500_000

const (
	defaultChunkRecords  = 512
	maxChunkRecords      = 65535
	defaultFuelBase      = 500_000
	defaultFuelPerRecord = 1_000
)

func (o Options) withDefaults() Options {
	most := runtime.GOMAXPROCS(0)
	if o.Instances <= 0 || o.Instances > most {
		o.Instances = most
	}
	if o.ChunkRecords <= 0 {
		o.ChunkRecords = defaultChunkRecords
	}
	o.ChunkRecords = min(o.ChunkRecords, maxChunkRecords)
	if o.FuelBase <= 0 {
		o.FuelBase = defaultFuelBase
	}
	if o.FuelPerRecord <= 0 {
		o.FuelPerRecord = defaultFuelPerRecord
	}
	if len(o.Config) == 0 {
		o.Config = []byte("{}")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Breaker = o.Breaker.withDefaults()
	return o
}

// fuel is the budget of a call for n records.
func (o Options) fuel(n int) int64 {
	return min(maxLiveFuel, o.FuelBase+int64(n)*min(o.FuelPerRecord, maxLiveFuel))
}
