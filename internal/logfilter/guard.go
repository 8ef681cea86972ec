// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package logfilter

import "go.opentelemetry.io/collector/pdata/plog"

// Guard names the records that are kept whatever the filter says: `never_drop`. The zero value protects
// summaries alone.
type Guard struct {
	// Severity protects this severity number and worse; 0 protects none by severity.
	Severity uint8
	// Attributes protect records that have one of them with this value; `*` is any value.
	Attributes map[string]string
}

// names reports whether a record is protected whatever its severity. Summaries of another filter are,
// wherever it runs: without them its counts would not add up.
func (g *Guard) names(r plog.LogRecord) bool {
	if r.EventName() == EventSuppressed {
		return true
	}
	if len(g.Attributes) == 0 { // to start a loop over a map takes longer
		return false
	}
	for name, want := range g.Attributes {
		if got, ok := text(r.Attributes(), name); ok && (want == "*" || got == want) {
			return true
		}
	}
	return false
}
