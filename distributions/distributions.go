// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package distributions holds the default configurations of the distribution,
// one folder for each role, and the configuration provider `embedded` that
// serves them from the binary itself: `otelcol-sealgate --config embedded:local`
// starts without any file beside it.
package distributions

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strings"

	"go.opentelemetry.io/collector/confmap"
)

const scheme = "embedded"

//go:embed */config.yaml
var configs embed.FS

// Names returns the names of the embedded configurations, in order.
func Names() []string {
	dirs, err := fs.ReadDir(configs, ".")
	if err != nil {
		panic(err) // an embedded file system has a root
	}
	names := make([]string, len(dirs))
	for i, d := range dirs {
		names[i] = d.Name()
	}
	return names
}

// NewFactory returns the factory of the configuration provider `embedded`. Its
// URIs are embedded:<name>, with the names that Names returns.
func NewFactory() confmap.ProviderFactory {
	return confmap.NewProviderFactory(func(confmap.ProviderSettings) confmap.Provider { return provider{} })
}

type provider struct{}

// Retrieve returns the configuration that uri names.
func (provider) Retrieve(_ context.Context, uri string, _ confmap.WatcherFunc) (*confmap.Retrieved, error) {
	name, ok := strings.CutPrefix(uri, scheme+":")
	if !ok {
		return nil, fmt.Errorf("%q does not begin with %q", uri, scheme+":")
	}
	yaml, err := configs.ReadFile(name + "/config.yaml")
	if err != nil {
		return nil, fmt.Errorf("no embedded configuration is named %q; there are: %s", name, strings.Join(Names(), ", "))
	}
	return confmap.NewRetrievedFromYAML(yaml)
}

// Scheme returns "embedded".
func (provider) Scheme() string { return scheme }

// Shutdown does nothing: nothing is held.
func (provider) Shutdown(context.Context) error { return nil }
