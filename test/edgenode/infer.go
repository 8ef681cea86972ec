// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import "go.opentelemetry.io/collector/pdata/plog"

// infer returns the severity of a body, 0 where it has none, and whether the guard keeps the record.
func infer(string) (number plog.SeverityNumber, guarded bool) { return 0, false }
