// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sm4exporter

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sealgate/sealgate/internal/configtest"
	"github.com/sealgate/sealgate/seal"
	"github.com/sealgate/sealgate/seal/archive"
)

// configured returns the configuration that yaml describes, as the Collector would
// make it.
func configured(t testing.TB, text string) *Config {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, configtest.Parse(t, text).Unmarshal(cfg))
	return cfg
}

func sample(t *testing.T, name string) *Config {
	t.Helper()
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	sub, err := conf.Sub(name)
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, sub.Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	return cfg
}

func TestTheShortestConfigurationHasGoodDefaults(t *testing.T) {
	cfg := sample(t, "sm4")
	assert.Equal(t, []string{"/etc/sealgate/keys/reader.pub.pem"}, cfg.Keys.SM2.Get().Recipients)
	assert.Equal(t, time.Hour, cfg.Keys.RotateAfter)
	assert.Equal(t, 24*time.Hour, cfg.Keys.MaxAge)
	assert.Equal(t, uint64(1<<32), cfg.Keys.MaxSeals)
	assert.Equal(t, &ArchiveConfig{
		Directory: "/var/lib/sealgate/sealed", MaxFileMiB: 256, MaxFileAge: time.Hour, FrameKiB: 4096,
		Fsync: archive.SyncFrame, FsyncInterval: time.Second,
	}, cfg.Archive.Get())
	assert.False(t, cfg.OTLPGRPC.HasValue() || cfg.OTLPHTTP.HasValue())
}

func TestEveryOptionIsUnderstood(t *testing.T) {
	a := sample(t, "sm4/archive")
	assert.Len(t, a.Keys.SM2.Get().Recipients, 2)
	assert.Equal(t, "/etc/sealgate/keys/kek.key", a.Keys.File.Get().Path)
	assert.Equal(t, "SEALGATE_KEK", a.Keys.Env.Get().Variable)
	assert.Equal(t, &CommandConfig{ID: "kms-2026", Argv: []string{"/usr/local/bin/kms-wrap", "--key", "sealgate"}, Timeout: 3 * time.Second}, a.Keys.Command.Get())
	assert.Equal(t, 30*time.Minute, a.Keys.RotateAfter)
	assert.Equal(t, 2*time.Hour, a.Keys.MaxAge)
	assert.Equal(t, uint64(1e6), a.Keys.MaxSeals)
	assert.Equal(t, &ArchiveConfig{
		Directory: "/var/lib/sealgate/sealed", MaxFileMiB: 64, MaxFileAge: 10 * time.Minute, FrameKiB: 1024,
		Fsync: archive.SyncInterval, FsyncInterval: 5 * time.Second, DiskBudgetMiB: 20480,
	}, a.Archive.Get())

	grpc := sample(t, "sm4/tempo")
	assert.Equal(t, SealConfig{
		Mode: ModeRecord, Keep: []string{"service.name", "cloud_*", "k8s.namespace.name", "http.response.status_code"},
		Search: []string{"user.id", "order.id"}, SearchKey: SearchKeyConfig{File: "/etc/sealgate/keys/search.key"},
	}, grpc.Seal)
	assert.Equal(t, "tempo.example.org:4317", grpc.OTLPGRPC.Get().ClientConfig.Endpoint)
	assert.Equal(t, "queue_storage", grpc.OTLPGRPC.Get().QueueConfig.Get().StorageID.String())

	http := sample(t, "sm4/loki")
	assert.Equal(t, ModeFields, http.Seal.Mode)
	assert.Equal(t, []string{"user.*", "client.address", "http.request.header.*"}, http.Seal.Attributes)
	assert.Equal(t, "SEALGATE_SEARCH_KEY", http.Seal.SearchKey.Env)
	assert.Equal(t, "https://loki.example.org/otlp", http.OTLPHTTP.Get().ClientConfig.Endpoint)
}

func TestTheSampleConfigurationShowsEveryOption(t *testing.T) {
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	for _, key := range configtest.Keys(reflect.TypeFor[Config]()) {
		shown := false
		for instance := range conf.ToStringMap() {
			shown = shown || conf.IsSet(instance+"::"+key)
		}
		assert.True(t, shown, "%s is shown", key)
	}
}

// Pieces of configurations that are right.
const (
	goodKeys    = "keys: {sm2: {recipients: [a.pem]}}\n"
	goodArchive = "archive: {directory: d}\n"
	goodGRPC    = "otlp_grpc: {endpoint: 'localhost:4317'}\n"
)

