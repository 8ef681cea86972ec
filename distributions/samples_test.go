// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package distributions

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/sealgate/sealgate/wasmfilters/builtin"
)

// root is the repository's.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("..")
	require.NoError(t, err)
	return dir
}

// sampleFiles are the configurations that are there to be used or copied from.
func sampleFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	for _, pattern := range []string{"distributions/*/*.yaml", "deploy/pipelines/*.yaml", "docs/*.yaml"} {
		found, err := filepath.Glob(filepath.Join(root(t), pattern))
		require.NoError(t, err)
		files = append(files, found...)
	}
	return slices.DeleteFunc(files, func(f string) bool { return filepath.Base(f) == "builder-config.yaml" })
}

// command is how a sample says, in a comment, that it is started or checked; continued is a line's end that is
// not the command's.
var (
	command   = regexp.MustCompile(`(?m)^# .*?\b(otelcol-sealgate(?:-agent|-edge)?)(?: validate)?((?: +--config \S+)+)$`)
	continued = regexp.MustCompile(`\\\n#`)
)

// Each sample says with which command it is used. The binary of that command accepts it, and all that is
// compiled into a binary is shown by some sample for it.
func TestEverySampleIsAcceptedAndTogetherTheyShowEveryComponent(t *testing.T) {
	shown := map[string]map[string]bool{} // by binary: kind/type
	for binary := range binaries {
		shown[binary] = map[string]bool{}
	}
	for _, file := range sampleFiles(t) {
		name, err := filepath.Rel(root(t), file)
		require.NoError(t, err)
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		commands := command.FindAllStringSubmatch(continued.ReplaceAllString(string(content), ""), -1)
		require.NotEmpty(t, commands, "%s says with which command it is used, in a comment", name)
		for _, c := range commands {
			binary := c[1]
			for kind := range components(t, content) {
				shown[binary][kind] = true
			}
			configs := strings.Fields(strings.ReplaceAll(c[2], " --config ", " "))
			t.Run(name+"/"+strings.Join(append([]string{binary}, configs...), " "), func(t *testing.T) {
				t.Parallel()
				for i, config := range configs {
					if !strings.Contains(config, ":") {
						content, err := os.ReadFile(filepath.Join(root(t), config))
						require.NoError(t, err)
						configs[i] = withSecrets(t, string(content))
					}
				}
				out, err := validate(t, binary, configs...)
				require.NoError(t, err, out)
			})
		}
	}
	for binary := range binaries {
		t.Run(binary+" shows all it has", func(t *testing.T) {
			for component := range compiledIn(t, binary) {
				assert.True(t, shown[binary][component], "%s is in %s, and no sample shows it", component, binary)
			}
		})
	}
}

// What a backend refuses for good is refused where it comes in, whatever the protocol.
func TestPipelinesOfCataloguesBeginWithAdmission(t *testing.T) {
	files, err := filepath.Glob("*/components.yaml")
	require.NoError(t, err)
	require.Len(t, files, 3)
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		var config struct {
			Service struct {
				Pipelines map[string]struct{ Processors []string }
			}
		}
		require.NoError(t, yaml.Unmarshal(content, &config))
		require.NotEmpty(t, config.Service.Pipelines)
		for name, pipeline := range config.Service.Pipelines {
			if len(pipeline.Processors) > 0 { // else they are those of the embedded configuration
				assert.Equal(t, "admission", pipeline.Processors[0], "%s: %s", file, name)
			}
		}
	}
}

var kinds = []string{"receivers", "processors", "exporters", "connectors", "extensions"}

// components are those that a configuration has, kind/type.
func components(t *testing.T, config []byte) map[string]bool {
	t.Helper()
	var sections map[string]any
	require.NoError(t, yaml.Unmarshal(config, &sections))
	found := map[string]bool{}
	for _, kind := range kinds {
		section, _ := sections[kind].(map[string]any)
		for id := range section {
			kindOf, _, _ := strings.Cut(id, "/")
			found[kind+"/"+kindOf] = true
		}
	}
	return found
}

