// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/transformprocessor"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/severity"
)

// severityComparisons measure how long it takes to find the severity of a JSON line: beside OTTL, which sets the same
// severities, and beside a search for the key alone, which is the least that any way takes.
func severityComparisons() []producer {
	return []producer{
		&comparison{
			name: "filter/severity", unit: "ns/record", peer: "contrib transform v0.161.0, six set where IsMatch",
			open: func(ctx context.Context) (*subject, *subject, error) {
				return openSeverity(ctx, jsonLines(1000, false))
			},
		},
		severityScan("filter/severity_vs_scan", false),
		severityScan("filter/severity_vs_scan_last", true),
	}
}

// levelNumbers are the levels of jsonLines.
var levelNumbers = []struct {
	name   string
	number plog.SeverityNumber
}{
	{"trace", plog.SeverityNumberTrace}, {"debug", plog.SeverityNumberDebug}, {"info", plog.SeverityNumberInfo},
	{"warn", plog.SeverityNumberWarn}, {"error", plog.SeverityNumberError}, {"fatal", plog.SeverityNumberFatal},
}

// jsonLines makes records without a severity. Their bodies are JSON of lineBytes, with the level as the second field or as
// the last one.
func jsonLines(n int, last bool) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "checkout")
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	for i := range n {
		level := fmt.Sprintf(`"level":"%s"`, levelNumbers[i%len(levelNumbers)].name)
		begin := `{"ts":1735812000.` + fmt.Sprint(100000+i)
		rest := fmt.Sprintf(`"caller":"charge/service.go:71","msg":"charge authorised","order":"ORD-%d","trace_id":"%032x"`, 10000000+i, 7919*i)
		padding := strings.Repeat("x", lineBytes-len(begin)-len(level)-len(rest)-len(`,,,"pad":""}`))
		fields := []string{begin, level, rest, `"pad":"` + padding + `"`}
		if last {
			fields = []string{begin, rest, `"pad":"` + padding + `"`, level}
		}
		records.AppendEmpty().Body().SetStr(strings.Join(fields, ",") + "}")
	}
	return ld
}

func openSeverity(ctx context.Context, input plog.Logs) (ours, theirs *subject, err error) {
	ours, our := openFinder(input)
	var statements []any
	for _, l := range levelNumbers {
		statements = append(statements, fmt.Sprintf(`set(severity_number, SEVERITY_NUMBER_%s) where IsMatch(body, "\"level\":\"%s\"")`, strings.ToUpper(l.name), l.name))
	}
	theirs, their, err := openLogs(ctx, transformprocessor.NewFactory(), map[string]any{
		"error_mode": "propagate", "log_statements": []any{map[string]any{"context": "log", "statements": statements}},
	}, input)
	if err != nil {
		return ours, theirs, err
	}
	if a, b := severitiesOf(our()), severitiesOf(their()); !slices.Equal(a, b) || slices.Contains(a, plog.SeverityNumberUnspecified) {
		return ours, theirs, errors.New("the two find different severities")
	}
	return ours, theirs, nil
}

// openFinder is a subject that sets the severity of each record, as `infer_severity: set` does.
func openFinder(input plog.Logs) (*subject, func() plog.Logs) {
	batch := plog.NewLogs()
	s := &subject{
		items:   input.LogRecordCount(),
		prepare: func() { input.CopyTo(batch) },
		run: func() {
			var f severity.Finder
			for _, rl := range batch.ResourceLogs().All() {
				for _, sl := range rl.ScopeLogs().All() {
					for _, r := range sl.LogRecords().All() {
						f.Reset()
						f.Text(r.Body().Str())
						r.SetSeverityNumber(plog.SeverityNumber(f.Result().Number))
					}
				}
			}
		},
	}
	return s, func() plog.Logs {
		s.prepare()
		s.run()
		return batch
	}
}

func severitiesOf(ld plog.Logs) (all []plog.SeverityNumber) {
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				all = append(all, r.SeverityNumber())
			}
		}
	}
	return all
}

// severityScan compares an inference with a search of the same line for the key.
func severityScan(name string, last bool) producer {
	return &comparison{
		name: name, unit: "ns/line", peer: `bytes.Index for "level":"`,
		open: func(context.Context) (*subject, *subject, error) {
			lines := bodiesOf(jsonLines(1000, last))
			raw := make([][]byte, len(lines))
			for i, line := range lines {
				raw[i] = []byte(line)
				if severity.Infer(line).Number != uint8(levelNumbers[i%len(levelNumbers)].number) {
					return nil, nil, fmt.Errorf("the severity of %s is not found", line)
				}
			}
			found, key := 0, []byte(`"level":"`)
			var finder severity.Finder
			ours := &subject{items: len(lines), run: func() {
				for _, line := range lines {
					finder.Reset()
					finder.Text(line)
					found += int(finder.Result().Number)
				}
			}}
			theirs := &subject{items: len(lines), run: func() {
				for _, line := range raw {
					found += bytes.Index(line, key)
				}
			}}
			ours.close = func() error {
				if found == 0 {
					return errors.New("nothing was found")
				}
				return nil
			}
			return ours, theirs, nil
		},
	}
}
