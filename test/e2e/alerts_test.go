// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/deploy/alerts"
	"github.com/sealgate/sealgate/test/backends"
	"github.com/sealgate/sealgate/test/harness"
)

// promtool computes each alert from series that are made up: it fires where it should,
// and not where it should not.
func TestAlertsFireWhenTheyShould(t *testing.T) {
	harness.Built(t, "SEALGATE_BIN") // promtool is built with what the gateway is tested with
	binaries, err := backends.Ensure(t.Context(), os.Stdout, "promtool")
	require.NoError(t, err)
	root, err := backends.Root()
	require.NoError(t, err)
	tests, err := filepath.Glob(filepath.Join(root, "deploy", "alerts", "tests", "*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, tests)
	for _, args := range [][]string{
		{"check", "rules", "--lint-fatal", filepath.Join(root, "deploy", "alerts", alerts.File)},
		append([]string{"test", "rules"}, tests...),
	} {
		out, err := exec.CommandContext(t.Context(), binaries["promtool"], args...).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
}
