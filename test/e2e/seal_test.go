// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/ptracetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sealgate/sealgate/test/fleet"
	"github.com/sealgate/sealgate/test/harness"
)

const (
	// secret is part of every planted value that no backend may see.
	secret = "planted-5ec2e7"
	// marker is the name of a service. It stays in the clear, so a search for it
	// shows that the search finds what is there.
	marker = "marker-0fc1ea2"
	userID = "user-" + secret
)

// sealedKeys are the keys of a run.
type sealedKeys struct{ private, public, search string }

// keygen makes the keys with sealctl, as a user would.
func keygen(t *testing.T, dir string) sealedKeys {
	t.Helper()
	keys := filepath.Join(dir, "keys")
	sealctl(t, nil, "keygen", "--out", keys, "--name", "reader")
	sealctl(t, nil, "keygen", "--out", keys, "--name", "search", "--symmetric")
	k := sealedKeys{filepath.Join(keys, "reader.pem"), filepath.Join(keys, "reader.pub.pem"), filepath.Join(keys, "search.key")}
	for _, path := range []string{k.private, k.public, k.search} {
		require.FileExists(t, path)
	}
	return k
}

func (k sealedKeys) env() []string {
	return []string{"SEALGATE_RECIPIENT=" + k.public, "SEALGATE_SEARCH_KEY=" + k.search}
}

// sealctl runs the built tool, which has to succeed, and returns what it prints.
func sealctl(t *testing.T, stdin []byte, args ...string) []byte {
	t.Helper()
	out, errs, err := runSealctl(t, stdin, args...)
	require.NoError(t, err, "sealctl %s\n%s", strings.Join(args, " "), errs)
	return out
}

func runSealctl(t *testing.T, stdin []byte, args ...string) (stdout, stderr []byte, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), harness.Built(t, "SEALGATE_CTL"), args...)
	cmd.Stdin = bytes.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.Bytes(), errs.Bytes(), err
}

// Sealed traces and logs arrive with their waterfall, hold no secret, are found by
// a token, and come back as they were for who has the key.
func TestSealedRecordsInRealBackends(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	dir := runDir(t)
	keys := keygen(t, dir)
	s := startStack(ctx, t, dir, "embedded:sealed", append(keys.env(), "SEALGATE_SEARCH=user.id, host.name")...)

	now := time.Now()
	window := harness.Around(now)
	td, ld := plantedTraces(now), plantedLogs(now)
	conn, err := fleet.Dial(s.gateway.GRPC)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, fleet.SendTraces(ctx, conn, td))
	require.NoError(t, fleet.SendLogs(ctx, conn, ld))
	id := pcommon.TraceID(plantedID).String()

	token := strings.TrimSpace(string(sealctl(t, nil, "token", "--search-key", keys.search, "user.id", userID)))
	t.Run("TraceQL finds the trace by a token", func(t *testing.T) {
		for attribute, value := range map[string]string{"user.id": userID, "host.name": "host-" + secret} { // of a span, of the resource
			query := string(sealctl(t, nil, "token", "--search-key", keys.search, "--for", "tempo", attribute, value))
			assertEventually(ctx, t, "the trace, by its token", []string{id}, func(ctx context.Context) ([]string, error) {
				found, err := s.tempo.Search(ctx, strings.TrimSpace(query), window)
				return keysOf(found), err
			})
		}
		found, err := s.tempo.Search(ctx, `{ .tok.user.id = "none" }`, window)
		require.NoError(t, err)
		assert.Empty(t, found)
	})
	t.Run("the waterfall is intact and nothing else is there", func(t *testing.T) {
		stored, err := s.tempo.Trace(ctx, id)
		require.NoError(t, err)
		assertWaterfall(t, td, stored)
	})
	t.Run("sealctl unseal gives back the trace that was sent", func(t *testing.T) {
		stored, err := harness.Fetch(ctx, s.tempo.TraceURL(id))
		require.NoError(t, err)
		clear := sealctl(t, stored, "unseal", "--key", keys.private, "--clear", "keep")
		got, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(clear)
		require.NoError(t, err)
		require.NoError(t, ptracetest.CompareTraces(td, got, ptracetest.IgnoreResourceSpansOrder(), ptracetest.IgnoreScopeSpansOrder(), ptracetest.IgnoreSpansOrder()))
	})
	t.Run("LogQL finds the lines by a token, and sealctl unseal gives them back", func(t *testing.T) {
		query := fmt.Sprintf(`{service_name=%q} | tok_user_id=%q`, marker, token)
		require.NoError(t, harness.Poll(ctx, query, func(ctx context.Context) (bool, error) {
			lines, err := s.loki.Query(ctx, query, window)
			return len(lines) == ld.LogRecordCount(), err
		}))
		stored, err := harness.Fetch(ctx, s.loki.QueryURL(query, window))
		require.NoError(t, err)
		assert.NotContains(t, string(stored), secret)
		assertLines(t, ld, sealctl(t, stored, "unseal", "--key", keys.private, "--clear", "keep"))
	})
	t.Run("no secret is in any file of Tempo, Loki or the gateway", func(t *testing.T) {
		// What stays in the clear has to be found, in both, or the search is worth nothing.
		for _, data := range []string{s.tempo.Data, s.loki.Data} {
			require.NoError(t, harness.Poll(ctx, "the marker in "+data, func(context.Context) (bool, error) {
				return len(harness.FilesWith(t, data, marker)) > 0, nil
			}))
		}
		for _, data := range []string{s.tempo.Data, s.loki.Data, s.gateway.Data} {
			assert.Empty(t, harness.FilesWith(t, data, secret))
		}
	})
	t.Run("the gateway counts what it sealed", func(t *testing.T) {
		sealed, err := harness.Scrape(ctx, s.gateway.Metrics)
		require.NoError(t, err)
		assert.InDelta(t, td.SpanCount()+ld.LogRecordCount(), counter(sealed, "otelcol_exporter_sm4_items"), 0)
		assert.Zero(t, counter(sealed, "otelcol_exporter_sm4_refused_items"))
	})
	t.Run("no secret and no key is in the gateway's log", func(t *testing.T) {
		key, err := os.ReadFile(keys.search)
		require.NoError(t, err)
		assert.NotContains(t, s.gateway.Log(), secret)
		for line := range strings.Lines(string(key)) {
			if !strings.HasPrefix(line, "#") {
				assert.NotContains(t, s.gateway.Log(), strings.TrimSpace(line))
			}
		}
	})
}