func TestWrongConfigurationsAreRefusedByKeyAndAcceptedValues(t *testing.T) {
	for _, tt := range []struct {
		name, yaml string
		wants      []string
	}{
		{"no destination", goodKeys, []string{"name one of `archive`, `otlp_grpc`, `otlp_http`"}},
		{"two destinations", goodKeys + goodArchive + goodGRPC, []string{"`archive` and `otlp_grpc`", "an exporter has one"}},
		{"no keys", goodArchive, []string{"keys", "name one or more of `sm2`, `file`, `env`, `command`"}},
		{"no recipients", goodArchive + "keys: {sm2: {recipients: []}}", []string{"`sm2::recipients`", "sealctl keygen"}},
		{"an empty recipient", goodArchive + "keys: {sm2: {recipients: ['']}}", []string{"`sm2::recipients`"}},
		{"no key file", goodArchive + "keys: {file: {path: ''}}", []string{"keys::file: `path` is empty"}},
		{"no variable", goodArchive + "keys: {env: {}}", []string{"keys::env: `variable` is empty"}},
		{"no command", goodArchive + "keys: {command: {id: k}}", []string{"keys::command: `argv` is empty"}},
		{"no command id", goodArchive + "keys: {command: {argv: [x], timeout: 0s}}", []string{"keys::command: `id`", "`timeout` is 0s"}},
		{"no rotation", goodArchive + "keys: {sm2: {recipients: [a]}, rotate_after: 0s}", []string{"`rotate_after` is 0s"}},
		{"a limit below rotation", goodArchive + "keys: {sm2: {recipients: [a]}, max_age: 1m}", []string{"`max_age` is 1m0s", "`rotate_after`"}},
		{"too many seals", goodArchive + "keys: {sm2: {recipients: [a]}, max_seals: 4294967297}", []string{"`max_seals` is 4294967297", "4294967296"}},
		{"no directory", goodKeys + "archive: {}", []string{"`directory` is empty"}},
		{"wrong sizes", goodKeys + "archive: {directory: d, max_file_mib: 0, frame_kib: 70000, disk_budget_mib: -1}", []string{"`max_file_mib` is 0", "`frame_kib` is 70000; it has to be 1 to 65536", "`disk_budget_mib` is -1"}},
		{"wrong times", goodKeys + "archive: {directory: d, max_file_age: 0s, fsync_interval: 0s}", []string{"`max_file_age` is 0s", "`fsync_interval` is 0s"}},
		{"wrong sync", goodKeys + "archive: {directory: d, fsync: always}", []string{"`fsync` is \"always\", which is not one of `frame`, `interval`, `never`"}},
		{"sealing of an archive", goodKeys + goodArchive + "seal: {search: [a], search_key: {env: X}}", []string{"an `archive` seals everything"}},
		{"a wrong mode", goodKeys + goodGRPC + "seal: {mode: all}", []string{"`mode` is \"all\", which is not one of `record`, `fields`"}},
		{"fields without attributes", goodKeys + goodGRPC + "seal: {mode: fields}", []string{"`attributes` is empty"}},
		{"record with attributes", goodKeys + goodGRPC + "seal: {attributes: [a]}", []string{"`attributes`", "`keep`"}},
		{"search without a key", goodKeys + goodGRPC + "seal: {search: [user.id]}", []string{"`search` needs a `search_key`", "sealctl keygen --symmetric"}},
		{"two search keys", goodKeys + goodGRPC + "seal: {search: [user.id], search_key: {file: f, env: e}}", []string{"`search_key` names a `file` and an `env`"}},
		{"search with a wildcard", goodKeys + goodGRPC + "seal: {search: ['user.*'], search_key: {env: e}}", []string{"`search`", "user.*"}},
		{"search of a kept attribute", goodKeys + goodGRPC + "seal: {search: [user.id], keep: ['user.*'], search_key: {env: e}}", []string{"`search`", "\"user.id\" is also on `keep`", "in the clear beside its token"}},
		{"search of a default", goodKeys + goodGRPC + "seal: {search: [service.name], search_key: {env: e}}", []string{"`search`", "service.name", "`keep`"}},
		{"search of a clear field", goodKeys + goodGRPC + "seal: {mode: fields, attributes: [a], search: [user.id], search_key: {env: e}}", []string{"`search`", "user.id", "`attributes`"}},
		{"our own attributes", goodKeys + goodGRPC + "seal: {keep: [sealed.span]}", []string{"`keep`", "sealed.span"}},
		{"no endpoint", goodKeys + "otlp_grpc: {}", []string{"otlp_grpc", "endpoint"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := confmap.Validate(configured(t, tt.yaml))
			require.Error(t, err)
			for _, want := range tt.wants {
				assert.ErrorContains(t, err, want)
			}
		})
	}
}

