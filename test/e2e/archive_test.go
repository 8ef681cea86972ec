// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sealgate/sealgate/test/backends"
	"github.com/sealgate/sealgate/test/fleet"
	"github.com/sealgate/sealgate/test/harness"
)

const (
	archiveRequests = 400 // of so many spans each:
	archiveSpans    = 250
	senders         = 8
)

// One hundred thousand spans are sent, and the gateway is killed half-way. What it
// acknowledged is there, the archive names the one truncation, and after a replay
// Tempo has every span.
func TestTheArchiveSurvivesSIGKILL(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	gateway := harness.Built(t, "SEALGATE_BIN")
	binaries, err := backends.Ensure(ctx, os.Stdout, "tempo")
	require.NoError(t, err)
	dir := runDir(t)
	keys := keygen(t, dir)
	tempo, err := harness.StartTempo(ctx, binaries["tempo"], dir)
	require.NoError(t, err)
	stopAtEnd(t, tempo.Process)

	requests := manyTraces()
	first := startArchiving(ctx, t, gateway, dir, keys)
	sealed := filepath.Join(first.Data, "sealed")
	acknowledged, rest := sendUntilKilled(ctx, t, first, requests)
	require.NotEmpty(t, acknowledged)
	require.NotEmpty(t, rest)
	t.Logf("killed after %d of %d requests were acknowledged", len(acknowledged), len(requests))

	t.Run("what was acknowledged before the kill decrypts", func(t *testing.T) {
		assertHolds(t, decrypted(t, keys, sealed), acknowledged)
	})

	second := startArchiving(ctx, t, gateway, dir, keys)
	sendAll(ctx, t, second.GRPC, rest)
	require.NoError(t, second.Stop())

	t.Run("verify notes one truncation and nothing else", func(t *testing.T) {
		out, _, err := runSealctl(t, nil, "verify", "--key", keys.private, sealed)
		require.NoError(t, err, "the next file confirms its length: %s", out)
		assert.Len(t, linesWith(out, "confirmed by its successor"), 1, "%s", out)
		assert.Len(t, linesWith(out, ".sealed: "), 1, "%s", out)
	})
	t.Run("every acknowledged span decrypts", func(t *testing.T) {
		assertHolds(t, decrypted(t, keys, sealed), requests)
	})
	t.Run("no attribute is in any file of the archive", func(t *testing.T) {
		assert.Empty(t, harness.FilesWith(t, first.Data, "user.email"))
	})
	t.Run("replayed into Tempo all are there", func(t *testing.T) {
		_, errs, _ := runSealctl(t, nil, "replay", "--key", keys.private, "--endpoint", "http://"+tempo.OTLP, "--protocol", "grpc", "--insecure", sealed)
		for id, want := range spansByTrace(requests) {
			var got map[pcommon.SpanID]bool
			err := harness.Poll(ctx, "trace "+id.String(), func(ctx context.Context) (bool, error) {
				td, err := tempo.Trace(ctx, id.String())
				if err != nil {
					return false, nil // not there yet
				}
				got = spansByTrace([]ptrace.Traces{td})[id]
				return len(got) == len(want), nil
			})
			require.NoError(t, err, "%s", errs)
			require.Equal(t, want, got)
		}
	})
}

func startArchiving(ctx context.Context, t *testing.T, gateway, dir string, keys sealedKeys) *harness.Gateway {
	t.Helper()
	g, err := harness.StartGateway(ctx, gateway, dir, "embedded:local", harness.Addresses{}, keys.env()...)
	require.NoError(t, err)
	stopAtEnd(t, g.Process)
	return g
}

// manyTraces makes the requests, each one trace: that many Tempo can be asked for
// one by one.
func manyTraces() []ptrace.Traces {
	requests := make([]ptrace.Traces, archiveRequests)
	for i := range requests {
		requests[i] = fleet.Spans(uint64(i), archiveSpans)
		id := pcommon.TraceID{0xa1, 14: byte(i >> 8), 15: byte(i)}
		for _, rs := range requests[i].ResourceSpans().All() {
			for _, span := range rs.ScopeSpans().At(0).Spans().All() {
				span.SetTraceID(id)
			}
		}
	}
	return requests
}

