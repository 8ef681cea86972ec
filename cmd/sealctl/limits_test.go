// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// at returns the value at a path of keys in YAML.
func at(t *testing.T, text string, path ...string) any {
	t.Helper()
	var value any
	require.NoError(t, yaml.Unmarshal([]byte(text), &value), text)
	for _, key := range path {
		m, ok := value.(map[string]any)
		require.True(t, ok, "%v in %s", path, text)
		value = m[key]
	}
	return value
}

func TestLimitsFollowTheConfiguration(t *testing.T) {
	for name, tt := range map[string]struct {
		args []string
		path []string
		want any
	}{
		"Tempo says that it can be tried again": {[]string{"--for", "tempo"}, []string{"distributor", "retry_after_on_resource_exhausted"}, "1s"},
		"Tempo drops no trace unseen":           {[]string{"--for", "tempo"}, []string{"overrides", "defaults", "ingestion", "max_traces_per_user"}, 0},
		"Tempo takes larger requests": {
			[]string{"--for", "tempo", "--config", "embedded:gateway", "--config", "yaml:exporters::otlp_grpc/tempo::sending_queue::batch::max_size: 9000000"},
			[]string{"distributor", "receivers", "otlp", "protocols", "grpc", "max_recv_msg_size_mib"}, 9,
		},
		"Tempo's burst is larger than a request": {
			[]string{"--for", "tempo", "--config", "embedded:gateway", "--config", "yaml:exporters::otlp_grpc/tempo::sending_queue::batch::max_size: 20000000"},
			[]string{"overrides", "defaults", "ingestion", "burst_size_bytes"}, 40_000_000,
		},
		"Loki's age is its own": {[]string{"--for", "loki"}, []string{"limits_config", "reject_old_samples_max_age"}, nil},
		"another age": {
			[]string{"--for", "loki", "--config", "embedded:gateway", "--config", "yaml:processors::admission::logs::max_age: 720h"},
			[]string{"limits_config", "reject_old_samples_max_age"}, "720h0m0s",
		},
		"Loki's line":                 {[]string{"--for", "loki"}, []string{"limits_config", "max_line_size"}, "262144B"},
		"a sealed line":               {[]string{"--for", "loki", "--config", "embedded:sealed"}, []string{"limits_config", "max_line_size"}, "393216B"},
		"sealed metadata":             {[]string{"--for", "loki", "--config", "embedded:sealed"}, []string{"limits_config", "max_structured_metadata_size"}, "98304B"},
		"a gateway without admission": {[]string{"--for", "loki", "--config", "yaml:exporters: {otlp_http: }"}, []string{"limits_config", "max_line_size"}, "262144B"},
		"Prometheus takes any order":  {[]string{"--for", "prometheus"}, []string{"storage", "tsdb", "out_of_order_time_window"}, "30m"},
		"a processor by another name": {[]string{"--for", "loki", "--config", "yaml:processors: {admission/x: {logs: {max_attributes: 9}}}"}, []string{"limits_config", "max_structured_metadata_entries_count"}, 9},
	} {
		t.Run(name, func(t *testing.T) {
			r := sealctl(t, append([]string{"limits"}, tt.args...)...)
			require.Zero(t, r.code, r.stderr)
			assert.Equal(t, tt.want, at(t, r.stdout, tt.path...))
		})
	}
}

func TestWrongLimitsAreRefusedByName(t *testing.T) {
	for name, tt := range map[string]struct {
		args []string
		says string
	}{
		"no backend":      {[]string{"limits"}, `--for "" must be one of prometheus, loki, tempo`},
		"an argument":     {[]string{"limits", "--for", "loki", "x"}, `"x"`},
		"a wrong setting": {[]string{"limits", "--for", "loki", "--config", "yaml:processors::admission::delta: x"}, "processors::admission: `delta`"},
		"no such file":    {[]string{"limits", "--for", "loki", "--config", "nowhere.yaml"}, "nowhere.yaml"},
		"an unknown key":  {[]string{"limits", "--for", "loki", "--config", "yaml:processors::admission::max_items: 1"}, "max_items"},
	} {
		t.Run(name, func(t *testing.T) {
			r := sealctl(t, tt.args...)
			assert.NotZero(t, r.code)
			assert.Contains(t, r.stderr, tt.says)
		})
	}
}
