// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package cases

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/internal/logfile"
	"github.com/sealgate/sealgate/internal/receiverlogs"
)

// epoch is the time of a record that has none.
var epoch = time.Date(2025, 1, 2, 10, 0, 0, 0, time.UTC)

// places are the paths that the files of the inputs have on a node.
var places = map[string]func(path string) string{
	"agent": func(path string) string {
		name := strings.TrimSuffix(filepath.Base(path), ".log")
		return "/var/log/pods/shop_" + name + "_0d2b7f0c-6c1e-4d6a-9a53-3f1f6f0b1c11/app/0.log"
	},
	"edge": func(path string) string { return "/var/log/" + filepath.Base(path) },
}

// readInput makes the records that a receiver makes of an input. No two have the same time of observation, so that a
// record is known again.
func readInput(t *testing.T, path, as string) plog.Logs {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	ld := plog.NewLogs()
	switch {
	case filepath.Ext(path) == ".json":
		ld, err = (&plog.JSONUnmarshaler{}).UnmarshalLogs(content)
		require.NoError(t, err)
	default:
		source, err := receiverlogs.Open(t.Context(), receiverlogs.As(as), places[as](path), bytes.NewReader(content))
		require.NoError(t, err)
		for {
			next, err := source.Next()
			if err == io.EOF {
				break
			}
			require.NoError(t, err)
			next.ResourceLogs().MoveAndAppendTo(ld.ResourceLogs())
		}
		require.NoError(t, source.Close())
		sorted(ld)
	}
	n := 0
	for r := range records(ld) {
		r.SetObservedTimestamp(pcommon.NewTimestampFromTime(epoch.Add(time.Duration(n))))
		if r.Timestamp() == 0 {
			r.SetTimestamp(timeOf(r))
		}
		n++
	}
	return ld
}

// timeOf is the time at which a line arrives that a file without times of its own has: that at its begin.
func timeOf(r plog.LogRecord) pcommon.Timestamp {
	stamp, _, _ := strings.Cut(r.Body().AsString(), " ")
	if at, ok := logfile.ParseTime(stamp); ok {
		return pcommon.Timestamp(at)
	}
	return pcommon.NewTimestampFromTime(epoch)
}

// sorted makes one batch of those of a file, in the order of time: which stream is passed on first is by chance.
func sorted(ld plog.Logs) {
	all := ld.ResourceLogs()
	first := all.At(0).ScopeLogs().At(0).LogRecords()
	i := 0
	all.RemoveIf(func(rl plog.ResourceLogs) bool {
		i++
		if i == 1 || !rl.Resource().Attributes().Equal(all.At(0).Resource().Attributes()) {
			return false
		}
		rl.ScopeLogs().At(0).LogRecords().MoveAndAppendTo(first)
		return true
	})
	first.Sort(func(a, b plog.LogRecord) bool { return a.Timestamp() < b.Timestamp() })
}
