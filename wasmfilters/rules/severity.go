// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"strconv"

	"github.com/sealgate/sealgate/wasmfilters/sdk/conf"
)

// maxSeverity is the highest severity number of OTLP, FATAL4.
const maxSeverity = 24

// knownSeverities has a bit for each severity number but 0, which says that the
// severity is not known.
const knownSeverities = 1<<(maxSeverity+1) - 2

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

func severityOf(v *conf.Value) (first, last int, err error) {
	if v.Kind == conf.Number {
		n, err := v.AsUint(maxSeverity)
		return int(n), int(n), err
	}
	if s, err := v.AsText(); err == nil {
		if first, last, ok := severityRange(s); ok {
			return first, last, nil
		}
	}
	return 0, 0, errors.New("it must be TRACE, DEBUG, INFO, WARN, ERROR or FATAL, one of them with 2, 3 or 4, UNSPECIFIED, or a number to " + strconv.Itoa(maxSeverity))
}

// severityTest tests the severity number. A record whose severity is not known
// is neither below nor at least anything: what is not known is not dropped as
// unimportant.
func severityTest(key string, v *conf.Value) (expr, error) {
	list := []conf.Value{*v}
	if key == "severity" && v.Kind == conf.List && len(v.List) > 0 {
		list = v.List
	}
	var mask uint64
	for i := range list {
		first, last, err := severityOf(&list[i])
		if err != nil {
			return expr{}, err
		}
		switch key {
		case "severity":
			mask |= bitsFrom(first) &^ bitsFrom(last+1)
		case "severity_below":
			mask |= knownSeverities &^ bitsFrom(first)
		case "severity_at_least":
			mask |= knownSeverities & bitsFrom(first)
		}
	}
	if mask == 0 {
		return expr{}, errors.New("no severity is below it")
	}
	return leaf(step{op: opSeverity, mask: mask}), nil
}

func bitsFrom(n int) uint64 { return ^uint64(0) << n }
