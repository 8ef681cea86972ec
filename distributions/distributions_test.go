// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package distributions

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"

	"github.com/sealgate/sealgate/test/harness"
)

func newProvider(t *testing.T) confmap.Provider {
	t.Helper()
	p := NewFactory().Create(confmap.ProviderSettings{})
	t.Cleanup(func() { require.NoError(t, p.Shutdown(context.Background())) })
	return p
}

func TestEveryFolderIsAnEmbeddedConfiguration(t *testing.T) {
	files, err := filepath.Glob("*/config.yaml")
	require.NoError(t, err)
	var folders []string
	for _, f := range files {
		folders = append(folders, filepath.Dir(f))
	}
	assert.Equal(t, folders, Names())
	assert.Subset(t, Names(), []string{"agent", "edge", "gateway", "local"})
}

func TestTheProviderServesEveryEmbeddedConfiguration(t *testing.T) {
	p := newProvider(t)
	assert.Equal(t, "embedded", p.Scheme())
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			retrieved, err := p.Retrieve(context.Background(), "embedded:"+name, nil)
			require.NoError(t, err)
			conf, err := retrieved.AsConf()
			require.NoError(t, err, "it is valid YAML")
			for _, section := range []string{"receivers", "processors", "exporters", "service::pipelines"} {
				assert.True(t, conf.IsSet(section), section)
			}
			for _, signal := range []string{"traces", "logs", "metrics"} {
				assert.Contains(t, conf.Get("service::pipelines::"+signal+"::processors"), "cloudlabels", signal)
			}
		})
	}
}

func TestTheProviderServesEveryOverlay(t *testing.T) {
	p := newProvider(t)
	for _, name := range Overlays() {
		assert.NotContains(t, Names(), name, "a name means one thing")
		retrieved, err := p.Retrieve(context.Background(), "embedded:"+name, nil)
		require.NoError(t, err)
		_, err = retrieved.AsConf()
		require.NoError(t, err, "it is valid YAML")
	}
}

func TestAnUnknownNameIsAnsweredWithThoseThatThereAre(t *testing.T) {
	p := newProvider(t)
	for _, uri := range []string{"embedded:", "embedded:gatway", "embedded:../distributions/local", "embedded:local/config.yaml", "embedded:/local"} {
		_, err := p.Retrieve(context.Background(), uri, nil)
		require.Error(t, err, uri)
		for _, name := range slices.Concat(Names(), Overlays()) {
			assert.ErrorContains(t, err, name, uri)
		}
	}
	_, err := p.Retrieve(context.Background(), "file:local", nil)
	assert.ErrorContains(t, err, `does not begin with "embedded:"`)
}

// binaries are the distributions by the name of their binary, and the variable that
// says where `make test` built each.
var binaries = map[string]string{
	"otelcol-sealgate":       "SEALGATE_BIN",
	"otelcol-sealgate-agent": "SEALGATE_AGENT_BIN",
	"otelcol-sealgate-edge":  "SEALGATE_EDGE_BIN",
}

const gateway = "otelcol-sealgate"

// validate runs `validate` of a built distribution and returns what it says.
func validate(t *testing.T, binary string, configs ...string) (string, error) {
	t.Helper()
	args := []string{"validate"}
	for _, c := range configs {
		args = append(args, "--config", c)
	}
	return run(t, binary, args...)
}

// run runs a built distribution to its end, on ports that the system picks. It skips
// the test where no variable says where it is.
func run(t *testing.T, binary string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), harness.Built(t, binaries[binary]), args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "SEALGATE_DATA="+t.TempDir(), "SEALGATE_METRICS_PORT=0",
		"SEALGATE_OTLP_GRPC=127.0.0.1:0", "SEALGATE_OTLP_HTTP=127.0.0.1:0", "SEALGATE_PROM=127.0.0.1:0", "SEALGATE_HEALTH=127.0.0.1:0")
	agents, err := harness.OutsideKubernetes(t.TempDir(), "http://127.0.0.1:1", "node")
	require.NoError(t, err)
	cmd.Env = slices.Concat(cmd.Env, agents, needed(), secrets(t).env)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// files are those that configurations read at a start.
type files struct {
	dir string
	env []string
}

// secrets returns files that are made once.
func secrets(t *testing.T) files {
	t.Helper()
	made, err := makeSecrets()
	require.NoError(t, err)
	return made
}

var (
	secretsDir  string // removed by TestMain
	makeSecrets = sync.OnceValues(func() (files, error) {
		env, err := harness.Secrets(secretsDir)
		return files{secretsDir, env}, err
	})
)

