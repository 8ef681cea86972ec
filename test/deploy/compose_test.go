// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package deploy

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const composeDir = "../../deploy/compose"

// load loads compose files as Compose does, by its schema.
func load(t *testing.T, env string, files ...string) (*types.Project, error) {
	t.Helper()
	for i := range files {
		files[i] = filepath.Join(composeDir, files[i])
	}
	options, err := cli.NewProjectOptions(files, cli.WithEnv([]string{env}), cli.WithInterpolation(true), cli.WithResolvedPaths(true))
	require.NoError(t, err)
	return options.LoadProject(t.Context())
}

func TestComposeTakesTheFiles(t *testing.T) {
	for name, files := range map[string][]string{
		"plain":  {"compose.yaml"},
		"sealed": {"compose.yaml", "compose.sealed.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			project, err := load(t, "GRAFANA_PASSWORD=x", files...)
			require.NoError(t, err)
			assert.ElementsMatch(t, []string{"gateway", "tempo", "loki", "prometheus", "grafana", "ready"}, project.ServiceNames())
			for _, s := range project.Services {
				checkService(t, project, s)
			}
		})
	}
}

func checkService(t *testing.T, project *types.Project, s types.ServiceConfig) {
	t.Helper()
	assert.Regexp(t, `:v?\d+\.\d+\.\d+$`, s.Image, "an image has a tag that does not move")
	assert.True(t, s.ReadOnly, s.Name)
	assert.Equal(t, []string{"ALL"}, s.CapDrop, s.Name)
	assert.Contains(t, s.SecurityOpt, "no-new-privileges:true", s.Name)
	for _, p := range s.Ports {
		assert.Equal(t, "127.0.0.1", p.HostIP, "%s opens %s to other machines", s.Name, p.Published)
	}
	for _, v := range s.Volumes {
		switch v.Type {
		case types.VolumeTypeBind:
			assert.True(t, v.ReadOnly, v.Source)
			if !strings.Contains(v.Source, "/keys/") { // those the user makes
				assert.True(t, exists(t, v.Source), "%s mounts %s", s.Name, v.Source)
			}
		case types.VolumeTypeVolume:
			assert.Contains(t, project.Volumes, v.Source)
		}
	}
	if s.Build != nil {
		assert.True(t, exists(t, filepath.Join(s.Build.Context, s.Build.Dockerfile)))
	}
}

// A service without a health check of its own is asked by `ready`.
func TestEveryServiceIsWaitedFor(t *testing.T) {
	project, err := load(t, "GRAFANA_PASSWORD=x", "compose.yaml")
	require.NoError(t, err)
	check := strings.Join(project.Services["ready"].HealthCheck.Test, " ")
	for _, name := range project.ServiceNames() {
		if name != "ready" {
			assert.Regexp(t, `http://`+regexp.QuoteMeta(name)+`:\d+/`, check)
		}
	}
}

func TestGrafanaDoesNotStartWithAPasswordThatEverybodyKnows(t *testing.T) {
	_, err := load(t, "A=b", "compose.yaml")
	assert.ErrorContains(t, err, "GRAFANA_PASSWORD")
}

// What the gateway is told is at ports and addresses that the other services have.
func TestTheGatewayIsToldOfServicesThatThereAre(t *testing.T) {
	project, err := load(t, "GRAFANA_PASSWORD=x", "compose.yaml")
	require.NoError(t, err)
	for name, value := range project.Services["gateway"].Environment {
		host := regexp.MustCompile(`^(?:http://)?(\w+):\d+$`).FindStringSubmatch(*value)
		require.NotNil(t, host, "%s=%s", name, *value)
		assert.Contains(t, project.Services, host[1], name)
	}
}
