// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sealgate/sealgate/labels"
	"github.com/sealgate/sealgate/seal"
	"github.com/sealgate/sealgate/seal/archive"
	"github.com/sealgate/sealgate/test/fleet"
	"github.com/sealgate/sealgate/test/harness"
)

const (
	requests = 10 // of each cluster
	// patience is how long results may take to appear.
	patience = 30 * time.Second
)

// load sends the fleet to a running gateway and compares what went in with what
// came out on the local disk and the local Prometheus endpoint.
func load(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("load", flag.ExitOnError)
	grpc := flags.String("grpc", envOr("SEALGATE_OTLP_GRPC", "127.0.0.1:4317"), "the gateway's OTLP over gRPC, `host:port`")
	http := flags.String("http", envOr("SEALGATE_OTLP_HTTP", "127.0.0.1:4318"), "the gateway's OTLP over HTTP, `host:port`")
	data := flags.String("data", envOr("SEALGATE_DATA", "sealgate-data"), "the `folder` of the gateway's results")
	key := flags.String("key", "", "the private `key` that traces are sealed for (default: keys/reader.pem in the folder)")
	prom := flags.String("prometheus", "http://"+envOr("SEALGATE_PROM", "127.0.0.1:9464")+"/metrics", "the `URL` of the metrics that came in")
	_ = flags.Parse(args)

	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	batches, err := sendFleet(ctx, *grpc, *http)
	if err != nil {
		return err
	}
	if *key == "" {
		*key = filepath.Join(*data, "keys", "reader.pem")
	}
	reader, err := seal.ReadIdentity(*key, nil)
	if err != nil {
		return err
	}
	results := local{traces: filepath.Join(*data, "sealed"), reader: reader, logs: filepath.Join(*data, "logs.jsonl"), prom: *prom}
	wrong := 0
	for _, b := range batches {
		out, err := results.await(ctx, b)
		if err != nil {
			return fmt.Errorf("%w; is the gateway at %s the one that `make run` started?", err, *grpc)
		}
		wrong += printComparison(os.Stdout, b, out)
	}
	fmt.Printf("All of it is in\n  %s, sealed\n  %s\n  %s\n", results.traces, results.logs, results.prom)
	fmt.Printf("Read the traces with\n  build/sealctl decrypt --key %s %s\n", *key, results.traces)
	if wrong > 0 {
		return fmt.Errorf("%d labels did not come out as they should; is `cloudlabels` in every pipeline?", wrong)
	}
	return nil
}

// sendFleet sends a batch of every cluster, by turns over gRPC and over HTTP.
func sendFleet(ctx context.Context, grpc, http string) ([]fleet.Batch, error) {
	if err := reachable(ctx, grpc); err != nil {
		return nil, err
	}
	now := time.Now()
	var batches []fleet.Batch
	for i, c := range fleet.Clusters {
		b := c.Generate(fmt.Sprintf("demo-%x", now.UnixMilli()), requests, now)
		send, to, over := fleet.SendGRPC, grpc, "gRPC"
		if i%2 == 1 {
			send, to, over = fleet.SendHTTP, http, "HTTP"
		}
		if err := send(ctx, to, b); err != nil {
			return nil, err
		}
		fmt.Printf("sent %s over OTLP/%s: %d spans, %d log records, %d datapoints\n",
			c.Name, over, b.Traces.SpanCount(), b.Logs.LogRecordCount(), b.Metrics.DataPointCount())
		batches = append(batches, b)
	}
	fmt.Println()
	return batches, nil
}

func reachable(ctx context.Context, addr string) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("no gateway answers at %s: %w\nStart one first, in another shell: make run", addr, err)
	}
	return conn.Close()
}

// attributes are the attributes of one resource or series.
type attributes map[string]string

// outcome is what came out of the gateway, by signal.
type outcome map[fleet.Signal]attributes

// local is where `make run` leaves its results, and who can read its traces.
type local struct {
	traces, logs, prom string
	reader             seal.Identity
}

// await waits until all three signals of a batch have come out.
func (l local) await(ctx context.Context, b fleet.Batch) (outcome, error) {
	out := outcome{}
	err := harness.Poll(ctx, "the results of "+b.Cluster.Name, func(ctx context.Context) (bool, error) {
		var err error
		if out[fleet.Traces], err = findTraces(ctx, l.traces, l.reader, b); err != nil {
			return false, err
		}
		if out[fleet.Logs], err = findLogs(l.logs, b); err != nil {
			return false, err
		}
		out[fleet.Metrics] = findSeries(ctx, l.prom, b)
		return out[fleet.Traces] != nil && out[fleet.Logs] != nil && out[fleet.Metrics] != nil, nil
	})
	return out, err
}

