// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/sealgate/sealgate/seal/archive"
)

type decrypt struct {
	keys                   keyFlags
	times                  timeFlags
	format, output, signal string
	progress               bool
}

func decryptCommand() command {
	return command{
		name:    "decrypt",
		args:    "--key FILE PATH... [--from TIME] [--to TIME] [--format json|protobuf] [--output FILE]",
		summary: "turn sealed files into OTLP, as JSON lines or protobuf",
		about: `
PATH is a sealed file, or a directory of them. JSON is one TracesData, LogsData or
MetricsData a line. Protobuf is the same messages, each behind its length as a
varint; they do not say their signal, so choose one with --signal where there are
several. Only what is authentic is written; what is damaged is reported on stderr
and the rest is written, with exit code 1.

A time range keeps spans that overlap it, and log records and datapoints that are
of it. Items without a time are kept too, so every frame is read; with --by-index the
index of finished files chooses the frames, which is faster and misses such items.`,
		setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
			d := &decrypt{}
			d.keys.register(fs)
			d.times.register(fs)
			fs.StringVar(&d.format, "format", "json", "`FORMAT`: json or protobuf")
			fs.StringVar(&d.output, "output", "-", "`FILE` to write to, which must not be there yet; - is stdout")
			fs.StringVar(&d.signal, "signal", "", "only files of this `SIGNAL`: traces, logs or metrics")
			fs.BoolVar(&d.progress, "progress", false, "show progress where stderr is no terminal too")
			return d.run
		},
	}
}

func (d *decrypt) run(ctx context.Context, e *env, paths []string) error {
	if d.format != "json" && d.format != "protobuf" {
		return usagef("--format %q is neither json nor protobuf", d.format)
	}
	only, err := parseSignal(d.signal)
	if err != nil {
		return err
	}
	when, err := d.times.between(e.now())
	if err != nil {
		return err
	}
	keys, err := d.keys.identities()
	if err != nil {
		return err
	}
	files, err := sealedFiles(paths)
	if err != nil {
		return err
	}
	if d.format == "protobuf" && only == 0 {
		if err := oneSignal(files); err != nil {
			return err
		}
	}
	out, err := e.openOutput(d.output)
	if err != nil {
		return err
	}
	w := &otlpWriter{when: when, protobuf: d.format == "protobuf", only: only, out: bufio.NewWriterSize(out, 1<<20)}
	p := e.newProgress(d.progress)
	err = e.readAll(ctx, files, keys, when.frames(), func(i int, r *archive.File) (onFrame, error) {
		return w.file(r, func(f archive.Frame) {
			p.show("file %d of %d, %d%% of it: %d items", i+1, len(files), 100*f.Offset/max(1, r.Size()), w.items)
		})
	})
	p.end()
	err2 := w.out.Flush()
	if err2 != nil {
		err = fmt.Errorf("writing to %s: %w; free some space or choose another --output", d.output, err2)
	}
	if err == nil || errors.Is(err, errPart) {
		w.explainEmpty(e)
		return errors.Join(err, out.close())
	}
	return errors.Join(err, out.discard())
}

// oneSignal returns an error where files are of several signals, before anything is written.
func oneSignal(files []string) error {
	var first string
	var signal archive.Signal
	for _, path := range files {
		f, err := archive.OpenFile(path)
		if err != nil {
			continue // it is reported later
		}
		s := f.Header().Signal
		_ = f.Close()
		if signal != 0 && s != signal {
			return fmt.Errorf("%s has %s and %s has %s, and protobuf does not say which is which; choose one with --signal", path, s, first, signal)
		}
		first, signal = path, s
	}
	return nil
}

func parseSignal(name string) (archive.Signal, error) {
	if name == "" {
		return 0, nil
	}
	s, ok := signals[name]
	if !ok {
		return 0, usagef("--signal %q must be one of traces, logs, metrics", name)
	}
	return s, nil
}

