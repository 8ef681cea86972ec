// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Command edgenode writes the logs of a generated edge node, and the truth about them, into a folder:
//
//	logs.jsonl       OTLP JSON, a batch on each line, as `sealctl filter test` reads it
//	truth.jsonl      a line for each record, in the order in which they are in logs.jsonl
//	incidents.jsonl  a line for each incident
//
// With -judge it writes no file. It runs the filter of the agent over the logs and prints what the filter did beside the
// truth: how much was dropped, which records that matter were lost, which outcomes were hidden, and how many severities
// were inferred right.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/internal/edgenode"
)

func main() {
	seed := flag.Uint64("seed", 1, "`number`; the same one makes the same logs")
	duration := flag.Duration("duration", time.Hour, "`time` that the logs span")
	rate := flag.Int("rate", edgenode.DefaultRate, "`records` a second, about")
	batch := flag.Int("batch", 1000, "`records` in a batch")
	out := flag.String("out", "edgenode", "`folder` to write to; it is made")
	judged := flag.Bool("judge", false, "run the filter of the agent over the logs and print what it did, instead of writing files")
	flag.Parse()
	o := edgenode.Options{Seed: *seed, Duration: *duration, Rate: *rate}
	act := func() error { return run(o, *batch, *out) }
	if *judged {
		act = func() error { return runFilter(o) }
	}
	if err := act(); err != nil {
		fmt.Fprintln(os.Stderr, "edgenode:", err)
		os.Exit(1)
	}
}

func run(o edgenode.Options, batch int, dir string) error {
	node, err := edgenode.New(o)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return errors.Join(
		write(dir, "incidents.jsonl", func(w io.Writer) error {
			to := json.NewEncoder(w)
			for _, i := range node.Incidents() {
				if err := to.Encode(i); err != nil {
					return err
				}
			}
			return nil
		}),
		write(dir, "logs.jsonl", func(logs io.Writer) error {
			return write(dir, "truth.jsonl", func(truth io.Writer) error { return records(node, batch, logs, truth) })
		}),
	)
}

func runFilter(o edgenode.Options) error {
	node, err := edgenode.New(o)
	if err != nil {
		return err
	}
	return judge(context.Background(), node, os.Stdout)
}

func records(node *edgenode.Node, batch int, logs, truth io.Writer) error {
	to := json.NewEncoder(truth)
	for b := range node.Batches(batch, "") {
		line, err := (&plog.JSONMarshaler{}).MarshalLogs(b.Logs)
		if err != nil {
			return err
		}
		if _, err := logs.Write(append(line, '\n')); err != nil {
			return err
		}
		for i := range b.Records {
			if err := to.Encode(b.Records[i].Truth); err != nil {
				return err
			}
		}
	}
	return nil
}

// write makes a file of what content writes.
func write(dir, name string, content func(io.Writer) error) error {
	f, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	return errors.Join(content(w), w.Flush(), f.Close())
}