// Sealing comes before the queue: while no backend answers, what waits on the disk is
// ciphertext.
func TestTheQueueOnTheDiskHoldsCiphertext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	dir := runDir(t)
	ports, err := harness.Ports(1)
	require.NoError(t, err)
	nobody := fmt.Sprintf("127.0.0.1:%d", ports[0])
	g, err := harness.StartGateway(ctx, harness.Built(t, "SEALGATE_BIN"), dir, "embedded:sealed", harness.Addresses{},
		append(keygen(t, dir).env(), "SEALGATE_TEMPO="+nobody, "SEALGATE_LOKI=http://"+nobody)...)
	require.NoError(t, err)
	stopAtEnd(t, g.Process)
	conn, err := fleet.Dial(g.GRPC)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, fleet.SendTraces(ctx, conn, plantedTraces(time.Now())))
	require.NoError(t, fleet.SendLogs(ctx, conn, plantedLogs(time.Now())))

	queue := filepath.Join(g.Data, "queue")
	require.NoError(t, harness.Poll(ctx, "both signals in the queue", func(context.Context) (bool, error) {
		return len(harness.FilesWith(t, queue, marker)) == 2, nil
	}))
	g.Kill() // what is on the disk stays there
	assert.Len(t, harness.FilesWith(t, queue, marker), 2)
	assert.Len(t, harness.FilesWith(t, queue, "sealed.key"), 2)
	assert.Empty(t, harness.FilesWith(t, g.Data, secret))
}

var plantedID = [16]byte{0x0b, 0xad, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}

// plantedTraces is one trace that has a secret wherever a span can have one.
func plantedTraces(at time.Time) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", marker)
	rs.Resource().Attributes().PutStr("host.name", "host-"+secret)
	rs.Resource().Attributes().PutEmptySlice("process.command_args").AppendEmpty().SetStr("--password=" + secret)
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName("scope-" + secret)
	ss.Scope().SetVersion("1.0")
	ss.Scope().Attributes().PutStr("scope.note", secret)
	var parent pcommon.SpanID
	for i := range 5 {
		span := ss.Spans().AppendEmpty()
		span.SetTraceID(plantedID)
		span.SetSpanID([8]byte{9, 9, 9, 9, 9, 9, 9, byte(i + 1)})
		span.SetParentSpanID(parent)
		span.SetName(fmt.Sprintf("GET /users/%s/%d", secret, i))
		span.SetKind(ptrace.SpanKind(1 + i))
		span.SetStartTimestamp(pcommon.NewTimestampFromTime(at.Add(time.Duration(i) * time.Millisecond)))
		span.SetEndTimestamp(pcommon.NewTimestampFromTime(at.Add(time.Duration(100-i) * time.Millisecond)))
		span.TraceState().FromRaw("vendor=" + secret)
		span.Status().SetCode(ptrace.StatusCode(i % 3))
		if i%3 == 2 {
			span.Status().SetMessage("failed for " + secret)
		}
		plant(span.Attributes(), i)
		e := span.Events().AppendEmpty()
		e.SetName("event-" + secret)
		e.SetTimestamp(span.StartTimestamp() + 5)
		e.Attributes().PutStr("exception.message", secret)
		l := span.Links().AppendEmpty()
		l.SetTraceID([16]byte{1, 2, 3})
		l.SetSpanID([8]byte{4, 5})
		l.Attributes().PutStr("link.note", secret)
		parent = span.SpanID()
	}
	return td
}