func TestListsOfNamesMayBeATextWithCommas(t *testing.T) {
	for given, want := range map[string][]string{
		"user.id":                 {"user.id"},
		"'user.id,enduser.id'":    {"user.id", "enduser.id"},
		"' user.id , enduser.id'": {"user.id", "enduser.id"},
		"[user.id, enduser.id]":   {"user.id", "enduser.id"},
		"[a name with blanks]":    {"a name with blanks"},
		"user.id enduser.id":      {"user.id", "enduser.id"},
		"user.id;enduser.id":      {"user.id", "enduser.id"},
		"'user.id; enduser.id,'":  {"user.id", "enduser.id"},
	} {
		cfg := configured(t, "seal: {search: "+given+", keep: "+given+", attributes: "+given+"}").Seal
		assert.Equal(t, [][]string{want, want, want}, [][]string{cfg.Search, cfg.Keep, cfg.Attributes}, given)
	}
}

func TestNamesWithBlanksAroundThemAreRefused(t *testing.T) {
	for _, list := range []string{"search: [user.id, ' enduser.id'], search_key: {env: E}", "search: ['user.id '], search_key: {env: E}", "keep: [' service.name']"} {
		err := confmap.Validate(configured(t, goodKeys+goodGRPC+"seal: {"+list+"}"))
		assert.ErrorContains(t, err, "white space", list)
	}
}

func TestAnUnknownKeyIsRefused(t *testing.T) {
	for _, key := range []string{"keyz", "keys::sm3", "archive::dir", "seal::field", "otlp_grpc::end_point"} {
		raw := confmap.NewFromStringMap(map[string]any{key: "x"})
		err := raw.Unmarshal(createDefaultConfig())
		assert.Error(t, err, key)
	}
}

func TestNoConfigurationTurnsSealingOff(t *testing.T) {
	for _, key := range []string{"-", "null", "Null", "_", "LeaveCipherOut", "switches"} {
		cfg := createDefaultConfig().(*Config)
		assert.Error(t, confmap.NewFromStringMap(map[string]any{key: map[string]any{}}).Unmarshal(cfg), key)
	}
	for field := range reflect.TypeFor[Config]().Fields() {
		assert.NotEqual(t, "-", field.Tag.Get("mapstructure"), field.Name)
	}
}

func TestTheReadmeHasEveryKey(t *testing.T) {
	readme := readFile(t, "README.md")
	for _, key := range configtest.Keys(reflect.TypeFor[Config]()) {
		assert.Contains(t, readme, "`"+strings.ReplaceAll(key, "::", ".")+"`")
	}
}

// Every default keeps the one attribute that it names. Labels and annotations of
// Kubernetes are free text, whatever they are called.
func TestTheDefaultsKeepNoFreeText(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	for _, name := range cfg.Seal.Keep {
		assert.NotContains(t, name, "*")
		assert.True(t, kept(t, cfg, name), name)
		assert.False(t, kept(t, cfg, name+".x"), name)
		assert.False(t, kept(t, cfg, "x."+name), name)
	}
	for _, name := range []string{"cluster", "namespace", "node", "pod", "container", "deployment", "replicaset", "statefulset", "daemonset", "job", "cronjob", "replicationcontroller"} {
		assert.True(t, kept(t, cfg, "k8s."+name+".name"), name)
		for _, text := range []string{"labels.customer.name", "labels.name", "annotations.owner.name", "annotations.name", "label.app.name"} {
			assert.False(t, kept(t, cfg, "k8s."+name+"."+text), text)
		}
	}
	for _, name := range []string{"host.name", "k8s.name", "k8s..name", "k8s.pod.uid", "k8s.pod.start_time", "cloud.name", "cloud_", "service.name.internal", "service.namespace", "user.id"} {
		assert.False(t, kept(t, cfg, name), name)
	}
}

// kept reports whether an attribute of a resource stays in the clear.
func kept(t *testing.T, cfg *Config, name string) bool {
	t.Helper()
	policy, err := cfg.Seal.policy(nil, nil)
	require.NoError(t, err)
	sealer, _, err := seal.NewFieldPair(make([]byte, seal.KeySize), [16]byte{})
	require.NoError(t, err)
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr(name, "value")
	require.NoError(t, policy.SealTraces(sealer, td))
	_, ok := rs.Resource().Attributes().Get(name)
	return ok
}
