// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"context"
	"fmt"

	"github.com/sealgate/sealgate/test/harness"
)

// Settle waits until all that was sent has arrived, was refused, or was dropped by the
// gateway, which counts what it drops. Metrics is the URL of the gateway's own metrics,
// items is what they call those of the ledger: spans, log_records or metric_points, of
// which it had dropped some before.
func (l *Ledger) Settle(ctx context.Context, metrics, items string, before int) (r Report, dropped int, err error) {
	err = harness.Poll(ctx, "all "+items, func(ctx context.Context) (_ bool, err error) {
		r = l.Report()
		dropped, err = Dropped(ctx, metrics, items)
		dropped -= before
		return r.Delivered+r.Refused+dropped >= r.Sent, err
	})
	if err != nil {
		err = fmt.Errorf("%w: %s, %d dropped and counted", err, r, dropped)
	}
	return r, dropped, err
}

// Dropped returns how many items a gateway says that it took and did not hand on.
func Dropped(ctx context.Context, metrics, items string) (n int, err error) {
	all, err := harness.Scrape(ctx, metrics)
	counters := []string{"otelcol_exporter_send_failed_" + items}
	if items == "log_records" {
		counters = append(counters, "otelcol_processor_wasmfilter_dropped", "otelcol_processor_wasmfilter_represented")
	}
	for _, name := range counters {
		n += int(all[name] + all[name+"_total"])
	}
	return n, err
}