// plant puts an attribute of every type. One is longer than Tempo keeps of a string.
func plant(m pcommon.Map, i int) {
	m.PutStr("user.id", userID)
	m.PutStr("note", secret)
	m.PutInt("n", int64(i))
	m.PutDouble("d", 1.5)
	m.PutBool("b", true)
	m.PutEmptyBytes("raw").FromRaw([]byte(secret))
	m.PutEmptySlice("list").AppendEmpty().SetStr(secret)
	m.PutEmptyMap("map").PutStr("inner", secret)
	long := new(strings.Builder)
	for j := range 2000 {
		fmt.Fprintf(long, "%s %d;", secret, j*j*7919)
	}
	m.PutStr("long", long.String())
}

func plantedLogs(at time.Time) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", marker)
	rl.Resource().Attributes().PutStr("host.name", "host-"+secret)
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName("scope-" + secret)
	for i := range 5 {
		r := sl.LogRecords().AppendEmpty()
		r.SetTimestamp(pcommon.NewTimestampFromTime(at.Add(time.Duration(i) * time.Millisecond)))
		r.SetSeverityNumber(plog.SeverityNumberWarn)
		r.SetSeverityText("WARN")
		r.SetTraceID(plantedID)
		r.SetSpanID([8]byte{9, 9, 9, 9, 9, 9, 9, byte(i + 1)})
		r.Body().SetStr(fmt.Sprintf("user %s signed in, attempt %d", userID, i))
		r.Attributes().PutStr("user.id", userID)
		r.Attributes().PutStr("client.address", secret)
	}
	return ld
}

// assertWaterfall wants all that a waterfall shows as it was sent, and of the rest
// nothing.
func assertWaterfall(t *testing.T, sent, stored ptrace.Traces) {
	t.Helper()
	want, got := waterfall(sent), waterfall(stored)
	assert.Equal(t, want, got)
	text, err := (&ptrace.JSONMarshaler{}).MarshalTraces(stored)
	require.NoError(t, err)
	assert.NotContains(t, string(text), secret)
	for _, rs := range stored.ResourceSpans().All() {
		service, _ := rs.Resource().Attributes().Get("service.name")
		assert.Equal(t, marker, service.Str())
	}
}

// waterfall returns a line for each span, in order of its id.
func waterfall(td ptrace.Traces) []string {
	var lines []string
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				lines = append(lines, fmt.Sprintf("%s %s parent=%s %d-%d %s %s", s.TraceID(), s.SpanID(), s.ParentSpanID(), s.StartTimestamp(), s.EndTimestamp(), s.Kind(), s.Status().Code()))
			}
		}
	}
	slices.Sort(lines)
	return lines
}

// assertLines wants the sent records in Loki's answer: text, time, attributes.
func assertLines(t *testing.T, sent plog.Logs, answer []byte) {
	t.Helper()
	var loki struct {
		Data struct {
			Result []struct {
				Stream map[string]string `json:"stream"`
				Values [][2]string       `json:"values"`
			} `json:"result"`
		} `json:"data"`
	}
	require.NoError(t, json.Unmarshal(answer, &loki))
	var want, got []string
	for _, r := range sent.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
		want = append(want, fmt.Sprintf("%d %s client_address=%s user_id=%s host_name=host-%s scope_name=scope-%[3]s", r.Timestamp(), r.Body().Str(), secret, userID, secret))
	}
	for _, stream := range loki.Data.Result {
		for _, v := range stream.Values {
			l := stream.Stream
			got = append(got, fmt.Sprintf("%s %s client_address=%s user_id=%s host_name=%s scope_name=%s", v[0], v[1], l["client_address"], l["user_id"], l["host_name"], l["scope_name"]))
		}
		for name := range stream.Stream {
			assert.False(t, strings.HasPrefix(name, "sealed_") || strings.HasPrefix(name, "tok_"), name)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	assert.Equal(t, want, got)
}

func keysOf[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	return keys
}
