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
			return openRedundancy(ctx, linesOf(1000), bodyKey)
		},
	}
}

// attributesComparison does the same with records that have the attributes of lines of a pod, which are part of what makes
// two records alike.
func attributesComparison() producer {
	return &comparison{
		name: "filter/redundancy_attributes", unit: "ns/record", peer: "exact deduplication in native Go, attributes hashed too",
		open: func(ctx context.Context) (*subject, *subject, error) {
			input := linesOf(1000)
			for i, r := range input.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
				r.Attributes().PutStr("log.iostream", "stdout")
				r.Attributes().PutStr("log.file.path", "/var/log/pods/shop_checkout-7d4b9c-x2x5z_0d2b7f0c-6c1e-4d6a-9a53-3f1f6f0b1c11/app/0.log")
				r.Attributes().PutInt("http.response.status_code", 200)
				r.Attributes().PutStr("request.id", fmt.Sprintf("req-%08x", 7919*i))
			}
			return openRedundancy(ctx, input, wholeKey)
		},
	}
}

func openRedundancy(ctx context.Context, input plog.Logs, keyOf func(plog.LogRecord) uint64) (ours, theirs *subject, err error) {
	// One is kept each time: a batch of which nothing is left is dropped as a whole.
	input.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).SetSeverityNumber(plog.SeverityNumberWarn)
	config := map[string]any{"module": "builtin:redundancy", "config": map[string]any{"window": "0s"}}
	ours, our, err := openLogs(ctx, wasmfilterprocessor.NewFactory(), config, input)
	if err != nil {
		return ours, nil, err
	}
	theirs, their := openDedup(input, keyOf)
	if first, again := our().LogRecordCount(), our().LogRecordCount(); first < 2 || first > 100 || again != 1 {
		return ours, theirs, fmt.Errorf("redundancy keeps %d records of few templates, and %d the second time", first, again)
	}
	if first, again := their().LogRecordCount(), their().LogRecordCount(); first < 900 || again != 1 {
		return ours, theirs, fmt.Errorf("exact deduplication keeps %d records of which nearly all differ, and %d the second time", first, again)
	}
	return ours, theirs, nil
}

func bodyKey(r plog.LogRecord) uint64 { return columns.Hash(r.Body().Str()) }

// wholeKey is of the body and the attributes.
func wholeKey(r plog.LogRecord) uint64 {
	key := bodyKey(r)
	for name, v := range r.Attributes().All() {
		key += columns.Hash(name) ^ columns.Hash(v.AsString())*31
	}
	return key
}

// dedup counts records by their key.
type dedup map[uint64]int

// openDedup is a subject that removes records that were there before, and counts them.
func openDedup(input plog.Logs, keyOf func(plog.LogRecord) uint64) (*subject, func() plog.Logs) {
	seen := dedup{}
	batch := plog.NewLogs()
	s := &subject{
		items:   input.LogRecordCount(),
		prepare: func() { input.CopyTo(batch) },
		run:     func() { seen.thin(batch, keyOf) },
	}
	return s, func() plog.Logs {
		s.prepare()
		s.run()
		return batch
	}
}

func (d dedup) thin(ld plog.Logs, keyOf func(plog.LogRecord) uint64) {
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			sl.LogRecords().RemoveIf(func(r plog.LogRecord) bool {
				key := keyOf(r)
				d[key]++
				return r.SeverityNumber() < plog.SeverityNumberWarn && d[key] > 1
			})
		}
	}
}
