// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/filterprocessor"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/sealgate/sealgate/processor/wasmfilterprocessor"
)

// lineBytes is how long the records of these rows are.
const lineBytes = 200

// filterComparisons measures `wasmfilter` with the filter `rules` beside contrib's
// native `filter` that does the same: it drops a tenth of the records for each of
// two texts, or for their severity.
func filterComparisons() []producer {
	ottl := func(condition string) map[string]any {
		return map[string]any{"error_mode": "propagate", "logs": map[string]any{"log_record": []any{condition}}}
	}
	const isMatch = `IsMatch(body, "DEBUG") or IsMatch(body, "/healthz")`
	search, severity := rule("body_contains", []any{"DEBUG", "/healthz"}), rule("severity_below", "INFO")
	var all []producer
	add := func(name, peer string, records int, ours, theirs map[string]any, f processor.Factory) {
		all = append(all, &comparison{
			name: name, unit: "ns/record", peer: peer,
			open: func(ctx context.Context) (*subject, *subject, error) {
				a, b, _, err := openFilters(ctx, linesOf(records), ours, theirs, f)
				return a, b, err
			},
		})
	}
	contrib := filterprocessor.NewFactory()
	for _, records := range []int{1, 100, 1000, 8192} {
		name := "filter/rules_vs_ottl_ismatch"
		if records != 1000 {
			name += fmt.Sprintf("_batch_%d", records)
		}
		add(name, "contrib filter v0.161.0, IsMatch twice", records, search, ottl(isMatch), contrib)
	}
	add("filter/rules_vs_regexp", "contrib filter v0.161.0, regexp exclude", 1000, search, map[string]any{
		"logs": map[string]any{"exclude": map[string]any{"match_type": "regexp", "bodies": []any{"DEBUG", "/healthz"}}},
	}, contrib)
	add("filter/rules_vs_ottl_severity", "contrib filter v0.161.0, severity_number", 1000, severity, ottl("severity_number < SEVERITY_NUMBER_INFO"), contrib)
	unmetered := maps.Clone(search)
	unmetered[leaveGuardOut] = true
	add("filter/fuel_cost", "the same without its guard", 1000, search, unmetered, wasmfilterprocessor.NewFactory())
	all = append(all, guestCost{}, redundancyComparison(), attributesComparison())
	all = append(all, redactComparisons()...)
	add("filter/fifty_needles", "ours with two needles", 1000, rule("body_contains", needles(50)), search, wasmfilterprocessor.NewFactory())
	return append(all, severityComparisons()...)
}

// leaveGuardOut marks a configuration of `wasmfilter`. It is no key of it: what
// leaves the guard out cannot be configured.
const leaveGuardOut = "no guard"

// rule is a configuration of `wasmfilter` with one rule that drops.
func rule(key string, value any) map[string]any {
	return map[string]any{
		"module": "builtin:rules",
		"config": map[string]any{"rules": []any{map[string]any{"name": "rule", "drop": true, key: value}}},
	}
}

// needles are the two that are there, and others that are not.
func needles(n int) []any {
	all := []any{"DEBUG", "/healthz"}
	for i := len(all); i < n; i++ {
		all = append(all, fmt.Sprintf("absent text number %d", i))
	}
	return all
}

// linesOf makes records of lineBytes. One in ten has the one text and a severity
// below INFO, one in ten the other.
func linesOf(n int) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "checkout")
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	for i := range n {
		r := records.AppendEmpty()
		r.SetSeverityNumber(plog.SeverityNumberInfo)
		text := fmt.Sprintf(`10.1.%d.%d - - "POST /api/orders/%d HTTP/1.1" 201 %d "https://shop.example/cart" `, i%251, i%241, 1000+i, 37*i%9001)
		switch i % 10 {
		case 3:
			text = fmt.Sprintf(`10.1.%d.%d - - "GET /healthz HTTP/1.1" 200 2 "-" `, i%251, i%241)
		case 7:
			r.SetSeverityNumber(plog.SeverityNumberDebug)
			text = fmt.Sprintf("DEBUG cache miss for key cart:%d after %d us ", i, 13*i%997)
		}
		r.Body().SetStr(text + strings.Repeat("upstream=10.0.0.7:8080 ", 10)[:lineBytes-len(text)])
	}
	return ld
}

// openFilters sets both processors up and makes sure that they keep the same, which it returns.
func openFilters(ctx context.Context, input plog.Logs, ourConfig, theirConfig map[string]any, f processor.Factory) (ours, theirs *subject, kept []string, err error) {
	ours, our, err := openLogs(ctx, wasmfilterprocessor.NewFactory(), ourConfig, input)
	if err != nil {
		return ours, nil, nil, err
	}
	theirs, their, err := openLogs(ctx, f, theirConfig, input)
	if err != nil {
		return ours, theirs, nil, err
	}
	a, b := bodiesOf(our()), bodiesOf(their())
	if !slices.Equal(a, b) {
		for i := range min(len(a), len(b)) {
			if a[i] != b[i] {
				return ours, theirs, nil, fmt.Errorf("the two keep different records: %q and %q", a[i], b[i])
			}
		}
		return ours, theirs, nil, fmt.Errorf("the two keep different records: %d and %d", len(a), len(b))
	}
	return ours, theirs, a, nil
}

// openLogs makes a subject of a processor. Each run gets a fresh copy of input; the
// function that comes back does one run and returns what was kept.
func openLogs(ctx context.Context, f processor.Factory, settings map[string]any, input plog.Logs) (*subject, func() plog.Logs, error) {
	cfg := f.CreateDefaultConfig()
	guarded := settings[leaveGuardOut] == nil
	if !guarded {
		settings = maps.Clone(settings)
		delete(settings, leaveGuardOut)
	}
	if err := confmap.NewFromStringMap(settings).Unmarshal(cfg); err != nil {
		return nil, nil, err
	}
	var next consumer.Logs = consumertest.NewNop()
	p, err := f.CreateLogs(ctx, processortest.NewNopSettings(f.Type()), cfg, next)
	if err != nil {
		return nil, nil, err
	}
	start := func() error { return p.Start(ctx, componenttest.NewNopHost()) }
	if !guarded {
		start = func() error { return withoutGuard(func() error { return p.Start(ctx, componenttest.NewNopHost()) }) }
	}
	if err := start(); err != nil {
		return nil, nil, errors.Join(err, p.Shutdown(ctx))
	}
	batch := plog.NewLogs()
	s := &subject{
		items:   input.LogRecordCount(),
		prepare: func() { input.CopyTo(batch) },
		run: func() {
			if err := p.ConsumeLogs(ctx, batch); err != nil {
				panic(err)
			}
		},
		close: func() error { return p.Shutdown(ctx) },
	}
	return s, func() plog.Logs {
		s.prepare()
		s.run()
		return batch
	}, nil
}

func bodiesOf(ld plog.Logs) (all []string) {
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				all = append(all, r.Body().Str())
			}
		}
	}
	return all
}
