// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdktest

import (
	"errors"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
)

// Module makes instances of one filter.
type Module interface {
	New() (Driver, error)
	Close() error
}

// Driver drives one instance as the host does.
type Driver interface {
	// Configure is called once, first. A manifest with an error is an error.
	Configure(config []byte) (sdk.Manifest, error)
	// Filter returns the verdicts as they came, however many.
	Filter(chunk []byte) ([]sdk.Verdict, error)
	// Patches returns what the filter wants to change in the chunk that it judged last.
	Patches() ([]Patch, error)
	Flush(now uint64, last bool) ([]sdk.Report, error)
	SaveState() ([]byte, error)
	RestoreState(state []byte) error
	Close() error
}

// ErrNoState says that a state was not taken, or that the filter has none.
var ErrNoState = errors.New("the filter did not take the state")

// ErrTrap says that the instance is of no use any more.
var ErrTrap = errors.New("the filter trapped")

// ErrEndless says that a call took longer than the deadline of the module.
var ErrEndless = errors.New("it ran into its deadline")
