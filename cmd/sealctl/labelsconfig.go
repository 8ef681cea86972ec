// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/sealgate/sealgate/distributions"
	"github.com/sealgate/sealgate/internal/labelbackends"
	"github.com/sealgate/sealgate/processor/cloudlabelsprocessor"
)

// gatewayConfig names a processor in the configuration of a gateway.
type gatewayConfig struct {
	configs   list
	processor string
}

func (g *gatewayConfig) register(fs *flag.FlagSet) {
	fs.Var(&g.configs, "config", "the gateway's `CONFIG`, as it takes it: a file, or embedded:NAME, yaml:..., env:VARIABLE; later ones override earlier ones")
	fs.StringVar(&g.processor, "processor", "", "`ID` of the processor, where there are several: cloudlabels/metrics")
}

// read reads and validates the processor's configuration, as the gateway does.
func (g *gatewayConfig) read(ctx context.Context) (*labelbackends.Gateway, error) {
	factory := cloudlabelsprocessor.NewFactory()
	cfg := factory.CreateDefaultConfig().(*cloudlabelsprocessor.Config)
	if len(g.configs) == 0 {
		if g.processor != "" {
			return nil, usagef("--processor %s: name the configuration that it is in with --config", g.processor)
		}
		return labelbackends.New(cfg)
	}
	conf, err := resolve(ctx, g.configs)
	if err != nil {
		return nil, err
	}
	id, err := g.choose(conf, factory.Type())
	if err != nil {
		return nil, err
	}
	at := "processors" + confmap.KeyDelimiter + id
	settings, err := conf.Sub(at)
	if err == nil {
		err = settings.Unmarshal(cfg)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", at, err)
	}
	gateway, err := labelbackends.New(cfg)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", at, err)
	}
	return gateway, nil
}

// choose returns the id of the processor.
func (g *gatewayConfig) choose(conf *confmap.Conf, kind component.Type) (string, error) {
	processors, _ := conf.Get("processors").(map[string]any)
	var ids []string
	for _, name := range slices.Sorted(maps.Keys(processors)) {
		var id component.ID
		if id.UnmarshalText([]byte(name)) == nil && id.Type() == kind {
			ids = append(ids, name)
		}
	}
	switch {
	case len(ids) == 0:
		return "", fmt.Errorf("%s: there is no processor %s in it", &g.configs, kind)
	case g.processor != "" && !slices.Contains(ids, g.processor):
		return "", fmt.Errorf("%s: there is no processor %s of that kind in it; there is %s", &g.configs, g.processor, strings.Join(ids, ", "))
	case g.processor != "":
		return g.processor, nil
	case len(ids) > 1:
		return "", usagef("there are several processors: choose one with --processor %s", strings.Join(ids, "|"))
	}
	return ids[0], nil
}

// resolve reads and merges configurations, and fills in what is written ${...}.
func resolve(ctx context.Context, uris []string) (conf *confmap.Conf, err error) {
	resolver, err := confmap.NewResolver(confmap.ResolverSettings{
		URIs: uris,
		ProviderFactories: []confmap.ProviderFactory{
			source{"env", readVariable}.factory(),
			source{"file", readConfigFile}.factory(),
			source{"yaml", readInline}.factory(),
			distributions.NewFactory(),
		},
		DefaultScheme: "env",
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, resolver.Shutdown(context.WithoutCancel(ctx))) }()
	return resolver.Resolve(ctx)
}

// source is one of the gateway's providers of configuration, by its scheme.
type source struct {
	scheme string
	read   func(name string) (*confmap.Retrieved, error)
}

func (s source) factory() confmap.ProviderFactory {
	return confmap.NewProviderFactory(func(confmap.ProviderSettings) confmap.Provider { return s })
}

func (s source) Retrieve(_ context.Context, uri string, _ confmap.WatcherFunc) (*confmap.Retrieved, error) {
	return s.read(strings.TrimPrefix(uri, s.scheme+":"))
}

func (s source) Scheme() string { return s.scheme }

func (source) Shutdown(context.Context) error { return nil }

func readVariable(name string) (*confmap.Retrieved, error) {
	name, fallback, hasFallback := strings.Cut(name, ":-")
	text, ok := os.LookupEnv(name)
	switch {
	case ok:
	case hasFallback && fallback == "":
		return confmap.NewRetrieved("") // in YAML, nothing is null
	default:
		text = fallback
	}
	return confmap.NewRetrievedFromYAML([]byte(text))
}

func readConfigFile(path string) (*confmap.Retrieved, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return confmap.NewRetrievedFromYAML(text)
}

func readInline(text string) (*confmap.Retrieved, error) {
	return confmap.NewRetrievedFromYAML([]byte(text))
}
