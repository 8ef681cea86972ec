// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package packaging

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// maxExposure is what `systemd-analyze security` may find, in tenths of its scale of
// 0 to 10. What is left is the network, and memory that becomes executable.
const maxExposure = "20"

func TestSystemdTakesTheUnitAndFindsItHardened(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is not here to read the unit with")
	}
	unit, err := os.ReadFile("sealgate.service")
	require.NoError(t, err)
	r := newRoot(t)
	const units = "/usr/lib/systemd/system/"
	r.write(units+"sealgate.service", string(unit))
	// It is looked for what the unit starts, and what every unit waits for.
	for _, target := range []string{"basic", "sysinit", "shutdown", "network-online"} {
		r.write(units+target+".target", "[Unit]\nDescription="+target+"\n")
	}
	for _, program := range []string{"/usr/bin/otelcol-sealgate", "/bin/sh"} {
		r.write(program, "")
		require.NoError(t, os.Chmod(r.path(program), 0o755))
	}

	out, err := exec.CommandContext(t.Context(), "systemd-analyze", "verify", "--man=no", "--root="+r.dir, "sealgate.service").CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Empty(t, string(out))

	out, err = exec.CommandContext(t.Context(), "systemd-analyze", "security", "--offline=true", "--threshold="+maxExposure, "--root="+r.dir, "sealgate.service").CombinedOutput()
	require.NoError(t, err, "%s", out)
}

func TestTheConfigurationIsValidatedBeforeItIsUsed(t *testing.T) {
	unit, err := os.ReadFile("sealgate.service")
	require.NoError(t, err)
	service := parseUnit(t, string(unit))
	validate := "/usr/bin/otelcol-sealgate validate --config=" + config
	assert.Equal(t, []string{validate}, service["ExecStartPre"])
	assert.Equal(t, []string{validate, "/bin/sh -c 'kill -HUP $MAINPID'"}, service["ExecReload"])
}

func TestTheImageHasNeitherRootNorShell(t *testing.T) {
	stages := dockerStages(t)
	last := stages[len(stages)-1]
	assert.Equal(t, []string{"scratch"}, last["FROM"])
	assert.Equal(t, []string{"65532:65532"}, last["USER"])
	assert.Empty(t, last["RUN"], "there is no shell")
	for _, form := range []string{last["ENTRYPOINT"][0], last["CMD"][0]} {
		assert.True(t, strings.HasPrefix(form, "["), "%s would be run by a shell", form)
	}
}

func TestTheImageCopiesWhatIsThere(t *testing.T) {
	ignore, err := os.ReadFile("Dockerfile.dockerignore")
	require.NoError(t, err)
	targets := map[string]string{}
	for _, stage := range dockerStages(t) {
		for _, arg := range stage["COPY"] {
			fields := strings.Fields(arg)
			source, target := fields[len(fields)-2], fields[len(fields)-1]
			targets[target] = source
			if strings.Contains(arg, "--from=") {
				continue
			}
			assert.Contains(t, string(ignore), "!"+source+"\n", "it is part of the context")
			if !strings.HasPrefix(source, "build/") {
				assert.FileExists(t, filepath.Join("..", source))
			}
		}
	}
	for _, path := range []string{"/usr/bin/otelcol-sealgate", config, "/var/lib/sealgate", "/etc/ssl/certs/ca-certificates.crt"} {
		assert.Contains(t, targets, path)
	}
}

// dockerStages returns the arguments of each instruction, stage by stage.
func dockerStages(t *testing.T) (stages []map[string][]string) {
	t.Helper()
	file, err := os.ReadFile("Dockerfile")
	require.NoError(t, err)
	for line := range strings.Lines(strings.ReplaceAll(string(file), "\\\n", " ")) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		instruction, args, _ := strings.Cut(line, " ")
		if instruction == "FROM" {
			stages = append(stages, map[string][]string{})
		}
		require.NotEmpty(t, stages, "%s comes before FROM", instruction)
		stage := stages[len(stages)-1]
		stage[instruction] = append(stage[instruction], strings.TrimSpace(args))
	}
	require.NotEmpty(t, stages)
	return stages
}
