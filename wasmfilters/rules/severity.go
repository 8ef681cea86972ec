// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"errors"

	"github.com/sealgate/sealgate/wasmfilters/sdk/conf"
)

// knownSeverities has a bit for each severity number but 0, which says that the
// severity is not known.
const knownSeverities = 1<<(conf.MaxSeverity+1) - 2

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
		first, last, err := list[i].AsSeverity()
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
