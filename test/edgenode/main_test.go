// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/internal/edgenode"
)

func TestLogsAndTruthHaveTheSameRecords(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	require.NoError(t, run(edgenode.Options{Duration: time.Minute}, 500, dir))
	records := 0
	for _, line := range lines(t, dir, "logs.jsonl") {
		ld, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(line)
		require.NoError(t, err)
		records += ld.LogRecordCount()
	}
	assert.Greater(t, records, 3000)
	assert.Len(t, lines(t, dir, "truth.jsonl"), records)
	assert.Len(t, lines(t, dir, "incidents.jsonl"), 3)
}

func lines(t *testing.T, dir, name string) [][]byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	return bytes.Split(bytes.TrimSuffix(content, []byte("\n")), []byte("\n"))
}

func TestWhatCannotBeMadeIsSaid(t *testing.T) {
	assert.ErrorContains(t, run(edgenode.Options{Rate: -1}, 1, t.TempDir()), "records a second")
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	assert.Error(t, run(edgenode.Options{}, 1, file))
}
