// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Bench measures the components of Sealgate beside what others offer for the
// same job, in one run and in alternating rounds, so that whatever else the
// machine does falls on both alike.
//
//	go run . -json ../../build/bench.json
//	go run . -only labels/vs -rounds 21
//	go run . -only seal/tempo_throughput -tempo-rounds 9 -tempo-time 20s -v
//
// It is a module of its own, so that the dependencies of the others stay out of
// ours. A component's rows are in the file of its name; they are listed in
// producers. It needs Linux or another Unix.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

// producers lists what measures the rows of every component, in the order of the
// table.
func producers() []producer {
	return slices.Concat(
		labelComparisons(),
		filterComparisons(),
		sealComparisons(),
		queueComparisons(),
		tempoProducers(),
	)
}

// options say how long to measure.
type options struct {
	rounds int
	each   time.Duration
	tempo  tempoOptions
	log    io.Writer // what goes on meanwhile
}

func main() {
	// Ctrl-C ends the servers and removes what was written before it ends this.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	if err != nil && ctx.Err() != nil {
		err = errors.New("interrupted")
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	if len(os.Args) == 3 && os.Args[1] == gatewayArg {
		return runGateway(ctx, os.Args[2])
	}
	o := &options{log: io.Discard}
	jsonFile := flag.String("json", "", "write the results to `file`, replacing it")
	only := flag.String("only", "", "measure only the rows whose name matches `regexp`")
	verbose := flag.Bool("v", false, "say what goes on while it is measured")
	flag.IntVar(&o.rounds, "rounds", 11, "measure each side this many times and take the median")
	flag.DurationVar(&o.each, "time", 100*time.Millisecond, "measure for this long in each round")
	o.tempo.register(flag.CommandLine)
	flag.Parse()
	names, err := regexp.Compile(*only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	if o.rounds < 1 {
		return fmt.Errorf("-rounds is %d; it has to be at least 1", o.rounds)
	}
	if err := o.tempo.validate(); err != nil {
		return err
	}
	if *verbose {
		o.log = os.Stderr
	}

	fmt.Println(machine())
	fmt.Printf("median of %d rounds of %v each, ours and theirs in turn; rows with Tempo: %d rounds of %v\n\n", o.rounds, o.each, o.tempo.rounds, o.tempo.each)
	rows, err := measureAll(ctx, o, names)
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		return fmt.Errorf("-only: no row matches %q", *only)
	}
	if err := printTable(os.Stdout, rows); err != nil {
		return err
	}
	if *jsonFile == "" {
		return nil
	}
	return writeJSON(*jsonFile, rows)
}

// measureAll measures the rows whose names match.
func measureAll(ctx context.Context, o *options, names *regexp.Regexp) ([]row, error) {
	var rows []row
	for _, p := range producers() {
		wanted := slices.DeleteFunc(p.names(), func(name string) bool { return !names.MatchString(name) })
		if len(wanted) == 0 {
			continue
		}
		fmt.Fprintln(os.Stderr, "== measuring", strings.Join(wanted, ", ")) // some take minutes
		more, err := p.measure(ctx, o, wanted)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", wanted[0], err)
		}
		rows = append(rows, more...)
	}
	return rows, nil
}
