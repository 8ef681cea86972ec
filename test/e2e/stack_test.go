// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/internal/labelbackends"
	"github.com/sealgate/sealgate/test/backends"
	"github.com/sealgate/sealgate/test/harness"
)

// stack is the gateway in front of the three real backends.
type stack struct {
	tempo      *harness.Tempo
	loki       *harness.Loki
	prometheus *harness.Prometheus
	gateway    *harness.Gateway
	dir        string // of this run; each server has a folder in it
}

// fragment is what sealctl says that a backend needs for the cloud labels of a gateway
// with these configurations, one to a line.
func fragment(t *testing.T, backend, configs string) string {
	t.Helper()
	args := []string{"labels", "--for", backend}
	for config := range strings.Lines(configs) {
		args = append(args, "--config", strings.TrimSpace(config))
	}
	return string(sealctl(t, nil, args...))
}

// startStack starts the backends, each with the fragment for the gateway, and, in front of them, the gateway with a
// configuration, and stops everything at the end of the test. Env adds to the
// gateway's environment. The logs of a test that failed are kept.
func startStack(ctx context.Context, t *testing.T, dir, config string, env ...string) *stack {
	t.Helper()
	return startStackWith(ctx, t, dir, config, nil, env...)
}

// startStackWith is startStack with more settings, in YAML, of each backend.
func startStackWith(ctx context.Context, t *testing.T, dir, config string, settings map[string]string, env ...string) *stack {
	t.Helper()
	gateway := harness.Built(t, "SEALGATE_BIN")
	binaries, err := backends.Ensure(ctx, os.Stdout, labelbackends.Names()...)
	require.NoError(t, err)

	merged := make(map[string][]string)
	for _, name := range labelbackends.Names() {
		merged[name] = []string{fragment(t, name, config)}
		if more := settings[name]; more != "" {
			merged[name] = append(merged[name], more)
		}
	}
	s := &stack{dir: dir}
	var starts sync.WaitGroup
	start := func(name string, f func() error) {
		starts.Go(func() { assert.NoError(t, f(), "starting %s", name) })
	}
	start("tempo", func() (err error) {
		s.tempo, err = harness.StartTempo(ctx, binaries["tempo"], dir, merged["tempo"]...)
		return err
	})
	start("loki", func() (err error) {
		s.loki, err = harness.StartLoki(ctx, binaries["loki"], dir, merged["loki"]...)
		return err
	})
	start("prometheus", func() (err error) {
		s.prometheus, err = harness.StartPrometheus(ctx, binaries["prometheus"], dir, merged["prometheus"]...)
		return err
	})
	starts.Wait()
	for _, p := range []*harness.Process{s.tempo.Process, s.loki.Process, s.prometheus.Process} {
		stopAtEnd(t, p)
	}
	if t.Failed() {
		t.FailNow()
	}
	s.gateway, err = harness.StartGateway(ctx, gateway, dir, config, harness.Addresses{},
		append(env, "SEALGATE_TEMPO="+s.tempo.OTLP, "SEALGATE_LOKI="+s.loki.URL, "SEALGATE_PROMETHEUS="+s.prometheus.URL)...)
	require.NoError(t, err)
	stopAtEnd(t, s.gateway.Process)
	return s
}

func stopAtEnd(t *testing.T, p *harness.Process) {
	if p == nil {
		return // it did not start
	}
	t.Cleanup(func() { assert.NoError(t, p.Stop()) })
}

// processesIn returns the processes whose working directory is in dir, where
// the system has a /proc that tells.
func processesIn(dir string) []string {
	links, _ := filepath.Glob("/proc/[0-9]*/cwd")
	var found []string
	for _, link := range links {
		if cwd, err := os.Readlink(link); err == nil && strings.HasPrefix(cwd, dir+"/") {
			found = append(found, link+" -> "+cwd)
		}
	}
	return found
}

// runDir returns a folder for one run. Where the test fails, the logs in it are
// copied to build/e2e-logs. No process may be left behind in it.
func runDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Cleanup(func() { // runs after everything has been stopped
		assert.Empty(t, processesIn(dir), "no process is left behind")
	})
	root, err := backends.Root()
	require.NoError(t, err)
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		kept := filepath.Join(root, "build", "e2e-logs", time.Now().UTC().Format("20060102T150405"))
		logs, _ := filepath.Glob(filepath.Join(dir, "*", "*.log"))
		for _, log := range logs {
			if err := copyFile(filepath.Join(kept, filepath.Base(log)), log); err != nil {
				t.Log(err)
			}
		}
		t.Logf("the logs of this run are kept in %s", kept)
	})
	return dir
}

func copyFile(to, from string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o644)
}
