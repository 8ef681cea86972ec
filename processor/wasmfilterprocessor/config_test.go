// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmfilterprocessor

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/sealgate/sealgate/internal/configtest"
	"github.com/sealgate/sealgate/wasmhost"
)

// configured returns the configuration that yaml describes, as the Collector would
// make it.
func configured(t testing.TB, text string) *Config {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, configtest.Parse(t, text).Unmarshal(cfg))
	return cfg
}

func sampleConf(t *testing.T) *confmap.Conf {
	t.Helper()
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	return conf
}

func TestConfigurationsAreUnderstood(t *testing.T) {
	conf := sampleConf(t)
	sample := func(name string) *Config {
		sub, err := conf.Sub(name)
		require.NoError(t, err)
		cfg := createDefaultConfig().(*Config)
		require.NoError(t, sub.Unmarshal(cfg))
		require.NoError(t, confmap.Validate(cfg))
		return cfg
	}
	short, full := sample("wasmfilter"), sample("wasmfilter/default")
	full.Config, full.Defaults, full.Allow, full.NeverDrop.Attributes = nil, nil, nil, nil // empty, in the file
	assert.Equal(t, short, full, "the defaults that the file shows are the defaults")

	all := sample("wasmfilter/everything")
	config, err := all.guestConfig()
	require.NoError(t, err)
	assert.JSONEq(t, `{"rules": [
		{"name": "health checks", "drop": true, "any": [{"body_contains": ["kube-probe/", "/healthz"]}, {"attribute": "http.route", "equals": "/healthz"}]},
		{"name": "debug", "drop": true, "severity_below": "INFO"}]}`, string(config))
	all.Config = nil
	assert.Equal(t, &Config{
		Module: "/etc/sealgate/filters/rules.wasm", Digest: "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
		OnError: "refuse", NeverDrop: NeverDropConfig{Severity: "ERROR", Attributes: map[string]string{"audit": "true", "security.event": "*"}},
		Allow: wasmhost.Changes(), Defaults: map[string]map[string]any{"builtin:redundancy": {"window": "5m"}},
		InferSeverity: "set", MetadataKeys: []string{"X-Tenant"},
		Reports: ReportMetric, FlushInterval: time.Minute, AuditOneIn: 1000, MemoryMiB: 16, Instances: 1, FuelPerRecord: 2000,
		ReloadInterval: 30 * time.Second, TrialRecords: 5000, CacheDirectory: "/var/cache/sealgate",
	}, all)
}

// An overlay is merged over a configuration before the processor sees either.
func TestAnOverlayWithAnotherModuleInheritsNoConfiguration(t *testing.T) {
	const base = "module: builtin:redundancy\ndefaults: {builtin:redundancy: {window: 60s, identity: {parts: [body]}}}"
	for overlay, want := range map[string]string{
		"{}": `{"window":"60s","identity":{"parts":["body"]}}`, "config: {window: 5m}": `{"window":"5m","identity":{"parts":["body"]}}`,
		"module: builtin:rules": `{}`, "module: builtin:rules\nconfig: {rules: []}": `{"rules":[]}`,
	} {
		conf := confmap.New()
		for _, text := range []string{base, overlay} {
			part, err := confmap.NewRetrievedFromYAML([]byte(text))
			require.NoError(t, err)
			layer, err := part.AsConf()
			require.NoError(t, err)
			require.NoError(t, conf.Merge(layer))
		}
		cfg := createDefaultConfig().(*Config)
		require.NoError(t, conf.Unmarshal(cfg))
		config, err := cfg.guestConfig()
		require.NoError(t, err)
		assert.JSONEq(t, want, string(config), overlay)
	}
}

func TestTheSampleConfigurationShowsEveryOption(t *testing.T) {
	conf := sampleConf(t)
	for _, instance := range []string{"wasmfilter/default", "wasmfilter/everything"} {
		for _, key := range configtest.Keys(reflect.TypeFor[Config]()) {
			assert.True(t, conf.IsSet(instance+"::"+key), "%s in %s", key, instance)
		}
	}
}

func TestWrongConfigurationsAreRefusedByKeyAndAcceptedValues(t *testing.T) {
	for yaml, want := range map[string]string{
		"{}":                                     "`module` is empty",
		"module: x\ndigest: md5:00":              "`digest` is \"md5:00\"; it has to be sha256:<hex> or sm3:<hex>",
		"module: x\non_error: stop":              "`on_error` is \"stop\", which is not one of `pass`, `drop`, `refuse`",
		"module: x\nallow: [time]":               "`allow` has \"time\", which is not one of `attributes`, `body`, `severity`",
		"module: x\nreports: mail":               "`reports` is \"mail\", which is not one of `log`, `metric`",
		"module: x\nflush_interval: 0s":          "`flush_interval` is 0s",
		"module: x\naudit_one_in: -1":            "`audit_one_in` is -1",
		"module: x\nmemory_mib: 0":               "`memory_mib` is 0; it has to be 1 to 4096",
		"module: x\ninstances: -1":               "`instances` is -1",
		"module: x\nfuel_per_record: 0":          "`fuel_per_record` is 0",
		"module: x\nreload_interval: -1s":        "`reload_interval` is -1s",
		"module: x\ntrial_records: -1":           "`trial_records` is -1",
		"module: x\nnever_drop: {severity: bad}": "`severity` is \"bad\", which is not one of `TRACE`, `DEBUG`, `INFO`, `WARN`, `ERROR`, `FATAL`, `NONE`",
	} {
		assert.ErrorContains(t, confmap.Validate(configured(t, yaml)), want, yaml)
	}
}

func TestNoConfigurationTurnsTheGuardOff(t *testing.T) {
	for _, key := range []string{"-", "unmetered", "Unmetered", "_", "LeaveGuardOut", "guard"} {
		cfg := createDefaultConfig().(*Config)
		assert.Error(t, confmap.NewFromStringMap(map[string]any{key: map[string]any{}}).Unmarshal(cfg), key)
	}
}

func TestTheReadmeHasEveryKey(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	for _, key := range configtest.Keys(reflect.TypeFor[Config]()) {
		assert.Contains(t, string(readme), "`"+strings.ReplaceAll(key, "::", ".")+"`")
	}
}
