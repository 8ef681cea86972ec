// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/internal/filterbench"
	"github.com/sealgate/sealgate/internal/logfile"
	"github.com/sealgate/sealgate/internal/logfilter"
	"github.com/sealgate/sealgate/internal/receiverlogs"
	"github.com/sealgate/sealgate/wasmhost"
)

type filterTest struct {
	module     filterModule
	logs       list
	format     string
	as         string
	noSeverity bool
	clock      string
	severity   string
	infer      string
	attributes list
	allow      string
	asJSON     bool
	opts       filterbench.Options
}

func filterTestCommand() command {
	return command{
		name:    "filter test",
		args:    "MODULE --logs FILE [--config FILE]",
		summary: "run a log filter on a file of logs: what it would drop and change and why, and what it takes",
		about: `
MODULE is a WebAssembly file, or builtin:NAME for a filter that is shipped. It runs as
in the gateway, with one instance. Logs are plain lines, JSON lines, what containerd,
CRI-O and Docker write, or OTLP as JSON, also with gzip; "-" is stdin. Bytes are those
of bodies. Of the logs nothing is printed but the examples and templates that are
asked for, cut; and with examples, what the filter itself writes.

A filter that changes records is shown with examples, before (-) and after (+).

Exit code 1 says that the filter failed or miscounted, that it wants to change what
cannot be changed, or that not all of the logs could be read.`,
		setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
			t := &filterTest{}
			t.module.register(fs)
			fs.Var(&t.logs, "logs", "`FILE` with logs, - for stdin; more than one in a row are one")
			fs.StringVar(&t.format, "format", string(logfile.FormatAuto), "`FORMAT` of the logs: plain, json (lines), otlp, or auto to tell, line by line")
			fs.StringVar(&t.as, "as", "", "read files as the `RECEIVER` of a shipped configuration does: agent, edge or otlp; --format and --no-severity do not apply")
			fs.BoolVar(&t.noSeverity, "no-severity", false, "do not look for a level such as ERROR at the begin of plain lines")
			fs.StringVar(&t.clock, "time", "record", "`CLOCK` for windows of time: record, that of the records, or arrival, as if all came in now")
			fs.StringVar(&t.severity, "never-drop", "WARN", "keep this `SEVERITY` and worse whatever the filter says; NONE for no such guard")
			fs.Var(&t.attributes, "never-drop-attribute", "keep records with this attribute, `NAME=VALUE`, too; the value * is any")
			fs.StringVar(&t.allow, "allow", "attributes,body,severity", "`WHAT` the filter may change, as the gateway's allow")
			fs.StringVar(&t.infer, "infer-severity", "guard", "for records that state no severity: find it, guard; or do not, off")
			fs.IntVar(&t.opts.MemoryMiB, "memory-mib", 64, "the most memory of the filter, in `MIB`")
			fs.IntVar(&t.opts.Examples, "examples", 3, "show up to `N` examples of what became of records, of different templates")
			fs.IntVar(&t.opts.Top, "top", 5, "show the `N` most frequent templates that were kept, and dropped")
			fs.BoolVar(&t.asJSON, "json", false, "print one JSON object")
			return t.run
		},
	}
}

func (t *filterTest) run(ctx context.Context, e *env, args []string) error {
	if err := errors.Join(t.check(), t.readGuard(), t.readAllow()); err != nil {
		return usageError{err}
	}
	if err := t.module.load(args); err != nil {
		return err
	}
	t.opts.Config, t.opts.Arrival, t.opts.Output = t.module.config, t.clock == "arrival", t.opts.Examples > 0
	bench, err := filterbench.New(ctx, t.module.wasm, t.opts)
	if err != nil {
		return t.module.refusal(err)
	}
	defer func() { _ = bench.Close(context.WithoutCancel(ctx)) }()
	unread, err := t.judge(ctx, e, bench)
	if err != nil {
		return err
	}
	result, err := bench.Result(ctx)
	if err != nil {
		return err
	}
	if err := t.print(e, result); err != nil {
		return err
	}
	if unread > 0 || result.Faulty() {
		return errPart
	}
	return nil
}

