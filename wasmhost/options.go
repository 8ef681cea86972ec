// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"runtime"
	"time"
)

// OnError says what becomes of the records of a chunk that the guest failed to judge, and of all while
// the breaker is open.
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
	// ChunkRecords is the most records in a call; 0 is 512. A call has fewer where that is what its fuel
	// is enough for.
	ChunkRecords int
	// FuelBase and FuelPerRecord make the budget of a call; 0 is 500,000 and 1,000. While records
	// wait a budget is never above MaxLiveFuel: what does not end within it comes again in smaller chunks, so
	// that a record has FuelBase and FuelPerRecord for itself if it needs them. The base is much because a guest may
	// collect its own garbage in any call; fifteen units a record are typical of a guest that leaves
	// scanning to the host, a thousand of one that masks every byte.
	FuelBase, FuelPerRecord int64
	OnError                 OnError
	// Allow is what the guest may change of records. A guest that wants to change anything else is refused.
	Allow   []Change
	Breaker BreakerOptions
	// TrialRecords is how many records a module is tried on before Swap puts it in charge; 0 is none.
	TrialRecords int
	// KeepOutput keeps what the guest writes to standard output and error, for events and errors. It may
	// quote records.
	KeepOutput bool
	// OnEvent is called when something happens that an operator may want to read of. It must not call the
	// filter, and should return soon. Nil: nobody reads.
	OnEvent func(Event)
	// Now is the clock that chunks carry, and by which the time in the guest is measured; nil is time.Now.
	Now func() time.Time
}

// MaxFuel bounds the budget of every call, and is that of the first ones, before a guest is in charge.
const MaxFuel = 10_000_000

// MaxLiveFuel bounds the budget of a call while records wait. A guest that runs cannot be preempted and
// holds up a garbage collection, and so the whole process: a unit is worth 0.5 to 5 ns in a loop, and a
// frame of an endless recursion, whose stack the engine copies as it grows, takes many.
const MaxLiveFuel = 1_500_000

const (
	defaultChunkRecords  = 512
	maxChunkRecords      = 65535
	defaultFuelPerRecord = 1_000

	// DefaultFuelBase is that of Options.FuelBase.
	DefaultFuelBase = 500_000
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
		o.FuelBase = DefaultFuelBase
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
	if o.OnEvent == nil {
		o.OnEvent = func(Event) {}
	}
	o.Breaker = o.Breaker.withDefaults()
	return o
}

// fuel is the budget of a call for n records.
func (o Options) fuel(n int) int64 {
	return min(MaxLiveFuel, o.FuelBase+int64(n)*min(o.FuelPerRecord, MaxLiveFuel))
}
