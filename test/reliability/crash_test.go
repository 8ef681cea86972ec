// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package reliability

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sealgate/sealgate/test/harness"
	"github.com/sealgate/sealgate/test/load"
)

// secret is in all spans and log records, where a gateway that seals must not leave it.
const secret = "planted-81f0c5"

func planted(td ptrace.Traces) ptrace.Traces {
	for _, rs := range td.ResourceSpans().All() {
		rs.Resource().Attributes().PutStr("deployment.note", secret)
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				span.SetName(secret)
				span.Attributes().PutStr("user.email", secret)
			}
		}
	}
	return td
}

func plantedLogs(ld plog.Logs) plog.Logs {
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, record := range sl.LogRecords().All() {
				record.Attributes().PutStr("user.email", secret)
				if record.Body().Type() == pcommon.ValueTypeStr {
					record.Body().SetStr(record.Body().Str() + secret)
				}
			}
		}
	}
	return ld
}

// What a gateway has acknowledged is on its disk, sealed, and is sent when it is back.
func TestAKilledGatewayLosesNothingThatItAcknowledged(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	s := newSite(ctx, t)
	s.sink.Vanish() // so that all of it is in the queue
	streams := s.send(ctx, t, load.Options{Rate: 2000})
	acknowledged := func(n int) func() bool {
		return func() bool {
			for _, of := range streams {
				if of.Report().Accepted < n {
					return false
				}
			}
			return true
		}
	}
	await(ctx, t, "items in the queue", acknowledged(1000))
	s.Kill()
	assert.NotEmpty(t, harness.FilesWith(t, s.queue(), t.Name()), "what is kept in the clear is found in %s", s.queue())
	assert.Empty(t, harness.FilesWith(t, s.queue(), secret), "plaintext in %s", s.queue())

	s.start(ctx, t)
	require.NoError(t, s.sink.Return())
	now := streams[0].Report().Accepted
	await(ctx, t, "items after the first restart", acknowledged(now+1000))
	s.Kill() // while it sends
	s.start(ctx, t)
	stop(streams)
	s.settled(ctx, t, streams...)
}

// A new configuration takes over while items pass; none is lost.
func TestAReloadUnderLoadLosesNothing(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	s := prepareSite(t)
	settings := filepath.Join(s.dir, "settings.yaml")
	set := func(generation int) {
		require.NoError(t, os.WriteFile(settings, fmt.Appendf(nil, "processors: {cloudlabels: {static: {generation: %d}}}\n", generation), 0o600))
	}
	set(0)
	s.start(ctx, t)
	streams := s.send(ctx, t, load.Options{Rate: 2000})
	ready := func() int { return strings.Count(s.Log(), "Everything is ready") }
	for generation := range 3 {
		before, arrived := ready(), streams[0].Report().Delivered
		set(generation + 1)
		require.NoError(t, syscall.Kill(s.PID(), syscall.SIGHUP))
		await(ctx, t, "the reload", func() bool { return ready() > before })
		await(ctx, t, "items after it", func() bool { return streams[0].Report().Delivered > arrived+500 })
	}
	stop(streams)
	s.settled(ctx, t, streams...)
}
