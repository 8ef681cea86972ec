// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package cloudlabelsprocessor

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/sealgate/sealgate/internal/configtest"
	"github.com/sealgate/sealgate/labels"
)

func TestConfigurationsAreUnderstood(t *testing.T) {
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)

	defaults := func(change func(*Config)) *Config {
		cfg := createDefaultConfig().(*Config)
		change(cfg)
		return cfg
	}
	wants := map[string]*Config{
		"cloudlabels": defaults(func(*Config) {}),
		"cloudlabels/default": defaults(func(cfg *Config) {
			cfg.Scopes = []Scope{}
			cfg.Aliases = map[string]map[string]string{}
			cfg.Keys = map[string][]string{}
			cfg.Static = []StaticRule{}
			cfg.Tenant.From = []string{}
		}),
		"cloudlabels/everything": {
			KeyStyle:   labels.Dotted,
			Vocabulary: labels.Semconv,
			OnUnknown:  labels.DropUnknown,
			OnConflict: labels.PreferAlias,
			Scopes:     []Scope{ScopeResource, ScopeSpan, ScopeRecord, ScopeDatapoint},
			Promote:    false,
			Aliases: map[string]map[string]string{
				"cloud.provider": {"IDC Frankfurt": "on_premises", "nimbus": "nimbus_cloud"},
				"cloud.region":   {"hz": "cn-hangzhou"},
			},
			Keys: map[string][]string{
				"cloud.region": {"dc", "datacenter.region"},
				"host.id":      {"machine.id"},
			},
			Infer:        InferConfig{MinConfidence: labels.Weak},
			Plausibility: labels.CountImplausible,
			Static: []StaticRule{
				{
					Match: map[string]string{"k8s.cluster.name": "idc-*", "deployment.environment.name": "production"},
					Set:   map[string]string{"cloud.provider": "on_premises", "cloud.region": "idc-frankfurt"},
				},
				{Match: map[string]string{"k8s.cluster.name": "idc-*"}, Set: map[string]string{"cloud.provider": "on_premises"}},
			},
			Tenant: TenantConfig{
				From: []string{"cloud.account.id", "k8s.namespace.name"}, Separator: "_", Default: "nobody", Attribute: "org", Header: "X-Tenant",
			},
			Traces:  SignalConfig{KeyStyle: labels.Underscore},
			Metrics: SignalConfig{KeyStyle: labels.Underscore},
			Logs:    SignalConfig{KeyStyle: labels.Dotted},
		},
		"cloudlabels/per_signal": defaults(func(cfg *Config) {
			cfg.Traces.KeyStyle = labels.Dotted
			cfg.Metrics.KeyStyle = labels.Underscore
			cfg.Logs.KeyStyle = labels.Underscore
		}),
		"cloudlabels/tenants": defaults(func(cfg *Config) {
			cfg.Tenant.From = []string{"k8s.cluster.name", "k8s.namespace.name"}
		}),
		"cloudlabels/strict": defaults(func(cfg *Config) {
			cfg.OnUnknown = labels.DropUnknown
			cfg.OnConflict = labels.DropConflict
			cfg.Infer.Enabled = false
			cfg.Plausibility = labels.IgnoreImplausible
		}),
		"cloudlabels/hybrid": defaults(func(cfg *Config) {
			cfg.Infer.MinConfidence = labels.Weak
			cfg.Static = []StaticRule{{Match: map[string]string{"k8s.cluster.name": "idc-*"}, Set: map[string]string{"cloud.provider": "on_premises"}}}
		}),
	}
	for name := range conf.ToStringMap() {
		assert.Contains(t, wants, name, "every instance of the file is compared")
	}
	for name, want := range wants {
		t.Run(name, func(t *testing.T) {
			sub, err := conf.Sub(name)
			require.NoError(t, err)
			got := createDefaultConfig().(*Config)
			require.NoError(t, sub.Unmarshal(got))
			assert.Equal(t, want, got)
			assert.NoError(t, confmap.Validate(got))
		})
	}
}

