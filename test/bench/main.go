// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Bench measures the components of Sealgate beside what others offer for the
// same job, in one run and in alternating rounds, so that whatever else the
// machine does falls on both alike.
//
//	go run . -json ../../build/bench.json
//	go run . -only labels/vs -rounds 21
//
// It is a module of its own, so that the dependencies of the others stay out of
// ours. A component's comparisons are in the file of its name; they are listed
// in comparisons.
package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"time"
)

// comparisons lists the rows of every component, in the order of the table.
func comparisons() []comparison {
	var all []comparison
	all = append(all, labelComparisons()...)
	return all
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	jsonFile := flag.String("json", "", "write the results to `file`, replacing it")
	rounds := flag.Int("rounds", 11, "measure each side this many times and take the median")
	each := flag.Duration("time", 100*time.Millisecond, "measure for this long in each round")
	only := flag.String("only", "", "measure only the rows whose name matches `regexp`")
	flag.Parse()
	names, err := regexp.Compile(*only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	if *rounds < 1 {
		return fmt.Errorf("-rounds is %d; it has to be at least 1", *rounds)
	}

	fmt.Println(machine())
	fmt.Printf("median of %d rounds of %v each, ours and theirs in turn\n\n", *rounds, *each)
	var rows []row
	for _, c := range comparisons() {
		if !names.MatchString(c.name) {
			continue
		}
		r, err := c.measure(*rounds, *each)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		rows = append(rows, r)
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
