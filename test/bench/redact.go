// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/redactionprocessor"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/transformprocessor"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"

	"github.com/sealgate/sealgate/processor/wasmfilterprocessor"
)

// What the peers look for. The pattern of card numbers is that of Microsoft's Presidio, as RE2 takes it: it finds groups, as ours does.
const (
	emailPattern = `[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}`
	cardPattern  = `\b(?:4\d{3}|5[0-5]\d{2}|6\d{3}|1\d{3}|3\d{3})[- ]?\d{3,4}[- ]?\d{3,4}[- ]?\d{3,5}\b`
	tokenPattern = `token=\S+`
)

// redactComparisons measure `wasmfilter` with the filter `redact` beside contrib's redaction and transform, with the same
// result.
func redactComparisons() []producer {
	set := func(pattern string) string {
		return fmt.Sprintf("replace_pattern(body, %q, \"****\")", pattern)
	}
	transform := func(statements ...any) map[string]any {
		return map[string]any{"error_mode": "propagate", "log_statements": []any{map[string]any{"context": "log", "statements": statements}}}
	}
	peers := []struct {
		name, peer string
		factory    processor.Factory
		config     map[string]any
	}{
		{"filter/redact", "contrib redaction v0.161.0", redactionprocessor.NewFactory(), map[string]any{
			"allow_all_keys": true, "summary": "silent", "blocked_values": []any{emailPattern, cardPattern, tokenPattern},
		}},
		{"filter/redact_vs_transform", "contrib transform v0.161.0, three replace_pattern", transformprocessor.NewFactory(), transform(
			set(emailPattern), set(cardPattern), set(tokenPattern),
		)},
		{"filter/redact_vs_transform_tuned", "the same, of which one where IsMatch \"@\"", transformprocessor.NewFactory(), transform(
			set(emailPattern)+` where IsMatch(body, "@")`, set(cardPattern), set(tokenPattern),
		)},
		{"filter/redact_vs_transform_guarded", "the same, each where IsMatch", transformprocessor.NewFactory(), transform(
			set(emailPattern)+` where IsMatch(body, "@")`, set(cardPattern)+` where IsMatch(body, "[0-9]{4}[- ]?[0-9]{3}")`, set(tokenPattern)+` where IsMatch(body, "token=")`,
		)},
	}
	ours := map[string]any{
		"module": "builtin:redact", "allow": []any{"attributes", "body"},
		"config": map[string]any{"detect": []any{"email", "card"}, "patterns": map[string]any{"token": tokenPattern}, "replacement": "****"},
	}
	var all []producer
	for _, p := range peers {
		all = append(all, &comparison{
			name: p.name, unit: "ns/record", peer: p.peer, cpu: true,
			open: func(ctx context.Context) (*subject, *subject, error) {
				return openRedact(ctx, sensitiveLines(1000), ours, p.config, p.factory)
			},
		})
	}
	return append(all, &comparison{
		name: "filter/redact_everything", unit: "ns/record", peer: "contrib redaction v0.161.0, of three things", cpu: true,
		open: func(ctx context.Context) (*subject, *subject, error) {
			everything := map[string]any{"module": "builtin:redact", "allow": ours["allow"]}
			a, _, err := openLogs(ctx, wasmfilterprocessor.NewFactory(), everything, sensitiveLines(1000))
			if err != nil {
				return a, nil, err
			}
			b, _, err := openLogs(ctx, peers[0].factory, peers[0].config, sensitiveLines(1000))
			return a, b, err
		},
	})
}

// sensitiveLines makes records of lineBytes, of which one in five has an e-mail address, a card number or a token.
func sensitiveLines(n int) plog.Logs {
	ld := linesOf(n)
	secrets := []string{"mail=jo.doe@example.com ", "card=4111111111111111 ", "token=9f86d081884c7d65 "}
	for i, r := range ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
		if i%5 == 0 {
			body := r.Body().Str()
			at := 60 + i%60
			at += strings.IndexByte(body[at:], ' ') + 1
			r.Body().SetStr((body[:at] + secrets[i/5%3] + body[at:])[:lineBytes])
		}
	}
	return ld
}

// openRedact also makes sure that something is redacted.
func openRedact(ctx context.Context, input plog.Logs, ourConfig, theirConfig map[string]any, f processor.Factory) (ours, theirs *subject, err error) {
	ours, theirs, kept, err := openFilters(ctx, input, ourConfig, theirConfig, f)
	if err == nil && !slices.ContainsFunc(kept, func(body string) bool { return strings.Contains(body, "****") }) {
		err = errors.New("nothing is redacted")
	}
	return ours, theirs, err
}
