// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Command demo shows the gateway at work on telemetry of three clouds.
//
//	demo load       sends it to a gateway started by `make run` and shows what came out
//	demo backends   starts a Tempo, a Loki, a Prometheus and the gateway, and asks them
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

const usage = `usage: demo load [flags] | demo backends [flags]
See demo load -h and demo backends -h for the flags.`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends at once
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("nothing to do\n%s", usage)
	}
	switch args[0] {
	case "load":
		return load(ctx, args[1:])
	case "backends":
		return withBackends(ctx, args[1:])
	default:
		return fmt.Errorf("%q is not something to do\n%s", args[0], usage)
	}
}

// envOr returns the environment variable, or else fallback.
func envOr(name, fallback string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return fallback
}