func TestMain(m *testing.M) {
	var err error
	if secretsDir, err = os.MkdirTemp("", "sealgate-secrets"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(secretsDir)
	os.Exit(code)
}

// needed are the variables that some samples have no default for.
func needed() []string {
	return []string{"SEALGATE_OIDC_ISSUER=https://issuer.example.org", "SEALGATE_KAFKA_USER=user", "SEALGATE_KAFKA_PASSWORD=password"}
}

// runs tells which binary an embedded configuration is for.
func runs(name string) string {
	if name == "agent" || name == "edge" {
		return gateway + "-" + name
	}
	return gateway
}

func TestEveryEmbeddedConfigurationIsAcceptedByItsDistribution(t *testing.T) {
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := validate(t, runs(name), "embedded:"+name)
			require.NoError(t, err, out)
		})
	}
}

func TestTheGatewayRefusesWrongConfigurationsByKeyAndAcceptedValues(t *testing.T) {
	for _, tt := range []struct {
		setting string
		wants   []string
	}{
		{"key_style: camel", []string{"processors::cloudlabels", "`key_style`", `"camel"`, "`underscore`", "`dotted`"}},
		{"vocabulary: long", []string{"`vocabulary`", `"long"`, "`short`", "`semconv`"}},
		{"on_unknown: fail", []string{"`on_unknown`", `"fail"`, "`keep`", "`drop`"}},
		{"on_conflict: join", []string{"`on_conflict`", `"join"`, "`canonical`", "`alias`", "`drop`"}},
		{"scopes: [event]", []string{"`scopes`", `"event"`, "`resource`", "`span`", "`record`", "`datapoint`"}},
		{"traces::key_style: camel", []string{"`traces`", "`key_style`", `"camel"`, "`underscore`", "`dotted`"}},
		{"aliases: {provider: {x: aws}}", []string{"`aliases`", `"provider"`, "`cloud.provider`", "`host.type`"}},
		{"keys: {region: [dc]}", []string{"`keys`", `"region"`, "`cloud.region`", "`host.type`"}},
		{"tenant: {from: [k8s.namespace.name], default: a/b}", []string{"processors::cloudlabels::tenant", "`default`", `"a/b"`, "letters"}},
		{"keystyle: dotted", []string{"cloudlabels", "keystyle"}},
	} {
		t.Run(tt.setting, func(t *testing.T) {
			out, err := validate(t, gateway, "embedded:local", "yaml:processors::cloudlabels::"+tt.setting)
			require.Error(t, err, "it was accepted")
			for _, want := range tt.wants {
				assert.Contains(t, out, want)
			}
		})
	}
}

func TestTheGatewayRefusesToSealWhatCannotBeSealed(t *testing.T) {
	for setting, wants := range map[string][]string{
		"service::pipelines::metrics::exporters: [sm4/tempo]": {"metrics can be sealed in an `archive` only", "Prometheus"},
		"exporters::sm4/tempo::keys: {sm2: {recipients: []}}": {"exporters::sm4/tempo::keys", "`sm2::recipients`", "sealctl keygen"},
		"exporters::sm4/tempo::archive: {directory: x}":       {"`archive` and `otlp_grpc`"},
		"exporters::sm4/tempo::seal: {mode: all}":             {"exporters::sm4/tempo::seal", "`mode`", "`record`", "`fields`"},
		"exporters::sm4/tempo::null: {}":                      {"null"},
		"exporters::sm4/tempo::-: {}":                         {"sm4/tempo"},
	} {
		t.Run(setting, func(t *testing.T) {
			out, err := validate(t, gateway, "embedded:sealed", "yaml:"+setting)
			require.Error(t, err, "it was accepted")
			for _, want := range wants {
				assert.Contains(t, out, want)
			}
		})
	}
}

// What is missing at start has to be said by its name, and nothing may be served.
func TestTheGatewayDoesNotStartWithoutItsKeys(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "reader.pub.pem")
	for _, args := range [][]string{{}, {"validate"}} {
		out, err := run(t, gateway, append(args, "--config", "embedded:local", "--config", "yaml:exporters::sm4::keys::sm2::recipients: ["+missing+"]")...)
		require.Error(t, err)
		assert.Contains(t, out, missing)
		assert.Contains(t, out, "`keys`")
	}
}

func TestTheGatewayAnswersAnUnknownNameWithThoseThatThereAre(t *testing.T) {
	out, err := validate(t, gateway, "embedded:gatway")
	require.Error(t, err)
	for _, name := range Names() {
		assert.Contains(t, out, name)
	}
}
