// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmfilterprocessor

import "go.opentelemetry.io/collector/pdata/plog"

// guard knows the records that no filter may drop. Summaries of another filter are among
// them, wherever it runs: without them its counts would not add up.
type guard struct {
	severity   plog.SeverityNumber // and worse
	attributes map[string]string   // one is enough; "*" is any value
}

func newGuard(cfg NeverDropConfig) *guard {
	return &guard{severity: severities[cfg.Severity], attributes: cfg.Attributes}
}

func (g *guard) protects(r plog.LogRecord) bool {
	if r.SeverityNumber() >= g.severity || r.EventName() == eventSuppressed {
		return true
	}
	for name, want := range g.attributes {
		if got, ok := text(r.Attributes(), name); ok && (want == "*" || got == want) {
			return true
		}
	}
	return false
}
