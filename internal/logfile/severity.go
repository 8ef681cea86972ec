// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package logfile

import (
	"maps"
	"slices"
	"strings"

	"github.com/sealgate/sealgate/severity"
)

const maxSeverity = 24

// Severity returns OTLP's number of a severity's name in any case. INFO2 and the like are names
// too. It returns false for other names.
func Severity(name string) (uint8, bool) { return severity.Parse(name) }

// SeverityName returns the name of OTLP's number. It returns "-" for 0 and for other numbers.
func SeverityName(n uint8) string {
	if n == 0 || n > maxSeverity {
		return "-"
	}
	name := [...]string{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}[(n-1)/4]
	if step := (n - 1) % 4; step > 0 {
		name += string('1' + rune(step))
	}
	return name
}

// takeSeverity returns the severity that the fields of an object state, and removes the field
// that states it. Without such a field it returns 0.
func (o object) takeSeverity() uint8 {
	var f severity.Finder
	names := slices.Sorted(maps.Keys(o))
	for _, name := range names {
		f.String(name, o[name])
	}
	r := f.Result()
	for _, name := range names {
		if r.Text != "" && severity.IsLevel(name) && strings.Contains(o[name], r.Text) {
			delete(o, name)
			return r.Number
		}
	}
	return 0
}
