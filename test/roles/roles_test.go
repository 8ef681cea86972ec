// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package roles runs the agent and the edge collector as they are shipped, each in
// front of a gateway, and looks at what comes out behind it.
package roles

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/sealgate/sealgate/test/harness"
)

const timeout = 2 * time.Minute // for a whole test; a limit, not a wait

// site is a gateway in front of a sink, and a place for what sends to it.
type site struct {
	t       *testing.T
	ctx     context.Context
	dir     string
	sink    *harness.Sink
	gateway *harness.Gateway
}

func newSite(t *testing.T) *site {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	t.Cleanup(cancel)
	s := &site{t: t, ctx: ctx, dir: t.TempDir()}
	harness.Built(t, "SEALGATE_BIN")
	var err error
	s.sink, err = harness.StartSink()
	require.NoError(t, err)
	t.Cleanup(s.sink.Close)
	s.gateway = s.startGateway("gateway", harness.Addresses{})
	return s
}

// startGateway starts a gateway in front of the sink, with its files in a folder of that name.
func (s *site) startGateway(name string, at harness.Addresses, env ...string) *harness.Gateway {
	s.t.Helper()
	// It writes no severities, so that records come out as they were sent.
	const config = "embedded:gateway\nyaml:processors::wasmfilter::infer_severity: guard"
	g, err := harness.StartGateway(s.ctx, harness.Built(s.t, "SEALGATE_BIN"), filepath.Join(s.dir, name), config, at, append(env, s.sink.Env()...)...)
	s.endWithTest(g, err)
	return g
}

// start starts what sends to the gateway.
func (s *site) start(variable, config string, env ...string) *harness.Gateway {
	s.t.Helper()
	env = append([]string{"SEALGATE_GATEWAY=" + s.gateway.GRPC, "SEALGATE_GATEWAY_INSECURE=true"}, env...)
	g, err := harness.StartGateway(s.ctx, harness.Built(s.t, variable), filepath.Join(s.dir, "sender"), config, harness.Addresses{}, env...)
	s.endWithTest(g, err)
	return g
}

func (s *site) endWithTest(g *harness.Gateway, err error) {
	s.t.Helper()
	if g != nil && g.Process != nil {
		s.t.Cleanup(func() {
			assert.NoError(s.t, g.Stop())
			if s.t.Failed() {
				s.t.Logf("%s", g.Log())
			}
		})
	}
	require.NoError(s.t, err)
}

// write appends lines to a file, which it makes where there is none.
func (s *site) write(file string, lines ...string) {
	s.t.Helper()
	require.NoError(s.t, os.MkdirAll(filepath.Dir(file), 0o755))
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	require.NoError(s.t, err)
	defer f.Close()
	for _, line := range lines {
		_, err := fmt.Fprintln(f, line)
		require.NoError(s.t, err)
	}
}

// line is a log record as it came out.
type line struct{ resource, record pcommon.Map }

// await waits until the sink has lines with these texts, and returns how often it has each and the last of each.
func (s *site) await(texts ...string) (counts map[string]int, last map[string]line) {
	s.t.Helper()
	require.NoError(s.t, harness.Poll(s.ctx, fmt.Sprint(texts), func(context.Context) (bool, error) {
		counts, last = s.lines()
		for _, text := range texts {
			if counts[text] == 0 {
				return false, nil
			}
		}
		return true, nil
	}))
	return counts, last
}

func (s *site) lines() (counts map[string]int, last map[string]line) {
	counts, last = map[string]int{}, map[string]line{}
	for _, logs := range s.sink.Logs() {
		for _, resource := range logs.ResourceLogs().All() {
			for _, scope := range resource.ScopeLogs().All() {
				for _, record := range scope.LogRecords().All() {
					text := record.Body().AsString()
					counts[text]++
					last[text] = line{resource.Resource().Attributes(), record.Attributes()}
				}
			}
		}
	}
	return counts, last
}

func (l line) assertResource(t *testing.T, want map[string]string) {
	t.Helper()
	for key, value := range want {
		assert.Equal(t, value, l.resource.AsRaw()[key], key)
	}
}

func repeated(n int, line string) []string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = line
	}
	return lines
}
