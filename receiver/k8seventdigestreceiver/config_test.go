// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package k8seventdigestreceiver

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/sealgate/sealgate/internal/configtest"
)

func TestConfigurationsAreUnderstood(t *testing.T) {
	queue, elector := component.MustNewID("queue_storage"), component.MustNewID("k8s_leader_elector")
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	for name, want := range map[string]*Config{
		"k8s_event_digest": createDefaultConfig().(*Config),
		"k8s_event_digest/everything": {
			AuthType: KubeConfig, Context: "staging", Namespaces: []string{"shop", "kube-system"}, ClusterName: "shop-staging",
			Window: 10 * time.Minute, WorseFactor: 20, WorseLeast: 50, Examples: 3, MaxKinds: 10_000, MaxKindBytes: 10_000_000,
			MaxEvents: 50_000, MaxWaitingBytes: 1_000_000, Storage: &queue, SaveInterval: 30 * time.Second, LeaderElector: &elector,
		},
	} {
		sub, err := conf.Sub(name)
		require.NoError(t, err)
		cfg := createDefaultConfig()
		require.NoError(t, sub.Unmarshal(cfg))
		require.NoError(t, confmap.Validate(cfg))
		assert.Equal(t, want, cfg)
	}
}

func TestWrongSettingsAreNamed(t *testing.T) {
	for setting, wants := range map[string][]string{
		"auth_type: tls":                     {"`auth_type`", `"tls"`, "`serviceAccount`", "`kubeConfig`"},
		"context: staging":                   {"`context`", "`auth_type: kubeConfig`"},
		"namespaces: [Shop]":                 {"`namespaces`", `"Shop"`, "a to z"},
		"namespaces: [shop, shop]":           {"`namespaces`", `"shop" twice`},
		"window: 10ms":                       {"`window`", "10ms", "1s", "24h0m0s"},
		"save_interval: 2h":                  {"`save_interval`", "2h0m0s", "1h0m0s"},
		"worse_factor: 1":                    {"`worse_factor`", "from 2"},
		"worse_least: 0":                     {"`worse_least`", "from 1"},
		"examples: -1":                       {"`examples`", "from 1 to 100"},
		"max_kinds: 0":                       {"`max_kinds`", "from 1"},
		"max_kind_bytes: 1000":               {"`max_kind_bytes`", "from 1048576"},
		"max_events: 10":                     {"`max_events`", "from 1000"},
		"max_waiting_bytes: 0":               {"`max_waiting_bytes`", "from 65536"},
		"{window: 0, max_kinds: 0}":          {"`window`", "`max_kinds`"},
		"{auth_type: x, context: somewhere}": {"`auth_type`", "`context`"},
	} {
		cfg := createDefaultConfig()
		require.NoError(t, configtest.Parse(t, setting).Unmarshal(cfg), setting)
		err := confmap.Validate(cfg)
		require.Error(t, err, setting)
		for _, want := range wants {
			assert.ErrorContains(t, err, want, setting)
		}
	}
}

func TestEverySettingIsDocumented(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	config, err := os.ReadFile(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	for _, key := range configtest.Keys(reflect.TypeFor[Config]()) {
		assert.Contains(t, string(readme), "| `"+key+"` |")
		assert.Contains(t, string(config), key+": ")
	}
}
