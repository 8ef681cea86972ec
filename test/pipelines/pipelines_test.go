// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package pipelines runs the configurations of deploy/pipelines with the real
// gateway, and counts what arrives behind it.
package pipelines

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/test/backends"
	"github.com/sealgate/sealgate/test/harness"
)

// timeout is for a whole test. It is a limit, not a wait.
const timeout = 3 * time.Minute

// folder is where the configurations are.
func folder(t *testing.T) string {
	t.Helper()
	root, err := backends.Root()
	require.NoError(t, err)
	return filepath.Join(root, "deploy", "pipelines")
}

// configs returns base, an embedded configuration, and those that go over it: files of deploy/pipelines, and
// settings, which begin with yaml:.
func configs(t *testing.T, base string, over ...string) []string {
	t.Helper()
	all := []string{base}
	for _, config := range over {
		if !strings.HasPrefix(config, "yaml:") {
			config = filepath.Join(folder(t), config)
		}
		all = append(all, config)
	}
	return all
}

// compiled is where gateways find the filter that another one has compiled.
var compiled string

func TestMain(m *testing.M) {
	var err error
	if compiled, err = os.MkdirTemp("", "sealgate-pipelines-"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(compiled)
	os.Exit(code)
}

// start starts a gateway with its files in a folder of the test, and stops it at the test's end.
func start(ctx context.Context, t *testing.T, dir string, configs []string, at harness.Addresses, env ...string) *harness.Gateway {
	t.Helper()
	configs = append(configs, "yaml:processors::wasmfilter::cache_directory: "+compiled)
	g, err := harness.StartGateway(ctx, harness.Built(t, "SEALGATE_BIN"), dir, strings.Join(configs, "\n"), at, env...)
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, g.Stop())
		if t.Failed() {
			t.Logf("%s:\n%s", g.LogPath(), g.Log())
		}
	})
	return g
}

func startSink(t *testing.T) *harness.Sink {
	t.Helper()
	s, err := harness.StartSink()
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

// eventually waits until ok holds.
func eventually(ctx context.Context, t *testing.T, what string, ok func(context.Context) (bool, error)) {
	t.Helper()
	require.NoError(t, harness.Poll(ctx, what, ok))
}

// validate asks the gateway whether a configuration is good, and returns what it says.
func validate(t *testing.T, configs []string, env ...string) (string, error) {
	t.Helper()
	args := []string{"validate"}
	for _, config := range configs {
		args = append(args, "--config", config)
	}
	cmd := exec.Command(harness.Built(t, "SEALGATE_BIN"), args...)
	secrets, err := harness.Secrets(t.TempDir())
	require.NoError(t, err)
	cmd.Env = slices.Concat(os.Environ(), secrets, env)
	said, err := cmd.CombinedOutput()
	return string(said), err
}

// together lists configurations that are merged. What each says itself of how it is used, a test of package
// distributions tries.
var together = []struct {
	base  string
	files []string
}{
	{"embedded:gateway", []string{"tail-sampling.yaml", "span-metrics.yaml", "jvm-metrics.yaml"}},
	{"embedded:gateway", []string{"jvm-metrics.yaml", "span-metrics.yaml", "tail-sampling.yaml"}},
	{"embedded:gateway", []string{"kafka-gateway.yaml", "tail-sampling.yaml", "span-metrics.yaml", "jvm-metrics.yaml"}},
	{"embedded:gateway", []string{"kafka-gateway.yaml", "load-balancing.yaml", "load-balancing-dns.yaml"}},
	{"embedded:sealed", []string{"tail-sampling.yaml", "span-metrics.yaml", "jvm-metrics.yaml"}},
	{"embedded:sealed", []string{"kafka-agent.yaml", "kafka-sealed.yaml", "tail-sampling.yaml", "span-metrics.yaml"}},
}

var credentials = []string{"SEALGATE_KAFKA_USER=agent", "SEALGATE_KAFKA_PASSWORD=a password"}

func TestConfigurationsGoTogether(t *testing.T) {
	for _, c := range together {
		t.Run(c.base+" "+strings.Join(c.files, " "), func(t *testing.T) {
			t.Parallel()
			said, err := validate(t, configs(t, c.base, c.files...))
			require.NoError(t, err, said)
		})
	}
}

func TestAWrongValueIsRefusedWithItsKey(t *testing.T) {
	for _, c := range []struct{ file, wrong, says string }{
		{"tail-sampling.yaml", "SEALGATE_DECISION_WAIT=soon", "'decision_wait' time: invalid duration"},
		{"tail-sampling.yaml", "SEALGATE_NUM_TRACES=-1", "'num_traces' cannot parse value"},
		{"tail-sampling.yaml", "SEALGATE_SLOW_MS=2s", "'policies[1].latency.threshold_ms' expected type 'int64'"},
		{"tail-sampling.yaml", "SEALGATE_SAMPLE_PERCENT=many", "'policies[2].probabilistic.sampling_percentage' expected type 'float64'"},
		{"span-metrics.yaml", "SEALGATE_SPAN_METRICS_INTERVAL=-1s", "invalid metrics_flush_interval: -1s"},
		{"jvm-metrics.yaml", "SEALGATE_JVM_INTERVAL=0s", "processors::interval/jvm: invalid interval value"},
		{"load-balancing.yaml", "SEALGATE_SAMPLERS=", "no endpoints specified for the static resolver"},
		{"load-balancing.yaml", "SEALGATE_SAMPLER_INSECURE=maybe", "'protocol.otlp.tls.insecure' expected type 'bool'"},
		{"load-balancing.yaml", "yaml:exporters::load_balancing::routing_key: trace", "unsupported routing_key: trace"},
		{"kafka-gateway.yaml", "yaml:receivers::kafka::initial_offset: newest", "receivers::kafka::consumerconfig: initial_offset should be one of 'latest' or 'earliest'"},
		{"kafka-agent.yaml", "yaml:exporters::kafka::producer::compression: lzma", "exporters::kafka::producer: compression should be one of"},
		{"kafka-gateway-sasl.yaml", "SEALGATE_KAFKA_MECHANISM=md5", "mechanism should be one of 'PLAIN'"},
		{"kafka-gateway-sasl.yaml", "SEALGATE_KAFKA_USER=", "auth::sasl: username is required"},
	} {
		t.Run(c.wrong, func(t *testing.T) {
			t.Parallel()
			all, env := configs(t, "embedded:gateway", c.file), slices.Concat(credentials, []string{c.wrong})
			if strings.HasPrefix(c.wrong, "yaml:") {
				all, env = append(all, c.wrong), credentials
			}
			said, err := validate(t, all, env...)
			require.Error(t, err)
			assert.Contains(t, said, c.says)
		})
	}
}
