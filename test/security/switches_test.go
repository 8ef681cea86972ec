// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package security

import (
	"bytes"
	"debug/buildinfo"
	"os"
	"os/exec"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/test/harness"
)

// A stripped binary keeps the names of its functions and types.
func TestNoBinaryCanLeaveTheCipherOut(t *testing.T) {
	for _, variable := range []string{"SEALGATE_BIN", "SEALGATE_AGENT_BIN", "SEALGATE_EDGE_BIN", "SEALGATE_CTL"} {
		t.Run(variable, func(t *testing.T) {
			path := harness.Built(t, variable)
			info, err := buildinfo.ReadFile(path)
			require.NoError(t, err)
			for _, setting := range info.Settings {
				assert.NotContains(t, setting.Value, "sealgate_bench", setting.Key)
			}
			content, err := os.ReadFile(path)
			require.NoError(t, err)
			require.True(t, bytes.Contains(content, []byte("sealgate/wasmhost/fuel.")), "names are found")
			for _, name := range []string{"nullAEAD", "LeaveCipherOut", "LeaveGuardOut"} {
				assert.False(t, bytes.Contains(content, []byte(name)), name)
			}
		})
	}
}

// The switches of benchmarks are in files that only the build tag sealgate_bench brings.
func TestNoSourceOfAProductLeavesTheCipherOut(t *testing.T) {
	cmd := exec.CommandContext(testContext(t), "go", "list", "-f", `{{$dir := .Dir}}{{range .GoFiles}}{{$dir}}/{{.}}{{"\n"}}{{end}}`,
		"./admission/...", "./cmd/...", "./converter/...", "./distributions/...", "./divide/...", "./exporter/...", "./extension/...", "./internal/...",
		"./labels/...", "./processor/...", "./provider/...", "./seal/...", "./segmentlog/...", "./severity/...", "./wasmhost/...")
	cmd.Dir = "../.."
	files, err := cmd.Output()
	require.NoError(t, err)
	require.Contains(t, string(files), "seal/archive/cipher.go")
	switches := regexp.MustCompile(`(?i)null(seal|fuel|aead)|LeaveCipherOut|LeaveGuardOut|unmetered`)
	for path := range bytes.Lines(files) {
		path := string(bytes.TrimSpace(path))
		if path == "" {
			continue
		}
		source, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Empty(t, switches.FindString(string(source)), path)
	}
}
