// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"time"

	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/distributions"
	"github.com/sealgate/sealgate/internal/edgenode"
	"github.com/sealgate/sealgate/internal/filterbench"
	"github.com/sealgate/sealgate/internal/logfile"
	"github.com/sealgate/sealgate/internal/logfilter"
	"github.com/sealgate/sealgate/wasmfilters/builtin"
)

// window is how long a kept record stands for others: the window of the agent's filter, and the second that a batch may span.
const window = time.Minute + time.Second

// judge runs the filter of the agent over the logs of a node, and prints what it did beside the truth.
func judge(ctx context.Context, node *edgenode.Node, out io.Writer) error {
	module, config, err := shipped(ctx, "agent")
	if err != nil {
		return err
	}
	next, stop := iter.Pull(node.All())
	defer stop()
	pending := &queue{next: next}
	score := edgenode.NewScore(window)
	bench, err := filterbench.New(ctx, module, filterbench.Options{
		Config: config, View: logfilter.View{Guard: logfilter.Guard{Severity: uint8(plog.SeverityNumberWarn)}, Infer: logfilter.InferGuard},
		Each: func(_ plog.LogRecord, fate filterbench.Fate) {
			score.Add(pending.take(), fate != filterbench.Dropped && fate != filterbench.Represented)
		},
	})
	if err != nil {
		return err
	}
	defer func() { _ = bench.Close(context.WithoutCancel(ctx)) }()
	if err := bench.Run(ctx, pending); err != nil {
		return err
	}
	result, err := bench.Result(ctx)
	if err != nil {
		return err
	}
	if result.Faulty() {
		return fmt.Errorf("the filter failed: %v %s", result.Errors, result.LastError)
	}
	printScore(out, score)
	printLevels(out, node)
	return nil
}

// shipped returns the filter of an embedded configuration and its configuration.
func shipped(ctx context.Context, name string) (module, config []byte, err error) {
	provider := distributions.NewReader().Create(confmap.ProviderSettings{})
	retrieved, err := provider.Retrieve(ctx, "embedded:"+name, nil)
	if err != nil {
		return nil, nil, err
	}
	conf, err := retrieved.AsConf()
	if err != nil {
		return nil, nil, err
	}
	path, _ := conf.Get("processors::wasmfilter::module").(string)
	if len(path) <= len("builtin:") {
		return nil, nil, errors.New("the agent has no built-in filter")
	}
	defaults, err := conf.Sub("processors::wasmfilter::defaults")
	if err != nil {
		return nil, nil, err
	}
	if config, err = json.Marshal(defaults.Get(path)); err != nil {
		return nil, nil, err
	}
	module, err = builtin.Load(path[len("builtin:"):])
	return module, config, err
}

// queue reads the records of a node, and has those that are not judged yet.
type queue struct {
	next      func() (edgenode.Record, bool)
	records   []edgenode.Record
	resources map[*edgenode.Resource]*logfile.Resource
}

// Read returns the next record, or io.EOF.
func (q *queue) Read() (logfile.Record, error) {
	r, ok := q.next()
	if !ok {
		return logfile.Record{}, io.EOF
	}
	q.records = append(q.records, r)
	if q.resources == nil {
		q.resources = map[*edgenode.Resource]*logfile.Resource{}
	}
	of := q.resources[r.Resource]
	if of == nil {
		of = &logfile.Resource{Attributes: attributes(r.Resource.Attributes)}
		q.resources[r.Resource] = of
	}
	return logfile.Record{
		Time: uint64(r.Time.UnixNano()), Severity: uint8(r.Severity), TraceID: r.TraceID, Body: r.Body,
		Attributes: attributes(r.Attributes), Resource: of,
	}, nil
}

// take removes the first of the records. Verdicts come in the order of the records.
func (q *queue) take() *edgenode.Record {
	r := &q.records[0]
	q.records = q.records[1:]
	return r
}

func attributes(from []edgenode.Attribute) (to logfile.Attributes) {
	for _, a := range from {
		to = append(to, logfile.Attribute{Name: a.Key, Value: a.Value})
	}
	return to
}

func printScore(out io.Writer, s *edgenode.Score) {
	records, bytes := s.Dropped()
	fmt.Fprintf(out, "dropped    %.2f%% of %d records, %.2f%% of %d bytes\n", 100*records, s.Records, 100*bytes, s.Bytes)
	fmt.Fprintf(out, "matters    %d of %d records kept\n", s.Matters-total(s.Lost), s.Matters)
	printEvents(out, "lost", s.Lost)
	fmt.Fprintf(out, "hidden     %d outcomes, in %d records\n", len(s.Hidden), total(s.Hidden))
	printEvents(out, "hidden", s.Hidden)
}

func printEvents(out io.Writer, what string, events map[string]int) {
	for _, event := range slices.Sorted(maps.Keys(events)) {
		fmt.Fprintf(out, "  %s %s: %d\n", what, event, events[event])
	}
}

// printLevels infers the severity of each record that has none.
func printLevels(out io.Writer, node *edgenode.Node) {
	l := edgenode.NewLevels()
	records := 0
	for r := range node.All() {
		if r.Severity == plog.SeverityNumberUnspecified {
			number, severe := infer(r.Body)
			l.Add(&r, number, severe)
			records++
		}
	}
	precision, recall := l.Levels()
	fmt.Fprintf(out, "levels     of %d records without a severity: precision %.4f, recall %.4f (%d right, %d wrong, %d invented, %d missed)\n",
		records, precision, recall, l.Right, l.Wrong, l.Invented, l.Missed)
	precision, recall = l.Guard()
	fmt.Fprintf(out, "guard      of %d severe ones: precision %.4f, recall %.4f\n", l.Severe, precision, recall)
	printEvents(out, "misjudged", l.Misjudged)
}

func total(of map[string]int) (n int) {
	for _, count := range of {
		n += count
	}
	return n
}
