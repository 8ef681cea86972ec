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
	"github.com/sealgate/sealgate/wasmfilters/builtin"
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

func TestTheFilterIsJudgedByTheTruth(t *testing.T) {
	if len(builtin.Names()) == 0 {
		t.Skip("no filter is compiled in; run make filters")
	}
	node, err := edgenode.New(edgenode.Options{Duration: time.Minute})
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, judge(t.Context(), node, &out))
	for _, line := range []string{
		`(?m)^dropped    [1-9]\d\.\d\d% of [3-9]\d{3} records, [1-9]\d\.\d\d% of \d+ bytes$`, `(?m)^matters    \d+ of \d+ records kept$`,
		`(?m)^hidden     \d+ outcomes, in \d+ records$`, `(?m)^levels     of \d+ records .* precision [01]\.\d+, recall [01]\.\d+ `,
		`(?m)^guard      of \d+ severe ones: precision [01]\.\d+, recall [01]\.\d+$`,
	} {
		assert.Regexp(t, line, out.String())
	}
}
