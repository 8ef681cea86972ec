// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package distributions holds the default configurations of the distributions,
// one folder for each role, and overlays, which are merged over one of them. The
// configuration provider `embedded` serves both from the binary itself:
//
//	otelcol-sealgate --config embedded:gateway --config embedded:tls
//
// starts without any file of configuration beside it.
package distributions

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/confmap"

	"github.com/sealgate/sealgate/internal/reload"
	_ "github.com/sealgate/sealgate/internal/stacklines" // an operator that the configurations use
)

const scheme = "embedded"

//go:embed */config.yaml overlays/*.yaml
var configs embed.FS

// Names returns the names of the embedded configurations, in order.
func Names() []string { return named("*/config.yaml", path.Dir) }

// Overlays returns the names of the embedded overlays, in order.
func Overlays() []string {
	return named("overlays/*.yaml", func(file string) string { return strings.TrimSuffix(path.Base(file), ".yaml") })
}

// named returns what name makes of each embedded file that the pattern matches.
func named(pattern string, name func(file string) string) []string {
	files, err := fs.Glob(configs, pattern)
	if err != nil {
		panic(err) // the pattern is ours
	}
	names := make([]string, len(files))
	for i, file := range files {
		names[i] = name(file)
	}
	return names
}

// NewFactory returns the factory of the configuration provider `embedded`. Its
// URIs are embedded:<name>, with the names that Names and Overlays return.
func NewFactory() confmap.ProviderFactory { return reload.Guard(NewReader()) }

// NewReader returns a factory of the same provider for programs that read a
// configuration and do not run it. It leaves the signals of the process alone.
func NewReader() confmap.ProviderFactory {
	return confmap.NewProviderFactory(func(confmap.ProviderSettings) confmap.Provider { return provider{} })
}

type provider struct{}

// Retrieve returns the configuration that uri names.
func (provider) Retrieve(_ context.Context, uri string, _ confmap.WatcherFunc) (*confmap.Retrieved, error) {
	name, ok := strings.CutPrefix(uri, scheme+":")
	if !ok {
		return nil, fmt.Errorf("%q does not begin with %q", uri, scheme+":")
	}
	file := name + "/config.yaml"
	if slices.Contains(Overlays(), name) {
		file = "overlays/" + name + ".yaml"
	}
	yaml, err := configs.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("no embedded configuration is named %q; there are: %s; and to be merged over one of them: %s",
			name, strings.Join(Names(), ", "), strings.Join(Overlays(), ", "))
	}
	return confmap.NewRetrievedFromYAML(yaml)
}

// Scheme returns "embedded".
func (provider) Scheme() string { return scheme }

// Shutdown does nothing: nothing is held.
func (provider) Shutdown(context.Context) error { return nil }
