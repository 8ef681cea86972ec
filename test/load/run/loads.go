// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"time"

	"github.com/sealgate/sealgate/internal/edgenode"
	"github.com/sealgate/sealgate/test/fleet"
	"github.com/sealgate/sealgate/test/load"
)

// requestItems is how many items a request has, as an agent batches them.
const requestItems = 1000

// kind is a kind of load.
type kind struct {
	name  string
	items string  // as the gateway's metrics call them
	rate  float64 // items a second
	make  func(*load.Ledger) (load.Options, error)
	way   way // zero: as the options say
}

// kinds are what is measured. The rate of plain_spans is that of the goal, which is
// about what the gateway does without compressing or writing to a disk.
var kinds = []kind{
	{name: "traces", items: "spans", rate: 20_000, make: spans},
	{name: "logs", items: "log_records", rate: 40_000, make: edgeLogs},
	{name: "metrics", items: "metric_points", rate: 40_000, make: points},
	{name: "plain_spans", items: "spans", rate: 100_000, make: plainSpans, way: way{"none", "memory"}},
}

const variants = 16 // different requests of a load, sent in turn

// spans are those of a shop: 14 attributes and 700 bytes each.
func spans(l *load.Ledger) (o load.Options, _ error) {
	for seed := range uint64(variants) {
		o.Requests = append(o.Requests, l.Traces(fleet.Spans(seed, requestItems)))
	}
	return o, nil
}

// plainSpans have ten attributes of 50 bytes.
func plainSpans(l *load.Ledger) (o load.Options, _ error) {
	for range variants {
		o.Requests = append(o.Requests, l.Traces(load.PlainSpans(requestItems)))
	}
	return o, nil
}

func points(l *load.Ledger) (o load.Options, _ error) {
	for range variants {
		o.Requests = append(o.Requests, l.Metrics(load.Points(requestItems)))
	}
	return o, nil
}

// edgeLogs are those of an edge node, again and again, in the time of the records.
func edgeLogs(l *load.Ledger) (load.Options, error) {
	o := load.Options{Cycle: 20 * time.Minute}
	node, err := edgenode.New(edgenode.Options{Seed: 1, Duration: o.Cycle})
	if err != nil {
		return o, err
	}
	for b := range node.Batches(requestItems, "") {
		if len(b.Records) == requestItems {
			o.Requests = append(o.Requests, l.Logs(b.Logs))
		}
	}
	if len(o.Requests) == 0 {
		return o, fmt.Errorf("%v of an edge node have fewer than %d records", o.Cycle, requestItems)
	}
	return o, nil
}
