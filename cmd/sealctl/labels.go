// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"flag"
	"slices"
	"strings"

	"github.com/sealgate/sealgate/internal/labelbackends"
)

func labelsCommand() command {
	return command{
		name:    "labels",
		args:    "--for prometheus|loki|tempo [--config CONFIG]",
		summary: "print what a backend's configuration needs for the cloud labels",
		about: `
The fragment is YAML, to be merged into the configuration of the backend. It suits the
gateway whose configuration is given, or one whose cloudlabels processor has no
settings.`,
		setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
			var gateway gatewayConfig
			gateway.register(fs)
			backend := fs.String("for", "", "`BACKEND` to print the fragment for: "+strings.Join(labelbackends.Names(), ", "))
			return func(ctx context.Context, e *env, args []string) error {
				if len(args) > 0 {
					return usagef("it takes no arguments but flags; there is %q", args[0])
				}
				if !slices.Contains(labelbackends.Names(), *backend) {
					return usagef("--for %q must be one of %s", *backend, strings.Join(labelbackends.Names(), ", "))
				}
				return printFragment(ctx, e, gateway, *backend)
			}
		},
	}
}

func printFragment(ctx context.Context, e *env, gateway gatewayConfig, backend string) error {
	g, err := gateway.read(ctx)
	if err != nil {
		return err
	}
	fragment, err := g.Fragment(backend)
	if err != nil {
		return err
	}
	return e.printf("%s", fragment)
}