func (t *filterTest) check() error {
	switch {
	case len(t.logs) == 0:
		return fmt.Errorf("no logs: name a file of them with --logs FILE, or --logs - for stdin")
	case t.clock != "record" && t.clock != "arrival":
		return fmt.Errorf("--time %q is neither record nor arrival", t.clock)
	case t.opts.Examples < 0 || t.opts.Top < 0:
		return fmt.Errorf("--examples and --top must not be negative")
	case t.opts.MemoryMiB < 1 || t.opts.MemoryMiB > 4096:
		return fmt.Errorf("--memory-mib is %d, must be 1 to 4096", t.opts.MemoryMiB)
	}
	if t.as != "" && !slices.Contains(receiverlogs.Receivers(), receiverlogs.As(t.as)) {
		return fmt.Errorf("--as %q is not one of %v", t.as, receiverlogs.Receivers())
	}
	for _, f := range logfile.Formats() {
		if t.format == string(f) {
			return nil
		}
	}
	return fmt.Errorf("--format %q must be one of %v", t.format, logfile.Formats())
}

func (t *filterTest) readAllow() error {
	for name := range strings.SplitSeq(t.allow, ",") {
		if c := wasmhost.Change(name); slices.Contains(wasmhost.Changes(), c) {
			t.opts.Allow = append(t.opts.Allow, c)
		} else if t.allow != "" {
			return fmt.Errorf("--allow %q must be one of %v", name, wasmhost.Changes())
		}
	}
	return nil
}

func (t *filterTest) readGuard() error {
	guard := &t.opts.View.Guard
	if severity, ok := logfile.Severity(t.severity); ok {
		guard.Severity = severity
	} else if !strings.EqualFold(t.severity, "NONE") {
		return fmt.Errorf("--never-drop %q must be one of TRACE, DEBUG, INFO, WARN, ERROR, FATAL, NONE", t.severity)
	}
	guard.Attributes = map[string]string{}
	for _, a := range t.attributes {
		name, value, ok := strings.Cut(a, "=")
		if !ok || name == "" {
			return fmt.Errorf("--never-drop-attribute %q is not NAME=VALUE", a)
		}
		guard.Attributes[name] = value
	}
	switch t.infer {
	case "off":
	case "guard":
		t.opts.View.Infer = logfilter.InferGuard
	default:
		return fmt.Errorf("--infer-severity %q is neither guard nor off", t.infer)
	}
	return nil
}

// judge has the filter judge the logs, file after file. What is wrong with one is
// said, and the next is read; unread is how many were not read to their end.
func (t *filterTest) judge(ctx context.Context, e *env, bench *filterbench.Bench) (unread int, err error) {
	p := e.newProgress(false)
	defer p.end()
	for _, path := range t.logs {
		err := t.judgeFile(ctx, e, bench, path, p)
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		if err != nil {
			p.end()
			e.say("%s: %v", path, err)
			unread++
		}
	}
	if bench.Records() == 0 {
		return 0, errors.New("there is no log record in it; what is wrong with a file is said above, an empty one has none")
	}
	return unread, nil
}

func (t *filterTest) judgeFile(ctx context.Context, e *env, bench *filterbench.Bench, path string, p *progress) error {
	in := e.stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return errors.Unwrap(err) // which has the path
		}
		defer f.Close()
		in = f
	}
	if t.as != "" {
		return t.judgeReceived(ctx, bench, path, in, p)
	}
	r, err := logfile.NewReader(in, logfile.Options{Format: logfile.Format(t.format), NoSeverity: t.noSeverity})
	if err != nil {
		return err
	}
	if d := r.Documents(); d != nil {
		return bench.Receive(ctx, watchedReceiver{d, bench, p})
	}
	return bench.Run(ctx, watched{r, bench, p})
}

// judgeReceived has the filter judge a file as a receiver reads it.
func (t *filterTest) judgeReceived(ctx context.Context, bench *filterbench.Bench, path string, in io.Reader, p *progress) error {
	source, err := receiverlogs.Open(ctx, receiverlogs.As(t.as), path, in)
	if err != nil {
		return err
	}
	return errors.Join(bench.Receive(ctx, watchedReceiver{source, bench, p}), source.Close())
}

// watchedReceiver shows how far a receiver has read.
type watchedReceiver struct {
	filterbench.Receiver
	bench *filterbench.Bench
	p     *progress
}

func (w watchedReceiver) Next() (plog.Logs, error) {
	w.p.show("%d records", w.bench.Records())
	return w.Receiver.Next()
}

// watched shows how far a source has been read.
type watched struct {
	filterbench.Source
	bench *filterbench.Bench
	p     *progress
}

func (w watched) Read() (logfile.Record, error) {
	w.p.show("%d records", w.bench.Records())
	return w.Source.Read()
}
