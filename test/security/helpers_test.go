// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package security tests, with the real binaries, what docs/security.md says.
package security

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/test/harness"
)

// testTimeout is more than any of these tests takes on a slow machine.
const testTimeout = 2 * time.Minute

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testTimeout)
	t.Cleanup(cancel)
	return ctx
}

// sink is what is behind a gateway.
type sink struct{ *harness.Sink }

func startSink(t *testing.T) sink {
	t.Helper()
	s, err := harness.StartSink()
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return sink{s}
}

// received are the names of the spans that have come.
func (s sink) received() (names []string) {
	for _, traces := range s.Traces() {
		for _, resource := range traces.ResourceSpans().All() {
			for _, scope := range resource.ScopeSpans().All() {
				for _, span := range scope.Spans().All() {
					names = append(names, span.Name())
				}
			}
		}
	}
	return names
}

// await waits until each of the spans has come.
func (s sink) await(ctx context.Context, t *testing.T, names ...string) {
	t.Helper()
	require.NoError(t, harness.Poll(ctx, fmt.Sprintf("the spans %q in the sink", names), func(context.Context) (bool, error) {
		received := s.received()
		return !slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(received, name) }), nil
	}))
}

// startGateway starts the gateway with configurations, one to a line, that talks as
// much as it can and hands traces to the sink at once.
func startGateway(ctx context.Context, t *testing.T, to sink, configs string, env ...string) *harness.Gateway {
	t.Helper()
	return startCollector(ctx, t, "SEALGATE_BIN",
		configs+"\nyaml:exporters::otlp_grpc/tempo::sending_queue::batch::flush_timeout: 20ms", append(env, "SEALGATE_TEMPO="+to.GRPC)...)
}

// startEdge starts an edge collector before a gateway.
func startEdge(ctx context.Context, t *testing.T, to *harness.Gateway, overlay string, env ...string) *harness.Gateway {
	t.Helper()
	return startCollector(ctx, t, "SEALGATE_EDGE_BIN",
		"embedded:edge\nembedded:"+overlay+"\nyaml:exporters::otlp_grpc/gateway::sending_queue::batch::flush_timeout: 20ms",
		append(env, "SEALGATE_GATEWAY="+to.GRPC, "SEALGATE_LOGS=["+filepath.Join(t.TempDir(), "none.log")+"]")...)
}

// startCollector starts one without its filter, which takes a second to compile and has
// no part in this.
func startCollector(ctx context.Context, t *testing.T, variable, configs string, env ...string) *harness.Gateway {
	t.Helper()
	g, err := harness.StartGateway(ctx, harness.Built(t, variable), t.TempDir(),
		configs+"\nyaml:service::telemetry::logs::level: debug\nyaml:service::pipelines::logs::processors: [memory_limiter]", harness.Addresses{}, env...)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, g.Stop()) })
	return g
}

// runToEnd runs the gateway to its end and returns what it says.
func runToEnd(t *testing.T, env []string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(testContext(t), harness.Built(t, "SEALGATE_BIN"), args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "SEALGATE_DATA="+t.TempDir(), "SEALGATE_METRICS_PORT=0",
		"SEALGATE_OTLP_GRPC=127.0.0.1:0", "SEALGATE_OTLP_HTTP=127.0.0.1:0", "SEALGATE_HEALTH=127.0.0.1:0")
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// assertNotLogged looks for secrets in all that a process has said.
func assertNotLogged(t *testing.T, p *harness.Process, secrets ...string) {
	t.Helper()
	log := p.Log()
	require.Contains(t, log, "debug", "it logs all that it can")
	for _, secret := range secrets {
		require.NotEmpty(t, secret)
		for line := range strings.Lines(log) {
			assert.NotContains(t, line, secret)
		}
	}
}

// writeFile puts content into a file of its own, with the mode of a secret.
func writeFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	replaceFile(t, path, content)
	return path
}

// replaceFile replaces a file as a careful tool does, at once.
func replaceFile(t *testing.T, path, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path+".new", []byte(content), 0o600))
	require.NoError(t, os.Rename(path+".new", path))
}
