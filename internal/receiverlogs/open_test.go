// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package receiverlogs

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

type record struct {
	resource, attributes map[string]any
	log                  plog.LogRecord
}

func read(t *testing.T, as As, name, text string) (records []record) {
	t.Helper()
	source, err := Open(t.Context(), as, name, strings.NewReader(text))
	require.NoError(t, err)
	defer func() { assert.NoError(t, source.Close()) }()
	for {
		logs, err := source.Next()
		if err == io.EOF {
			return records
		}
		require.NoError(t, err)
		for _, rl := range logs.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, r := range sl.LogRecords().All() {
					records = append(records, record{rl.Resource().Attributes().AsRaw(), r.Attributes().AsRaw(), r})
				}
			}
		}
	}
}

func bodies(records []record) (texts []string) {
	for _, r := range records {
		texts = append(texts, r.log.Body().AsString())
	}
	return texts
}

const podFile = "/var/log/pods/shop_web-7d4b9c-x2x5z_0d2b7f0c-6c1e-4d6a-9a53-3f1f6f0b1c11/app/3.log"

func TestAgentKeepsStreamsApart(t *testing.T) {
	got := read(t, Agent, podFile, `2025-01-02T10:00:00.000000001Z stderr F before the empty line
2025-01-02T10:00:00.000000002Z stderr F 
2025-01-02T10:00:00.000000003Z stderr F after the empty line
2025-01-02T10:00:01.000000001Z stdout P ERROR first half of a long line, 
2025-01-02T10:00:01.000000002Z stderr F something else on stderr
2025-01-02T10:00:01.000000003Z stdout F second half
2025-01-02T10:00:02.000000001Z stdout P last words without an end
`)
	assert.ElementsMatch(t, []string{"before the empty line", "", "after the empty line", "something else on stderr",
		"ERROR first half of a long line, second half", "last words without an end"}, bodies(got))
	for _, r := range got {
		t.Log(r.resource, r.attributes, r.log.Timestamp().AsTime(), r.log.Body().AsString())
	}
}

func TestEdge(t *testing.T) {
	got := read(t, Edge, "/var/log/app.log", "starts\n\nERROR failed\njava.io.IOException: x\n\tat a.B.c(D.java:1)\nends")
	assert.Equal(t, []string{"starts", "ERROR failed\njava.io.IOException: x\n\tat a.B.c(D.java:1)", "ends"}, bodies(got))
	for _, r := range got {
		t.Log(r.resource, r.attributes, r.log.Timestamp().AsTime(), r.log.ObservedTimestamp().AsTime(), r.log.Body().AsString())
	}
}
