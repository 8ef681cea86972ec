// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Command edgenode writes the logs of a generated edge node, and the truth about them, into a folder:
//
//	logs.jsonl       OTLP JSON, a batch on each line, as `sealctl filter test` reads it
//	truth.jsonl      a line for each record, in the order in which they are in logs.jsonl
//	incidents.jsonl  a line for each incident
package main

import (
	"bufio"
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
	flag.Parse()
	if err := run(edgenode.Options{Seed: *seed, Duration: *duration, Rate: *rate}, *batch, *out); err != nil {
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
