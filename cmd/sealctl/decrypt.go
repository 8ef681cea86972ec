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
of it; what has no time is kept.`,
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
	if err2 := errors.Join(w.out.Flush(), out.close()); err2 != nil {
		return fmt.Errorf("writing: %w", err2)
	}
	return err
}

func parseSignal(name string) (archive.Signal, error) {
	if name == "" {
		return 0, nil
	}
	s, ok := signals[name]
	if !ok {
		return 0, usagef("--signal %q is none of traces, logs, metrics", name)
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
	if !w.when.all() {
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
