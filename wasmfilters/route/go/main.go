// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Command route is a filter that changes records: it routes errors, and hides e-mail addresses. ../README.md says more.
package main

import "github.com/sealgate/sealgate/wasmfilters/sdk"

func init() { sdk.Register(newFilter()) }

func main() {}

type filter struct{}

func newFilter() sdk.Filter { return filter{} }

const (
	ruleErrors = 1
	ruleEmail  = 2

	severityError = 17 // OTLP's
)

var (
	route = []byte("errors")
	stars = []byte("***")
)

func (filter) Configure([]byte) (sdk.Manifest, error) {
	return sdk.Manifest{
		Name: "route", Version: "1.0.0",
		Columns:    []string{sdk.ColumnSeverity, sdk.ColumnMatches},
		Rules:      []string{"errors", "e-mail"},
		Memoryless: true,
		Patches:    []string{sdk.ChangeAttributes, sdk.ChangeBody},
		Detectors:  []sdk.Detector{{Kind: sdk.DetectEmail}},
	}, nil
}

func (filter) Judge(c *sdk.Chunk, v []sdk.Verdict) {
	p, severity := c.Patches(), c.Severity()
	for i := range v {
		if severity[i] >= severityError {
			p.SetRoute(i, ruleErrors, route)
		}
		for k, end := c.Matches(i); k < end; k++ {
			p.ReplaceMatch(i, ruleEmail, k, stars)
		}
	}
}