// compiledIn are the components of a binary, as it says itself.
func compiledIn(t *testing.T, binary string) map[string]bool {
	t.Helper()
	out, err := run(t, binary, "components")
	require.NoError(t, err, out)
	var lists map[string]yaml.Node
	require.NoError(t, yaml.Unmarshal([]byte(out), &lists))
	found := map[string]bool{}
	for _, kind := range kinds {
		node := lists[kind]
		var list []struct{ Name string }
		require.NoError(t, node.Decode(&list))
		for _, c := range list {
			found[kind+"/"+c.Name] = true
		}
	}
	require.NotEmpty(t, found)
	return found
}

// manifest is what OCB is given, as far as components are named in it.
type manifest map[string][]struct{ Gomod, Import string }

func readManifest(t *testing.T, file string) manifest {
	t.Helper()
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	var nodes map[string]yaml.Node
	require.NoError(t, yaml.Unmarshal(content, &nodes))
	m := manifest{}
	for _, kind := range append([]string{"providers", "converters"}, kinds...) {
		node := nodes[kind]
		list := m[kind]
		require.NoError(t, node.Decode(&list))
		m[kind] = list
	}
	return m
}

func TestADistributionIsPartOfTheGateway(t *testing.T) {
	whole := readManifest(t, filepath.Join(root(t), "builder-config.yaml"))
	manifests, err := filepath.Glob("*/builder-config.yaml")
	require.NoError(t, err)
	require.Len(t, manifests, 2)
	for _, file := range manifests {
		for kind, components := range readManifest(t, file) {
			for _, c := range components {
				assert.Contains(t, whole[kind], c, "%s: of the same version as in the gateway", file)
			}
		}
	}
}

// block is a block of YAML in a page of documentation.
var block = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$")

// Blocks that are not for a Collector begin with a comment that says for which program they are.
var foreign = regexp.MustCompile(`\A# (Prometheus|Loki|Tempo|Grafana|Kubernetes|Compose|values\.yaml)\b`)

// over is how a block says over which embedded configurations it is merged; without, it is over the gateway's.
var over = regexp.MustCompile(`\A# over ((?:embedded:\w+(?:, )?)+)`)

func TestEveryBlockOfYAMLInTheDocumentationIsAccepted(t *testing.T) {
	blocks := 0
	require.NoError(t, filepath.WalkDir(root(t), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && (d.Name() == "build" || d.Name() == ".git" || d.Name() == "node_modules") {
			return fs.SkipDir
		}
		if filepath.Ext(path) != ".md" {
			return nil
		}
		page, err := os.ReadFile(path)
		require.NoError(t, err)
		if strings.Contains(string(page), "Code generated by mdatagen") {
			return nil
		}
		name, err := filepath.Rel(root(t), path)
		require.NoError(t, err)
		for _, at := range block.FindAllSubmatchIndex(page, -1) {
			text := string(page[at[2]:at[3]])
			if foreign.MatchString(text) {
				continue
			}
			blocks++
			line := 1 + strings.Count(string(page[:at[0]]), "\n")
			t.Run(fmt.Sprintf("%s:%d", name, line), func(t *testing.T) {
				t.Parallel()
				acceptBlock(t, text)
			})
		}
		return nil
	}))
	assert.Positive(t, blocks)
}

func acceptBlock(t *testing.T, text string) {
	var sections map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &sections))
	for section := range sections {
		require.Contains(t, append([]string{"service"}, kinds...), section,
			"it is a Collector's configuration, or begins with a comment that says whose it is")
	}
	configs := []string{"embedded:gateway"}
	if m := over.FindStringSubmatch(text); m != nil {
		configs = strings.Split(m[1], ", ")
	}
	out, err := validate(t, runs(strings.TrimPrefix(configs[0], "embedded:")), append(configs, withSecrets(t, text))...)
	require.NoError(t, err, out)
}

// withSecrets writes a configuration to a file, with its paths below /etc/sealgate where there are such
// files, and with modules of filters.
func withSecrets(t *testing.T, config string) string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "config.yaml")
	config = strings.ReplaceAll(config, "/etc/sealgate/filters/", dir+"/")
	for _, module := range regexp.MustCompile(`/\S+\.wasm`).FindAllString(config, -1) { // one of ours stands for it
		wasm, err := builtin.Load("redact")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(module, wasm, 0o600))
	}
	require.NoError(t, os.WriteFile(file, []byte(strings.ReplaceAll(config, "/etc/sealgate/", secrets(t).dir+"/")), 0o600))
	return file
}
