// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"

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
			envprovider.NewFactory(),
			fileprovider.NewFactory(),
			yamlprovider.NewFactory(),
			distributions.NewReader(),
		},
		DefaultScheme: "env",
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, resolver.Shutdown(context.WithoutCancel(ctx))) }()
	return resolver.Resolve(ctx)
}
