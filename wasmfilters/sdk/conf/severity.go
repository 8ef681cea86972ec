// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package conf

import (
	"errors"
	"strconv"
)

// MaxSeverity is the highest severity number of OTLP, FATAL4.
const MaxSeverity = 24

var severityNames = []string{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}

// severityRange is the first and the last number of a name: INFO is 9 to 12 and
// INFO2 is 10. UNSPECIFIED is 0.
func severityRange(name string) (first, last int, ok bool) {
	if name == "UNSPECIFIED" {
		return 0, 0, true
	}
	for i, s := range severityNames {
		first := 4*i + 1
		if name == s {
			return first, first + 3, true
		}
		if len(name) == len(s)+1 && name[:len(s)] == s && name[len(s)] >= '2' && name[len(s)] <= '4' {
			n := first + int(name[len(s)]-'1')
			return n, n, true
		}
	}
	return 0, 0, false
}

// AsSeverity is the first and the last severity number of what the value is: a name
// of OTLP, or a number.
func (v *Value) AsSeverity() (first, last int, err error) {
	if v.Kind == Number {
		n, err := v.AsUint(MaxSeverity)
		return int(n), int(n), err
	}
	if s, err := v.AsText(); err == nil {
		if first, last, ok := severityRange(s); ok {
			return first, last, nil
		}
	}
	return 0, 0, errors.New("it must be TRACE, DEBUG, INFO, WARN, ERROR or FATAL, one of them with 2, 3 or 4, UNSPECIFIED, or a number to " + strconv.Itoa(MaxSeverity))
}