// findTraces looks through the sealed archive, the file that is being written
// included.
func findTraces(ctx context.Context, dir string, reader seal.Identity, b fleet.Batch) (attributes, error) {
	paths, err := archive.List(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var found attributes
	for _, path := range paths {
		if err == nil {
			err = eachSealed(ctx, path, reader, func(td ptrace.Traces) {
				for _, rs := range td.ResourceSpans().All() {
					if of(rs.Resource(), b) && sentIn(rs, b.Run) {
						found = textMap(rs.Resource().Attributes())
					}
				}
			})
		}
	}
	return found, err
}

// eachSealed calls f with every frame of a sealed file. What is wrong with the file
// is for `sealctl verify` to say: it may be that it is being written.
func eachSealed(ctx context.Context, path string, reader seal.Identity, f func(ptrace.Traces)) error {
	file, err := archive.OpenFile(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := file.Unlock(ctx, []seal.Identity{reader}); err != nil {
		return err
	}
	_, err = file.Read(archive.Between{}, func(frame archive.Frame) error {
		td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(frame.Payload)
		if err == nil {
			f(td)
		}
		return err
	}, func(archive.Problem) {})
	return err
}

// sentIn tells whether a resource has spans of a run.
func sentIn(rs ptrace.ResourceSpans, run string) bool {
	for _, ss := range rs.ScopeSpans().All() {
		for _, span := range ss.Spans().All() {
			if id, ok := span.Attributes().Get("run.id"); ok && id.Str() == run {
				return true
			}
		}
	}
	return false
}

func findLogs(path string, b fleet.Batch) (attributes, error) {
	var found attributes
	err := eachLine(path, b.Run, func(line []byte) error {
		ld, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(line)
		if err != nil {
			return err
		}
		for _, rl := range ld.ResourceLogs().All() {
			if of(rl.Resource(), b) {
				found = textMap(rl.Resource().Attributes())
			}
		}
		return nil
	})
	return found, err
}

// eachLine calls f with every whole line of a file that has part in it. A file
// that is not there yet has no lines.
func eachLine(path, part string, f func([]byte) error) error {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	r := bufio.NewReader(file)
	for {
		line, err := r.ReadBytes('\n')
		if err == io.EOF {
			return nil // what has no end yet is still being written
		}
		if err != nil {
			return err
		}
		if !strings.Contains(string(line), part) {
			continue
		}
		if err := f(line); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
}

func of(r pcommon.Resource, b fleet.Batch) bool {
	name, ok := r.Attributes().Get("k8s.cluster.name")
	return ok && name.Str() == b.Cluster.Name
}

func textMap(m pcommon.Map) attributes {
	texts := make(attributes, m.Len())
	for k, v := range m.All() {
		texts[k] = v.AsString()
	}
	return texts
}

// findSeries returns the labels of the cluster's gauge on the local endpoint.
func findSeries(ctx context.Context, url string, b fleet.Batch) attributes {
	series, err := harness.ScrapeLabels(ctx, url, "queue_depth", "run_id", b.Run)
	if err != nil {
		return nil // not there yet, or the endpoint does not answer: both end in time
	}
	for _, labels := range series {
		if labels["cloud_provider"] == b.Cluster.Labels["cloud_provider"] {
			return labels
		}
	}
	return nil
}

// printComparison prints, for each label, how each signal spelled it and what
// came out, and returns how many came out wrong.
func printComparison(w io.Writer, b fleet.Batch, out outcome) (wrong int) {
	fmt.Fprintf(w, "%s\n", b.Cluster.Name)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, label := range slices.Sorted(maps.Keys(b.Cluster.Labels)) {
		for _, signal := range fleet.Signals {
			came, note := out[signal][label], ""
			if want := b.Cluster.Labels[label]; came != want {
				wrong++
				note = fmt.Sprintf("  WRONG, should be %s", want)
			}
			fmt.Fprintf(table, "  %s\t%s\t->  %s=%s%s\n", signal, spelled(b.Cluster.Spelling[signal], label), label, came, note)
		}
	}
	table.Flush()
	fmt.Fprintln(w)
	return wrong
}

var vocabulary, _ = labels.New(labels.Options{})

// spelled returns how a cluster wrote a label: every key and value that mean it.
func spelled(sent map[string]any, label string) string {
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(sent)) {
		if s, ok := vocabulary.Spelling(key); ok && vocabulary.Name(s.Key) == label {
			parts = append(parts, fmt.Sprintf("%s=%v", key, sent[key]))
		}
	}
	return strings.Join(parts, ", ")
}
