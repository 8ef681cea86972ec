// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Run puts the gateway under load: beside a Collector of upstream components with the
// same pipeline, in turn and in one session (`make load`), or for long (`make soak`).
//
//	go run ./test/load/run -gateway build/otelcol-sealgate -upstream build/otelcol-upstream -sealctl build/sealctl
//
// The gateway, the generator and the sink share the machine: read the ratios. Linux only.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
	"time"
)

// options say what is run.
type options struct {
	gateway, upstream, sealctl string // paths

	only     *regexp.Regexp
	parts    bool
	rounds   int
	each     time.Duration
	scale    float64
	way      way
	profiles string
	json     string
	soak     time.Duration

	dir string // for everything that is written
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	if err != nil && ctx.Err() != nil {
		err = errors.New("interrupted")
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	o := &options{}
	flag.StringVar(&o.gateway, "gateway", "build/otelcol-sealgate", "`path` of the gateway")
	flag.StringVar(&o.upstream, "upstream", "build/otelcol-upstream", "`path` of the Collector to measure beside it")
	flag.StringVar(&o.sealctl, "sealctl", "build/sealctl", "`path` of sealctl, which makes keys")
	only := flag.String("only", "", "measure only the loads whose name matches `regexp`")
	flag.BoolVar(&o.parts, "parts", false, "measure each of our components alone too")
	flag.IntVar(&o.rounds, "rounds", 5, "measure each side this many times and take the median")
	flag.DurationVar(&o.each, "time", 8*time.Second, "measure for this long in each round")
	flag.Float64Var(&o.scale, "rate", 1, "multiply the rates of all loads by this `factor`")
	flag.StringVar(&o.way.compression, "compression", "gzip", "on the way to the sink: gzip, zstd or none")
	flag.StringVar(&o.way.queue, "queue", "disk", "where the exporters' queue is: disk or memory")
	flag.StringVar(&o.profiles, "profiles", "", "keep a profile of the processor time of each side in this `folder`, which is there")
	flag.StringVar(&o.json, "json", "", "write the results to `file`, replacing it")
	flag.DurationVar(&o.soak, "soak", 0, "run at half the highest rate for this long instead")
	flag.Parse()
	if o.only, err = regexp.Compile(*only); err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	if o.rounds < 1 || o.each < time.Second || o.scale <= 0 {
		return errors.New("-rounds has to be at least 1, -time at least 1s, -rate more than 0")
	}
	for _, path := range []*string{&o.gateway, &o.upstream, &o.sealctl} {
		if *path, err = filepath.Abs(*path); err != nil {
			return err
		}
	}
	if o.dir, err = os.MkdirTemp("", "sealgate-load-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(o.dir)) }()
	if err := o.makeKeys(ctx); err != nil {
		return err
	}
	if o.soak > 0 {
		return soak(ctx, o)
	}
	return compare(ctx, o)
}
