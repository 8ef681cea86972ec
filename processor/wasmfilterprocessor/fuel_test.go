// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmfilterprocessor

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// Stack traces in an attribute are what the rules of real users look into.
func TestRulesThatReadLongTextsDoNotRunOutOfFuel(t *testing.T) {
	module := guest(t, rulesFilter)
	for name, c := range map[string]struct {
		size, texts int
		fold        bool
	}{
		"three in 2 KB": {2048, 3, false}, "ten in 300 bytes": {300, 10, false}, "twenty in 100 bytes": {100, 20, false},
		"two with ignore_case in 2 KB": {2048, 2, true}, "three with ignore_case in 60 KB": {60 << 10, 3, true},
	} {
		t.Run(name, func(t *testing.T) {
			var texts []string
			for i := range c.texts {
				texts = append(texts, fmt.Sprintf("at com.example.Absent%d", i))
			}
			h := start(t, fmt.Sprintf(`
module: %s
config: {rules: [{name: traces, drop: true, attribute: stack, contains: ["%s"], ignore_case: %t}]}`,
				module, strings.Join(texts, `","`), c.fold))
			for range 3 {
				ld := traces(512, c.size)
				require.NoError(t, h.ConsumeLogs(t.Context(), ld))
				assert.Equal(t, 511, ld.LogRecordCount(), "one has what is looked for")
			}
			assert.Zero(t, h.count(t, "passed"))
		})
	}
}

// traces are records with a text of some bytes, the last of which matches a rule.
func traces(n, size int) plog.Logs {
	lines := make([]line, n)
	for i := range lines {
		lines[i] = line{body: "failed", severity: info}
	}
	ld := logs(lines...)
	text := strings.Repeat("at com.example.Service.handle(Service.java:42)\n", size/47+1)[:size]
	records := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	for i, r := range records.All() {
		if i == n-1 {
			text = text[:size-25] + " at com.example.Absent0 "
		}
		r.Attributes().PutStr("stack", text)
	}
	return ld
}
