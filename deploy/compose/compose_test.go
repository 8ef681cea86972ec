// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package compose checks the configurations that compose.yaml mounts with the servers
// that they are for. compose.yaml itself is checked in test/deploy.
package compose

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/sealgate/sealgate/test/backends"
	"github.com/sealgate/sealgate/test/harness"
)

func TestEachServerAcceptsItsConfiguration(t *testing.T) {
	built(t, "SEALGATE_BIN") // where no program is built, no server is either
	for _, tt := range []struct {
		server string
		args   []string
	}{
		{"tempo", []string{"-config.verify", "-config.file=tempo.yaml"}},
		{"loki", []string{"-verify-config", "-config.file=loki.yaml"}},
		{"promtool", []string{"check", "config", "prometheus.yaml"}},
	} {
		t.Run(tt.server, func(t *testing.T) {
			t.Parallel()
			paths, err := backends.Ensure(t.Context(), t.Output(), tt.server)
			require.NoError(t, err)
			run(t, paths[tt.server], tt.args...)
		})
	}
}

func TestTheGatewayAcceptsWhatItIsStartedWith(t *testing.T) {
	for _, file := range []string{"compose.yaml", "compose.sealed.yaml"} {
		gateway := readYAML(t, file)["services"].(map[string]any)["gateway"].(map[string]any)
		args := []string{"validate"}
		for _, arg := range gateway["command"].([]any) {
			args = append(args, arg.(string))
		}
		run(t, built(t, "SEALGATE_BIN"), args...)
	}
}

// The backends have what the labels of an unchanged gateway need.
func TestEachBackendHasWhatTheLabelsNeed(t *testing.T) {
	sealctl := built(t, "SEALGATE_CTL")
	for _, backend := range []string{"tempo", "loki", "prometheus"} {
		t.Run(backend, func(t *testing.T) {
			var needed map[string]any
			require.NoError(t, yaml.Unmarshal(run(t, sealctl, "labels", "--for", backend), &needed))
			requireContains(t, readYAML(t, backend+".yaml"), needed)
		})
	}
}

// They have the limits that a gateway needs, sealed or not.
func TestEachBackendHasTheLimitsThatAreNeeded(t *testing.T) {
	sealctl := built(t, "SEALGATE_CTL")
	for _, backend := range []string{"tempo", "loki", "prometheus"} {
		t.Run(backend, func(t *testing.T) {
			var needed map[string]any
			require.NoError(t, yaml.Unmarshal(run(t, sealctl, "limits", "--for", backend, "--config", "embedded:sealed"), &needed))
			requireContains(t, readYAML(t, backend+".yaml"), needed)
		})
	}
}

// requireContains requires that all of want is in have: maps by key, lists by element.
func requireContains(t *testing.T, have, want any) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		require.IsType(t, want, have)
		for key, value := range want {
			requireContains(t, have.(map[string]any)[key], value)
		}
	case []any:
		assert.Subset(t, have, want)
	default:
		assert.Equal(t, want, have)
	}
}

// run runs a program to its end, and returns what it prints.
func run(t *testing.T, program string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.WaitDelay = time.Second
	secrets, err := harness.Secrets(t.TempDir())
	require.NoError(t, err)
	cmd.Env = append(os.Environ(), secrets...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return out
}

// built returns the program that an environment variable names, and skips the test
// where it names none; `make test` sets them.
func built(t *testing.T, variable string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		t.Skipf("%s names no built program; `make test` does", variable)
	}
	return path
}

func readYAML(t *testing.T, file string) (content map[string]any) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, &content), file)
	return content
}
