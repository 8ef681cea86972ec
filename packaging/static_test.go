// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package packaging

import (
	"maps"
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
	for _, d := range packed {
		t.Run(d.name, func(t *testing.T) {
			r := newRoot(t, d)
			r.write(d.unit(), unit(t, d))
			// It is looked for what the unit starts, and what every unit waits for.
			for _, target := range []string{"basic", "sysinit", "shutdown", "network-online"} {
				r.write("/usr/lib/systemd/system/"+target+".target", "[Unit]\nDescription="+target+"\n")
			}
			for _, program := range []string{d.binary(), "/bin/sh"} {
				r.write(program, "")
				require.NoError(t, os.Chmod(r.path(program), 0o755))
			}
			service := filepath.Base(d.unit())

			out, err := exec.CommandContext(t.Context(), "systemd-analyze", "verify", "--man=no", "--root="+r.dir, service).CombinedOutput()
			require.NoError(t, err, "%s", out)
			assert.Empty(t, string(out))

			out, err = exec.CommandContext(t.Context(), "systemd-analyze", "security", "--offline=true", "--threshold="+maxExposure, "--root="+r.dir, service).CombinedOutput()
			require.NoError(t, err, "%s", out)
		})
	}
}

func TestTheConfigurationIsValidatedBeforeItIsUsed(t *testing.T) {
	for _, d := range packed {
		service := parseUnit(t, unit(t, d))
		validate := d.binary() + " validate --config=" + d.config()
		assert.Equal(t, []string{validate}, service["ExecStartPre"])
		assert.Equal(t, []string{validate, "/bin/sh -c 'kill -HUP $MAINPID'"}, service["ExecReload"])
	}
}

func TestACrashLeavesNoMemoryOnDisk(t *testing.T) {
	for _, d := range packed {
		assert.Equal(t, []string{"0"}, parseUnit(t, unit(t, d))["LimitCORE"], "there are keys in it")
	}
}

func TestWhatIsReadOnANodeIsKnownByItsName(t *testing.T) {
	assert.Contains(t, parseUnit(t, unit(t, edge))["Environment"], "SEALGATE_NODE=%H")
}

// unit returns the unit of a distribution.
func unit(t *testing.T, d distribution) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(render(t, d, "/"), "service"))
	require.NoError(t, err)
	return string(b)
}

// images are the distributions that there is an image of.
var images = []string{"gateway", "agent", "edge"}

func TestTheImageHasNeitherRootNorShell(t *testing.T) {
	for _, name := range images {
		image := imageOf(t, name)
		assert.Equal(t, []string{"scratch AS " + name}, image["FROM"])
		assert.Equal(t, []string{"10001:10001"}, image["USER"])
		assert.Empty(t, image["RUN"], "there is no shell")
		for _, form := range []string{image["ENTRYPOINT"][0], image["CMD"][0]} {
			assert.True(t, strings.HasPrefix(form, "["), "%s would be run by a shell", form)
		}
	}
}

func TestTheImageCopiesWhatIsThere(t *testing.T) {
	ignore, err := os.ReadFile("Dockerfile.dockerignore")
	require.NoError(t, err)
	for _, name := range images {
		sources := map[string]string{} // by target
		for _, arg := range imageOf(t, name)["COPY"] {
			fields := strings.Fields(arg)
			source, target := fields[len(fields)-2], fields[len(fields)-1]
			sources[target] = source
			if strings.Contains(arg, "--from=") {
				continue
			}
			assert.Contains(t, string(ignore), "!"+source+"\n", "it is part of the context")
			if !strings.HasPrefix(source, "build/") {
				assert.FileExists(t, filepath.Join("..", source))
			}
		}
		assert.Equal(t, "build/otelcol-sealgate"+strings.TrimSuffix("-"+name, "-gateway"), sources["/usr/bin/otelcol-sealgate"])
		for _, path := range []string{"/etc/sealgate/config.yaml", "/var/lib/sealgate", "/etc/ssl/certs/ca-certificates.crt"} {
			assert.Contains(t, sources, path)
		}
	}
}

// imageOf returns the arguments of each instruction that makes the image of a
// distribution: those of the stage of its name, then those of the last one, which is
// built on it.
func imageOf(t *testing.T, distribution string) map[string][]string {
	t.Helper()
	stages := dockerStages(t, distribution)
	last := stages[len(stages)-1]
	require.Equal(t, []string{distribution}, last["FROM"])
	for _, stage := range stages {
		if strings.HasSuffix(stage["FROM"][0], " AS "+distribution) {
			image := maps.Clone(last)
			for instruction, args := range stage {
				image[instruction] = append(args, image[instruction]...)
			}
			image["FROM"] = stage["FROM"]
			return image
		}
	}
	require.Fail(t, "no stage is named "+distribution)
	return nil
}

// dockerStages returns the arguments of each instruction, stage by stage.
func dockerStages(t *testing.T, distribution string) (stages []map[string][]string) {
	t.Helper()
	file, err := os.ReadFile("Dockerfile")
	require.NoError(t, err)
	text := strings.NewReplacer("\\\n", " ", "${DISTRIBUTION}", distribution, "${PROGRAMS}", "build").Replace(string(file))
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		instruction, args, _ := strings.Cut(line, " ")
		if instruction == "FROM" {
			stages = append(stages, map[string][]string{})
		}
		if len(stages) == 0 {
			require.Equal(t, "ARG", instruction, "before FROM")
			continue
		}
		stage := stages[len(stages)-1]
		stage[instruction] = append(stage[instruction], strings.TrimSpace(args))
	}
	require.NotEmpty(t, stages)
	return stages
}
