// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Command build builds the servers that tests run against, those named or all,
// and prints where they are.
package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"slices"

	"github.com/sealgate/sealgate/test/backends"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	paths, err := backends.Ensure(ctx, os.Stdout, os.Args[1:]...)
	if err != nil {
		fmt.Fprintln(os.Stderr, "backends:", err)
		os.Exit(1)
	}
	for _, name := range slices.Sorted(maps.Keys(paths)) {
		fmt.Printf("== %-10s %s\n", name, paths[name])
	}
}
