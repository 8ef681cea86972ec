// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"flag"
	"runtime"
	"runtime/debug"

	"github.com/sealgate/sealgate/seal/archive"
)

// version is set when a release is linked: -ldflags "-X main.version=v1.2.3".
var version = "dev"

func versionCommand() command {
	return command{
		name:    "version",
		summary: "print the versions of sealctl, Go, gmsm and the archive format",
		setup: func(*flag.FlagSet) func(context.Context, *env, []string) error {
			return func(_ context.Context, e *env, args []string) error {
				if len(args) > 0 {
					return usagef("it takes no argument; this is %q", args[0])
				}
				return e.printf("sealctl  %s\ngo       %s %s/%s\ngmsm     %s\nformat   up to %d\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH, gmsmVersion(), archive.Version)
			}
		},
	}
}

// gmsmVersion returns the version of the module behind the cryptography.
func gmsmVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, m := range info.Deps {
		if m.Path != "github.com/emmansun/gmsm" {
			continue
		}
		if m.Replace != nil {
			return m.Replace.Version + " (replaced by " + m.Replace.Path + ")"
		}
		return m.Version
	}
	return "unknown"
}
