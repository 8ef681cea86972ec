// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/severity"
)

// infer returns the severity of a body, 0 where it has none, and whether the guard keeps the record.
func infer(body string) (number plog.SeverityNumber, guarded bool) {
	r := severity.Infer(body)
	number = plog.SeverityNumber(r.Number)
	return number, r.Severe || number >= plog.SeverityNumberWarn
}
