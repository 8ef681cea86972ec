// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/processor/wasmfilterprocessor"
	"github.com/sealgate/sealgate/wasmhost/columns"
)

// redundancyComparison measures `wasmfilter` with the filter `redundancy`, which masks every
// record, beside exact deduplication in native Go, which hashes it. Both know all records from
// the run before: what is measured is a repeat, found and removed.
func redundancyComparison() producer {
	return &comparison{
		name: "filter/redundancy", unit: "ns/record", peer: "exact deduplication in native Go",
		open: func(ctx context.Context) (*subject, *subject, error) {
			input := linesOf(1000)
			// One is kept each time: a batch of which nothing is left is dropped as a whole.
			input.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).SetSeverityNumber(plog.SeverityNumberWarn)
			config := map[string]any{"module": "builtin:redundancy", "config": map[string]any{"window": "0s"}}
			ours, our, err := openLogs(ctx, wasmfilterprocessor.NewFactory(), config, input)
			if err != nil {
				return ours, nil, err
			}
			theirs, their := openDedup(input)
			if first, again := our().LogRecordCount(), our().LogRecordCount(); first < 2 || first > 100 || again != 1 {
				return ours, theirs, fmt.Errorf("redundancy keeps %d records of few templates, and %d the second time", first, again)
			}
			if first, again := their().LogRecordCount(), their().LogRecordCount(); first < 900 || again != 1 {
				return ours, theirs, fmt.Errorf("exact deduplication keeps %d records of which nearly all differ, and %d the second time", first, again)
			}
			return ours, theirs, nil
		},
	}
}

// dedup counts records by the hash of their bodies.
type dedup map[uint64]int

// openDedup is a subject that removes records whose body was there before, and counts them.
func openDedup(input plog.Logs) (*subject, func() plog.Logs) {
	seen := dedup{}
	batch := plog.NewLogs()
	s := &subject{
		items:   input.LogRecordCount(),
		prepare: func() { input.CopyTo(batch) },
		run:     func() { seen.thin(batch) },
	}
	return s, func() plog.Logs {
		s.prepare()
		s.run()
		return batch
	}
}

func (d dedup) thin(ld plog.Logs) {
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			sl.LogRecords().RemoveIf(func(r plog.LogRecord) bool {
				key := columns.Hash(r.Body().Str())
				d[key]++
				return r.SeverityNumber() < plog.SeverityNumberWarn && d[key] > 1
			})
		}
	}
}
