// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package cases

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/internal/logfile"
)

// epoch is the time of a record that has none.
var epoch = time.Date(2025, 1, 2, 10, 0, 0, 0, time.UTC)

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
	case as == "agent":
		readPod(ld, path, string(content))
	case as == "edge":
		readFile(ld, path, string(content))
	default:
		t.Fatalf("%s: no configuration %q reads files", path, as)
	}
	n := 0
	for r := range records(ld) {
		r.SetObservedTimestamp(pcommon.NewTimestampFromTime(epoch.Add(time.Duration(n))))
		if r.Timestamp() == 0 {
			r.SetTimestamp(pcommon.NewTimestampFromTime(epoch))
		}
		n++
	}
	return ld
}

// readFile reads as the edge configuration: a line is a body, and the file is named. It arrives at the time that it has.
func readFile(ld plog.Logs, path, content string) {
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("host.name", "edge-node")
	rl.Resource().Attributes().PutStr("service.name", "edge")
	to := rl.ScopeLogs().AppendEmpty().LogRecords()
	for line := range strings.Lines(content) {
		r := to.AppendEmpty()
		r.Body().SetStr(strings.TrimSuffix(line, "\n"))
		r.Attributes().PutStr("log.file.path", "/var/log/"+filepath.Base(path))
		stamp, _, _ := strings.Cut(line, " ")
		if at, ok := logfile.ParseTime(stamp); ok {
			r.SetTimestamp(pcommon.Timestamp(at))
		}
	}
}

// readPod reads as the agent configuration: lines of containerd, CRI-O or Docker, and their parts joined by stream.
func readPod(ld plog.Logs, path, content string) {
	name := strings.TrimSuffix(filepath.Base(path), ".log")
	rl := ld.ResourceLogs().AppendEmpty()
	for key, value := range map[string]string{
		"k8s.namespace.name": "shop", "k8s.pod.name": name, "k8s.container.name": "app", "k8s.pod.uid": "0d2b7f0c-6c1e-4d6a-9a53-3f1f6f0b1c11",
	} {
		rl.Resource().Attributes().PutStr(key, value)
	}
	to := rl.ScopeLogs().AppendEmpty().LogRecords()
	add := func(l podLine) {
		r := to.AppendEmpty()
		r.SetTimestamp(l.at)
		r.Body().SetStr(l.text)
		r.Attributes().PutStr("log.iostream", l.stream)
		r.Attributes().PutStr("log.file.path", "/var/log/pods/shop_"+name+"_0d2b7f0c-6c1e-4d6a-9a53-3f1f6f0b1c11/app/0.log")
	}
	begun := map[string]podLine{} // by stream: parts of a line without its last one
	for text := range strings.Lines(content) {
		l := unwrap(strings.TrimSuffix(text, "\n"))
		if first, ok := begun[l.stream]; ok {
			l.at, l.text = first.at, first.text+l.text
		}
		if l.partial {
			begun[l.stream] = l
			continue
		}
		delete(begun, l.stream)
		add(l)
	}
	for _, stream := range []string{"stdout", "stderr"} {
		if l, ok := begun[stream]; ok {
			add(l)
		}
	}
}

type podLine struct {
	at      pcommon.Timestamp
	stream  string
	text    string
	partial bool
}

func unwrap(line string) (l podLine) {
	if strings.HasPrefix(line, "{") {
		var docker struct {
			Log, Stream string
			Time        time.Time
		}
		if json.Unmarshal([]byte(line), &docker) == nil && docker.Stream != "" {
			text, whole := strings.CutSuffix(docker.Log, "\n")
			return podLine{pcommon.NewTimestampFromTime(docker.Time), docker.Stream, text, !whole}
		}
	}
	stamp, rest, _ := strings.Cut(line, " ")
	stream, rest, _ := strings.Cut(rest, " ")
	tag, text, _ := strings.Cut(rest, " ")
	at, _ := logfile.ParseTime(stamp)
	return podLine{pcommon.Timestamp(at), stream, text, tag == "P"}
}
