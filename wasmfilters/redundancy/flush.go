// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package redundancy

import (
	"github.com/sealgate/sealgate/wasmfilters/internal/debt"
	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/conf"
	"slices"
)

// endlessReport is how often repeats are reported where windows have no end.
const endlessReport = conf.Minute

// Flush reports what was dropped in windows that have ended.
func (f *filter) Flush(now uint64, last bool) []sdk.Report {
	all := last || f.window == endless && now-f.told >= endlessReport
	if all {
		f.told = now
	}
	at := now
	if f.recordClock {
		at = f.latest
		// Where no record comes any more, no window ends by itself.
		all = all || f.over(f.arrived, now)
	}
	f.reports = slices.Grow(f.reports[:0], len(f.evicted)+f.entries.Len())
	for i := range f.evicted {
		f.reports = append(f.reports, f.evicted[i].report())
	}
	f.evicted = f.evicted[:0]
	for place := range f.entries.Len() {
		e := f.entries.At(uint32(place + 1))
		if e.owed.Count > 0 && (all || e.due || f.over(e.since, at)) {
			f.reports = append(f.reports, e.report())
			e.owed, e.due = debt.Debt{}, false
		}
	}
	return f.reports
}

func (e *entry) report() sdk.Report {
	return sdk.Report{
		Key: e.identity, Kind: sdk.KeyIdentity, Severity: uint8(e.level), Rule: e.level.rule(),
		Count: e.owed.Count, First: e.owed.First, Last: e.owed.Last,
	}
}