// sendUntilKilled sends with several senders, and kills the gateway once half of
// the requests are acknowledged, while others are under way.
func sendUntilKilled(ctx context.Context, t *testing.T, g *harness.Gateway, requests []ptrace.Traces) (acknowledged, rest []ptrace.Traces) {
	t.Helper()
	conn, err := fleet.Dial(g.GRPC)
	require.NoError(t, err)
	defer conn.Close()
	sent := make([]bool, len(requests)) // each written by one sender
	var next, done atomic.Int64
	var all sync.WaitGroup
	for range senders {
		all.Go(func() {
			for i := next.Add(1) - 1; int(i) < len(requests); i = next.Add(1) - 1 {
				if fleet.SendTraces(ctx, conn, requests[i]) != nil {
					continue // killed: the rest fails at once
				}
				sent[i] = true
				if done.Add(1) == int64(len(requests)/2) {
					g.Kill()
				}
			}
		})
	}
	all.Wait()
	for i, ok := range sent {
		if ok {
			acknowledged = append(acknowledged, requests[i])
		} else {
			rest = append(rest, requests[i])
		}
	}
	return acknowledged, rest
}

func sendAll(ctx context.Context, t *testing.T, addr string, requests []ptrace.Traces) {
	t.Helper()
	conn, err := fleet.Dial(addr)
	require.NoError(t, err)
	defer conn.Close()
	for _, td := range requests {
		require.NoError(t, fleet.SendTraces(ctx, conn, td))
	}
}

// decrypted returns the spans of an archive, each with all that it has. A
// truncated file ends the command with a status that says so.
func decrypted(t *testing.T, keys sealedKeys, dir string) map[pcommon.SpanID]string {
	t.Helper()
	out, _, _ := runSealctl(t, nil, "decrypt", "--key", keys.private, dir)
	spans := make(map[pcommon.SpanID]string)
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 256<<20)
	for lines.Scan() {
		td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(lines.Bytes())
		require.NoError(t, err)
		describe(spans, td)
	}
	require.NoError(t, lines.Err())
	return spans
}

// assertHolds wants every span of the requests, item by item.
func assertHolds(t *testing.T, spans map[pcommon.SpanID]string, requests []ptrace.Traces) {
	t.Helper()
	want := make(map[pcommon.SpanID]string)
	for _, td := range requests {
		describe(want, td)
	}
	missing, different := 0, 0
	for id, text := range want {
		switch got, ok := spans[id]; {
		case !ok:
			missing++
		case got != text:
			different++
		}
	}
	assert.Zero(t, missing, "spans that are not there, of %d", len(want))
	assert.Zero(t, different, "spans that are not as they were sent, of %d", len(want))
}

// describe adds what each span holds, as text.
func describe(spans map[pcommon.SpanID]string, td ptrace.Traces) {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				one := ptrace.NewTraces()
				s.CopyTo(one.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty())
				text, _ := (&ptrace.JSONMarshaler{}).MarshalTraces(one)
				spans[s.SpanID()] = string(text)
			}
		}
	}
}

func spansByTrace(requests []ptrace.Traces) map[pcommon.TraceID]map[pcommon.SpanID]bool {
	traces := make(map[pcommon.TraceID]map[pcommon.SpanID]bool)
	for _, td := range requests {
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, s := range ss.Spans().All() {
					if traces[s.TraceID()] == nil {
						traces[s.TraceID()] = make(map[pcommon.SpanID]bool)
					}
					traces[s.TraceID()][s.SpanID()] = true
				}
			}
		}
	}
	return traces
}

func linesWith(text []byte, part string) []string {
	var found []string
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, part) {
			found = append(found, line)
		}
	}
	return found
}
