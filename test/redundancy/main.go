// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Redundancy measures what the shipped filter of that name drops and what it keeps, on files of the
// form of LogHub: see README.md.
//
//	go run ./test/redundancy DIR
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/sealgate/sealgate/wasmfilters/builtin"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "redundancy:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 1 || args[0] == "" {
		return errors.New("name a folder of CSV files of the form of LogHub: make bench-redundancy CORPUS=dir")
	}
	module, err := builtin.Load("redundancy")
	if err != nil {
		return err
	}
	files, err := readCorpus(args[0])
	if err != nil {
		return err
	}
	r, err := newReplayer(ctx, module, []byte(config))
	if err != nil {
		return err
	}
	all, err := r.replayAll(ctx, files)
	if err := errors.Join(err, r.close(ctx)); err != nil {
		return err
	}
	return printResults(os.Stdout, all)
}
