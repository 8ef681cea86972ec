// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package receiverlogs

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/adapter"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/entry"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/operator"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/operator/helper"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/operator/input/file"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/operator/parser/container"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/operator/transformer/recombine"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/pipeline"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/trim"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/metric/noop"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"
	"golang.org/x/text/encoding/unicode"

	"github.com/sealgate/sealgate/distributions"
)

const (
	// batchLines is how many lines the receiver passes on at once.
	batchLines = 100

	// never keeps timers out of a reading: lines wait for the next, however long
	// the caller takes.
	never = 24 * time.Hour
)

// fileConfig is the configuration of the receiver file_log, which keeps its type to
// itself.
type fileConfig struct {
	Input              file.Config `mapstructure:",squash"`
	adapter.BaseConfig `mapstructure:",squash"`
}

// podLog is what the operator container takes names from.
var podLog = regexp.MustCompile(`[/\\][^_]+_[^_]+_[a-f0-9\-]+[/\\][^._]+[/\\]\d+\.log(\.\d{8}-\d{6})?$`)

// lines reads a file through operators.
type lines struct {
	ctx     context.Context
	in      *bufio.Scanner
	input   *input
	pipe    *pipeline.DirectedPipeline
	batches []plog.Logs
	done    error
	stopped bool
}

func openFile(ctx context.Context, as As, name string, in io.Reader) (Source, error) {
	config, err := readConfig(ctx, as)
	if err != nil {
		return nil, fmt.Errorf("embedded:%s: %w", as, err)
	}
	l := &lines{ctx: ctx}
	if l.in, err = splitLines(in, &config.Input); err != nil {
		return nil, fmt.Errorf("embedded:%s: %w", as, err)
	}
	if err := l.start(config, name); err != nil {
		return nil, fmt.Errorf("embedded:%s: %w", as, err)
	}
	return l, nil
}

// readConfig returns the receiver's part of an embedded configuration.
func readConfig(ctx context.Context, as As) (*fileConfig, error) {
	resolver, err := confmap.NewResolver(confmap.ResolverSettings{
		URIs:              []string{"embedded:" + string(as)},
		ProviderFactories: []confmap.ProviderFactory{distributions.NewReader(), envprovider.NewFactory()},
	})
	if err != nil {
		return nil, err
	}
	all, err := resolver.Resolve(ctx)
	if err != nil {
		return nil, err
	}
	part, err := all.Sub("receivers::file_log")
	if err != nil {
		return nil, err
	}
	config := &fileConfig{Input: *file.NewConfig()}
	return config, part.Unmarshal(config, confmap.WithIgnoreUnused())
}

// splitLines cuts the input as the receiver does. A last line may lack its line feed.
func splitLines(in io.Reader, config *file.Config) (*bufio.Scanner, error) {
	longest := int(config.MaxLogSize)
	split, err := config.SplitConfig.Func(unicode.UTF8, true, longest)
	if err != nil {
		return nil, err
	}
	scanner := bufio.NewScanner(in)
	scanner.Buffer(make([]byte, 0, config.InitialBufferSize), longest)
	scanner.Split(trim.WithFunc(trim.ToLength(split, longest), config.TrimConfig.Func()))
	return scanner, nil
}

func (l *lines) start(config *fileConfig, name string) error {
	for _, o := range config.Operators {
		switch o := o.Builder.(type) {
		case *recombine.Config:
			o.ForceFlushTimeout = never
		case *container.Config:
			o.AddMetadataFromFilePath = o.AddMetadataFromFilePath && podLog.MatchString(name)
		}
	}
	l.input = &input{InputConfig: config.Input.InputConfig, attributes: map[string]any{}}
	if config.Input.IncludeFilePath {
		l.input.attributes["log.file.path"] = name
	}
	if config.Input.IncludeFileName {
		l.input.attributes["log.file.name"] = filepath.Base(name)
	}
	set := component.TelemetrySettings{
		Logger:         zap.NewNop(), // the receiver reports each line that it does not know
		MeterProvider:  noop.NewMeterProvider(),
		TracerProvider: tracenoop.NewTracerProvider(),
	}
	var err error
	l.pipe, err = pipeline.Config{
		Operators:     append([]operator.Config{operator.NewConfig(l.input)}, config.Operators...),
		DefaultOutput: helper.NewSynchronousLogEmitter(set, l.collect),
	}.Build(set)
	if err != nil {
		return err
	}
	return l.pipe.Start(nil)
}

func (l *lines) collect(_ context.Context, entries []*entry.Entry) {
	l.batches = append(l.batches, adapter.ConvertEntries(entries))
}

// Next returns the next batch.
func (l *lines) Next() (plog.Logs, error) {
	for len(l.batches) == 0 {
		if l.done != nil {
			return plog.Logs{}, l.done
		}
		l.done = l.read()
	}
	next := l.batches[0]
	l.batches = l.batches[1:]
	return next, nil
}

// read passes the next lines on, or at the end those that wait.
func (l *lines) read() error {
	if err := l.ctx.Err(); err != nil {
		return err
	}
	var entries []*entry.Entry
	for len(entries) < batchLines && l.in.Scan() {
		if len(l.in.Bytes()) == 0 {
			continue
		}
		e, err := l.input.entry(l.in.Bytes())
		if err != nil {
			return err
		}
		entries = append(entries, e)
	}
	if len(entries) > 0 {
		// An error is about a line that an operator does not know. It is passed on as it is.
		_ = l.input.operator.WriteBatch(l.ctx, entries)
		return nil
	}
	if err := errors.Join(l.in.Err(), l.Close()); err != nil {
		return err
	}
	return io.EOF
}

// Close ends the operators.
func (l *lines) Close() error {
	if l.stopped {
		return nil
	}
	l.stopped = true
	return l.pipe.Stop()
}
