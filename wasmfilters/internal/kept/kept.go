// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package kept says which records a filter lets alone: those that the host keeps
// in any case, and severe ones.
package kept

import (
	"errors"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/conf"
)

// Columns are what Guard.Keeps is asked with.
var Columns = []string{sdk.ColumnSeverity, sdk.ColumnProtected}

// Guard is the severity number from which records are kept.
type Guard uint8

const (
	// Warn keeps WARN and worse.
	Warn Guard = 13
	none Guard = 255
)

// Parse reads the value of the key `keep_severity`.
func Parse(v *conf.Value) (Guard, error) {
	if v.Kind == conf.String && v.Text == "NONE" {
		return none, nil
	}
	first, _, err := v.AsSeverity()
	if err != nil || first == 0 {
		return 0, errors.New("it must be TRACE, DEBUG, INFO, WARN, ERROR or FATAL, one of them with 2, 3 or 4, a number from 1 to 24, or NONE")
	}
	return Guard(first), nil
}

// Keeps says whether a record is none of the filter's business. A severity that
// OTLP does not have is like one that is not known.
func (g Guard) Keeps(severity, protected uint8) bool {
	return protected != 0 || Guard(severity) >= g && severity <= conf.MaxSeverity
}
