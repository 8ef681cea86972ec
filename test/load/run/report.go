// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
)

// print prints Markdown, ready for docs/benchmarks.md.
func (o *options) print(out io.Writer, all []result) {
	fmt.Fprintf(out, "%s, %s/%s, %d processors; median of %d rounds of %v, in turn\n\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), o.rounds, o.each)
	fmt.Fprintln(out, "| load | items a second | compression, queue | side | CPU s a million | ratio | cores | idle MiB | peak MiB | p50 ms | p99 ms | dropped | lost |")
	fmt.Fprintln(out, "|---|---|---|---|---|---|---|---|---|---|---|---|---|")
	for _, r := range all {
		fmt.Fprintf(out, "| `%s` | %.0f | %s | %s | %.2f | %.2f | %.2f | %.0f | %.0f | %.0f | %.0f | %.1f%% | %.0f |\n",
			r.Load, r.Rate, r.Way, r.Side, r.CPU, r.CPURatio, r.Cores, r.Idle, r.Peak, r.P50, r.P99, 100*r.Dropped, r.Lost)
	}
	fmt.Fprintln(out)
	for _, total := range totals(all) {
		fmt.Fprintf(out, "A million each of spans, log records and datapoints: %s %.2f s, %.2f of upstream\n", total.Side, total.CPU, total.CPURatio)
	}
}

// totals adds up what a million of each signal costs, by side; nothing unless all
// signals were measured.
func totals(all []result) []result {
	var order []string
	sums := map[string]float64{}
	signals := map[string]bool{}
	for _, r := range all {
		if r.Load != "traces" && r.Load != "logs" && r.Load != "metrics" {
			continue
		}
		signals[r.Load] = true
		if _, ok := sums[r.Side]; !ok {
			order = append(order, r.Side)
		}
		sums[r.Side] += r.CPU
	}
	if len(signals) < 3 {
		return nil
	}
	var totals []result
	for _, name := range order {
		totals = append(totals, result{Side: name, CPU: sums[name], CPURatio: sums[name] / sums[theirs.name]})
	}
	return totals
}

func writeJSON(path string, all []result) error {
	b, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}