func TestTheSampleConfigurationShowsEveryOption(t *testing.T) {
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	for _, instance := range []string{"cloudlabels/default", "cloudlabels/everything"} {
		for _, key := range configtest.Keys(reflect.TypeFor[Config]()) {
			assert.True(t, conf.IsSet(instance+"::"+key), "%s in %s", key, instance)
		}
	}
}

func TestWrongConfigurationsAreRefusedByKeyAndAcceptedValues(t *testing.T) {
	const keyNames = "`cloud.provider`, `cloud.platform`, `cloud.region`, `cloud.availability_zone`, " +
		"`cloud.account.id`, `cloud.resource_id`, `host.id`, `host.type`"
	for _, tt := range []struct {
		yaml  string
		wants []string
	}{
		{`key_style: camel`, []string{"`key_style` is \"camel\", which is not one of `underscore`, `dotted`"}},
		{`key_style: ""`, nil},
		{`vocabulary: long`, []string{"`vocabulary` is \"long\", which is not one of `short`, `semconv`"}},
		{`on_unknown: fail`, []string{"`on_unknown` is \"fail\", which is not one of `keep`, `drop`"}},
		{`on_conflict: join`, []string{"`on_conflict` is \"join\", which is not one of `canonical`, `alias`, `drop`"}},
		{`scopes: [span, event]`, []string{"`scopes` has \"event\", which is not one of `resource`, `span`, `record`, `datapoint`"}},
		{`scopes: [metric, log]`, []string{"`scopes` has \"metric\"", "`scopes` has \"log\""}},
		{`traces: {key_style: camel}`, []string{"`traces`: `key_style` is \"camel\", which is not one of `underscore`, `dotted`"}},
		{`metrics: {key_style: camel}`, []string{"`metrics`: `key_style` is \"camel\""}},
		{`logs: {key_style: camel}`, []string{"`logs`: `key_style` is \"camel\""}},
		{`aliases: {cloud_provider: {x: aws}}`, []string{"`aliases` has \"cloud_provider\", which is not one of " + keyNames}},
		{`aliases: {cloud.provider: {"": aws}}`, []string{"`aliases`: an alias under `cloud.provider` is empty"}},
		{`aliases: {cloud.provider: {x: ""}}`, []string{"`aliases`: \"x\" under `cloud.provider` has no value"}},
		{`aliases: {cloud.provider: {x: y, y: z}}`, []string{"`aliases`: \"x\" under `cloud.provider` becomes \"y\", which itself becomes \"z\""}},
		{`keys: {region: [dc]}`, []string{"`keys` has \"region\", which is not one of " + keyNames}},
		{`keys: {cloud.region: [cloud.zone]}`, []string{"`keys`: \"cloud.zone\" under `cloud.region` is a spelling of `cloud.availability_zone` already"}},
		{`keys: {cloud.region: [""]}`, []string{"`keys`: \"\" under `cloud.region` cannot be the key of an attribute"}},
		{`infer: {min_confidence: sure}`, []string{"`infer.min_confidence` is \"sure\", which is not one of `strong`, `weak`"}},
		{`plausibility: maybe`, []string{"`plausibility` is \"maybe\", which is not one of `repair`, `count`, `off`"}},
		{`static: [{match: {a.b: x}, set: {region: y}}]`, []string{"`static[0]`: `set` has \"region\", which is not one of " + keyNames}},
		{`static: [{match: {a.b: x}, set: {cloud.region: y}}, {match: {cloud.region: x}, set: {cloud.provider: nimbus}}]`, []string{
			"`static[1]`: `match`: \"cloud.region\" is a spelling of `cloud.region`", "`set`: \"nimbus\" is no known `cloud.provider`"}},
		{`static: [{}]`, []string{"`static[0]`: `match` is empty", "`set` is empty"}},
		{`tenant: {from: [a, ""]}`, []string{"tenant: `from` has \"\", which is empty or there twice"}},
		{`tenant: {from: [a, a]}`, []string{"`from` has \"a\", which is empty or there twice"}},
		{`tenant: {from: [a, b], separator: /}`, []string{"`separator` is \"/\", must be a letter, a digit or one of !-_.*'()"}},
		{`tenant: {from: [a, b], separator: --}`, []string{"`separator` is \"--\""}},
		{`tenant: {from: [a, b], separator: ""}`, []string{"`separator` is \"\""}},
		{`tenant: {default: ..}`, []string{"`default` is \"..\", must be 1 to 150 letters, digits and !-_.*'()"}},
		{`tenant: {header: "X Y"}`, []string{"`header` is \"X Y\", must be the name of a header"}},
		{"on_unknown: fail\nscopes: [event]\nlogs: {key_style: camel}", []string{"`on_unknown`", "`scopes`", "`logs`: `key_style`"}},
	} {
		t.Run(tt.yaml, func(t *testing.T) {
			cfg := createDefaultConfig().(*Config)
			require.NoError(t, configtest.Parse(t, tt.yaml).Unmarshal(cfg))
			err := confmap.Validate(cfg)
			if len(tt.wants) == 0 {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			for _, want := range tt.wants {
				assert.ErrorContains(t, err, want)
			}
		})
	}
}

func TestUnknownKeysAreRefused(t *testing.T) {
	for _, yaml := range []string{`keystyle: dotted`, `traces: {vocabulary: short}`, `promote: 7x`, `scopes: {span: true}`} {
		assert.Error(t, configtest.Parse(t, yaml).Unmarshal(createDefaultConfig()), yaml)
	}
}

// configured returns the configuration that yaml describes.
func configured(t testing.TB, yaml string) *Config {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, configtest.Parse(t, yaml).Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	return cfg
}

func TestTheReadmeNamesEveryOptionLabelAndValue(t *testing.T) {
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	readme := string(text)
	for _, key := range configtest.Keys(reflect.TypeFor[Config]()) {
		assert.Contains(t, readme, "| `"+strings.ReplaceAll(key, "::", ".")+"` |", "option")
	}
	for _, s := range allScopes {
		assert.Contains(t, readme, "`"+string(s)+"`", "scope")
	}
	for _, k := range labels.Keys() {
		assert.Contains(t, readme, "| `"+k.Name(labels.Underscore)+"` | `"+k.Name(labels.Dotted)+"` |", "label")
	}
	for _, p := range sourceLists(t, "values.go", `short: "(.+?)", semconv: "(.+?)"`, 19) {
		assert.Contains(t, readme, "| `"+p[1]+"` | `"+p[2]+"`", "provider")
	}
	for _, v := range sourceLists(t, "key.go", `(?m)^\t\t"(.+?)",`, 21) {
		assert.Contains(t, readme, "`"+v[1]+"`", "spelling")
	}
	folded := regexp.MustCompile(`[^a-zA-Z0-9]+`).ReplaceAllString(readme, "_")
	for _, v := range sourceLists(t, "evidence.go", `(?m)^\t\{"_*(.+?)_?",`, 39) {
		assert.Contains(t, folded, v[1], "prefix of a vendor's key")
	}
	for _, v := range sourceLists(t, "evidence.go", `"([a-zA-Z0-9_]+(?:\.[a-zA-Z0-9_]+)+)"`, 20) {
		assert.Contains(t, readme, "`"+v[1]+"`", "key of evidence")
	}
}

// sourceLists returns what pattern matches in a file of package labels, which
// keeps its lists to itself, and makes sure that there are at least so many.
func sourceLists(t *testing.T, file, pattern string, atLeast int) [][]string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("..", "..", "labels", file))
	require.NoError(t, err)
	matches := regexp.MustCompile(pattern).FindAllStringSubmatch(string(source), -1)
	require.GreaterOrEqual(t, len(matches), atLeast, "%s in %s", pattern, file)
	return matches
}
