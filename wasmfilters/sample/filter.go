// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package sample is a filter that keeps a percentage of log records, those of a
// trace together: see README.md.
package sample

import (
	"encoding/binary"

	"github.com/sealgate/sealgate/wasmfilters/internal/kept"
	"github.com/sealgate/sealgate/wasmfilters/sdk"
)

// New makes one.
func New() sdk.Filter { return &filter{} }

// The rules of the manifest.
const (
	ruleTrace = 1
	ruleOther = 2
)

type filter struct{ settings }

func (f *filter) Configure(config []byte) (sdk.Manifest, error) {
	m := sdk.Manifest{Name: "sample", Version: "1.0.0", Memoryless: true}
	s, err := parse(config)
	if err != nil {
		return m, err
	}
	f.settings = s
	m.Columns = append([]string{sdk.ColumnTraceID}, kept.Columns...)
	if s.otherwise == byHash {
		m.Columns = append(m.Columns, sdk.ColumnBodyHash)
	}
	m.Rules = []string{"traces beyond " + s.percentage + "%", "records without a trace"}
	return m, nil
}

// Judge keeps a record if the 56 random bits of its trace id, the lowest, are at
// least the threshold: https://www.w3.org/TR/trace-context-2/#random-trace-id-flag,
// https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/.
func (f *filter) Judge(c *sdk.Chunk, v []sdk.Verdict) {
	severity, protected := c.Severity()[:len(v)], c.Protected()[:len(v)]
	for i := range v {
		if f.keep.Keeps(severity[i], protected[i]) {
			continue
		}
		id := c.TraceID(i)
		low := binary.BigEndian.Uint64(id[8:])
		switch {
		case low|binary.BigEndian.Uint64(id) == 0:
			v[i] = f.withoutTrace(c, i)
		case low&randomBits < f.threshold:
			v[i] = sdk.Drop(ruleTrace)
		}
	}
}

func (f *filter) withoutTrace(c *sdk.Chunk, i int) sdk.Verdict {
	if f.otherwise == drop || f.otherwise == byHash && c.BodyHash()[i]&randomBits < f.threshold {
		return sdk.Drop(ruleOther)
	}
	return sdk.Keep
}
