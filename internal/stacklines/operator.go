// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package stacklines registers the operator `stack_lines` for the receivers of
// logs. It marks each line that begins a record, so that the operator recombine
// joins the others, the rest of a stack trace, to it.
//
// It also switches on the feature gate stanza.synchronousLogEmitter. Without it
// the operator container passes lines on from two goroutines, which may swap them,
// and lines that wait in its emitter are lost when the process is killed.
package stacklines

import (
	"context"
	"strings"
	"sync"

	_ "github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/adapter" // has the gate
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/entry"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/operator"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/operator/helper"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/featuregate"

	"github.com/sealgate/sealgate/internal/stacktrace"
)

const (
	operatorType = "stack_lines"
	gate         = "stanza.synchronousLogEmitter"

	// maxStreams bounds the memory for streams. When there are more, all are
	// forgotten: at worst the rest of a trace becomes a record.
	maxStreams = 10_000

	white = " \t\r\n"
)

func init() {
	operator.Register(operatorType, func() operator.Builder { return newConfig() })
	if err := featuregate.GlobalRegistry().Set(gate, true); err != nil {
		panic(err) // the gate has gone: see what has come instead
	}
}

// Config is the configuration of the operator.
type Config struct {
	helper.TransformerConfig `mapstructure:",squash"`

	// SourceIdentifier says which stream an entry is of.
	SourceIdentifier entry.Field `mapstructure:"source_identifier"`
	// FirstField becomes true if the entry begins a record, else false.
	FirstField entry.Field `mapstructure:"first_field"`
}

func newConfig() *Config {
	return &Config{
		TransformerConfig: helper.NewTransformerConfig(operatorType, operatorType),
		SourceIdentifier:  entry.NewAttributeField("log.file.path"),
		FirstField:        entry.NewAttributeField("first"),
	}
}

// Build builds the operator.
func (c *Config) Build(set component.TelemetrySettings) (operator.Operator, error) {
	transformer, err := c.TransformerConfig.Build(set)
	if err != nil {
		return nil, err
	}
	return &marker{
		TransformerOperator: transformer,
		source:              c.SourceIdentifier,
		first:               c.FirstField,
		streams:             map[string]*stacktrace.Stream{},
	}, nil
}

type marker struct {
	helper.TransformerOperator
	source, first entry.Field

	mu      sync.Mutex // files are read at the same time
	streams map[string]*stacktrace.Stream
}

// ProcessBatch marks entries and passes them on.
func (m *marker) ProcessBatch(ctx context.Context, entries []*entry.Entry) error {
	return m.ProcessBatchWithTransform(ctx, entries, m.mark)
}

// Process marks an entry and passes it on.
func (m *marker) Process(ctx context.Context, e *entry.Entry) error {
	return m.ProcessWith(ctx, e, m.mark)
}

// mark also takes the white space behind a line away, the line feed of Docker
// among it, as file_log does with lines of a plain file.
func (m *marker) mark(e *entry.Entry) error {
	line, isText := e.Body.(string)
	if trimmed := strings.TrimRight(line, white); len(trimmed) < len(line) {
		line, e.Body = trimmed, trimmed
	}
	var source string
	_ = e.Read(m.source, &source) // entries without one are one stream
	return e.Set(m.first, !isText || !m.continues(source, line))
}

func (m *marker) continues(source, line string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	stream := m.streams[source]
	if stream == nil {
		if len(m.streams) >= maxStreams {
			clear(m.streams)
		}
		stream = &stacktrace.Stream{}
		m.streams[source] = stream
	}
	return stream.Continues(line)
}