// otlpWriter writes frames as OTLP.
type otlpWriter struct {
	when     timeRange
	protobuf bool
	only     archive.Signal // 0 means all
	out      *bufio.Writer

	signal archive.Signal // of what has been written
	items  int
	found  int // before the time range was applied
	span   archive.Between
}

// file returns what writes the frames of a file, or nil where it is of a signal
// that is not asked for.
func (w *otlpWriter) file(r *archive.File, progress func(archive.Frame)) (onFrame, error) {
	signal := r.Header().Signal
	if w.only != 0 && signal != w.only {
		return nil, nil
	}
	if w.protobuf && w.signal != 0 && w.signal != signal {
		return nil, fmt.Errorf("%s has %s and the files before it have %s, and protobuf does not say which is which; choose one with --signal", r.Path(), signal, w.signal)
	}
	w.signal = signal
	return func(f archive.Frame) error {
		progress(f)
		return w.write(signal, f)
	}, nil
}

func (w *otlpWriter) write(signal archive.Signal, f archive.Frame) error {
	b, err := decodeBatch(signal, f.Payload)
	if err != nil {
		return err
	}
	w.found += b.items()
	if !w.when.all() {
		w.grow(b.span())
		if b.keep(w.when); b.items() == 0 {
			return nil
		}
	}
	w.items += b.items()
	if w.protobuf {
		return w.writeProtobuf(b)
	}
	line, err := b.json()
	if err != nil {
		return err
	}
	_, err = w.out.Write(append(line, '\n'))
	return err
}

// grow extends the range of time of everything that was found.
func (w *otlpWriter) grow(from, to uint64) {
	if from > to {
		return
	}
	first, last := time.Unix(0, int64(from)).UTC(), time.Unix(0, int64(to)).UTC()
	if w.span.From.IsZero() || first.Before(w.span.From) {
		w.span.From = first
	}
	if last.After(w.span.To) {
		w.span.To = last
	}
}

// explainEmpty says why nothing was written.
func (w *otlpWriter) explainEmpty(e *env) {
	switch {
	case w.items > 0:
	case w.found > 0:
		e.say("nothing was written: no item is of the time range %s; the items that were read are of %s to %s", w.when, w.span.From.Format(time.RFC3339Nano), w.span.To.Format(time.RFC3339Nano))
	case w.when.byIndex:
		e.say("nothing was written: no frame is of the time range %s by the index; `sealctl verify --json` shows the range of each file", w.when)
	case w.only != 0:
		e.say("nothing was written: these files hold no %s; `sealctl inspect` shows the signal of each", w.only)
	default:
		e.say("nothing was written: these files hold no items")
	}
}

func (w *otlpWriter) writeProtobuf(b batch) error {
	message, err := b.protobuf()
	if err != nil {
		return err
	}
	if _, err := w.out.Write(binary.AppendUvarint(nil, uint64(len(message)))); err != nil {
		return err
	}
	_, err = w.out.Write(message)
	return err
}

// output is where data in the clear goes.
type output struct {
	io.Writer
	file *os.File // nil for stdout
}

// openOutput creates a file that nobody else may read, or returns stdout.
func (e *env) openOutput(path string) (*output, error) {
	if path == "-" {
		return &output{Writer: e.stdout}, nil
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%s is there already; choose another --output, or remove it", path)
	}
	if err != nil {
		return nil, err
	}
	return &output{Writer: f, file: f}, nil
}

// discard closes and removes the file: a part of the output must not pass for all of it.
func (o *output) discard() error {
	if o.file == nil {
		return nil
	}
	return errors.Join(o.file.Close(), os.Remove(o.file.Name()))
}

// close closes the file, and removes it where nothing was written.
func (o *output) close() error {
	if o.file == nil {
		return nil
	}
	info, err := o.file.Stat()
	err = errors.Join(err, o.file.Close())
	if err == nil && info.Size() == 0 {
		return os.Remove(o.file.Name())
	}
	return err
}
