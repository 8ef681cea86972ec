// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package security

import (
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"

	"github.com/sealgate/sealgate/distributions"
	"github.com/sealgate/sealgate/test/harness"
)

// resolve returns a configuration as a collector sees it that has no setting of ours.
func resolve(t *testing.T, uris ...string) *confmap.Conf {
	t.Helper()
	resolver, err := confmap.NewResolver(confmap.ResolverSettings{
		URIs:              uris,
		ProviderFactories: []confmap.ProviderFactory{distributions.NewReader(), envprovider.NewFactory()},
		DefaultScheme:     "env",
	})
	require.NoError(t, err)
	conf, err := resolver.Resolve(t.Context())
	require.NoError(t, err)
	return conf
}

// The agent does not start outside of a cluster, so this reads; see
// TestEveryConfigurationListensOnLoopbackAlone for the others.
func TestEveryConfigurationNamesLoopbackAlone(t *testing.T) {
	for _, name := range distributions.Names() {
		conf := resolve(t, "embedded:"+name)
		for _, key := range []string{
			"receivers::otlp::protocols::grpc::endpoint", "receivers::otlp::protocols::http::endpoint", "extensions::health_check::endpoint",
		} {
			addr, err := netip.ParseAddrPort(conf.Get(key).(string))
			require.NoError(t, err, "%s: %s", name, key)
			assert.True(t, addr.Addr().IsLoopback(), "%s: %s is %s", name, key, addr)
		}
		readers := conf.Get("service::telemetry::metrics::readers").([]any)
		require.Len(t, readers, 1)
		telemetry := confmap.NewFromStringMap(readers[0].(map[string]any))
		assert.Equal(t, "127.0.0.1", telemetry.Get("pull::exporter::prometheus::host"), name)
	}
}

func TestNoConfigurationHasProfilingOrZPages(t *testing.T) {
	for _, name := range append(distributions.Names(), distributions.Overlays()...) {
		for _, extension := range []string{"pprof", "zpages"} {
			assert.False(t, resolve(t, "embedded:"+name).IsSet("extensions::"+extension), "%s has %s", name, extension)
		}
	}
}

// Lists are replaced when configurations are merged, so an overlay that adds an extension
// repeats those that are there.
func TestAnOverlayLosesNoExtension(t *testing.T) {
	for _, tt := range []struct{ bases, overlays []string }{
		{distributions.Names(), []string{"tls", "mtls"}},
		{[]string{"gateway", "sealed"}, []string{"bearer", "basic", "oidc"}},
		{[]string{"agent", "edge"}, []string{"client-tls", "client-mtls", "client-bearer"}},
	} {
		for _, base := range tt.bases {
			for _, overlay := range tt.overlays {
				alone := resolve(t, "embedded:"+base).Get("service::extensions")
				both := resolve(t, "embedded:"+base, "embedded:"+overlay)
				assert.Subset(t, both.Get("service::extensions"), alone, "%s over %s", overlay, base)
				assert.Len(t, both.Get("service::extensions"), len(both.Get("extensions").(map[string]any)), "%s over %s", overlay, base)
			}
		}
	}
}

// A core dump has the keys that are in memory, so the unit lets the kernel write none.
func TestTheServiceLeavesNoCoreDump(t *testing.T) {
	unit, err := os.ReadFile(filepath.Join("..", "..", "packaging", "templates", "service"))
	require.NoError(t, err)
	assert.Contains(t, string(unit), "\nLimitCORE=0\n")
}

// makeKeys makes reader.pem, reader.pub.pem and search.key with sealctl, as a user would.
func makeKeys(t *testing.T, dir string) {
	t.Helper()
	for _, args := range [][]string{{"--name", "reader"}, {"--name", "search", "--symmetric"}} {
		cmd := exec.CommandContext(t.Context(), harness.Built(t, "SEALGATE_CTL"), append([]string{"keygen", "--out", filepath.Clean(dir)}, args...)...)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, strings.TrimSpace(string(out)))
	}
}
