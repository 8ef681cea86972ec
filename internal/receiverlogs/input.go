// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package receiverlogs

import (
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/entry"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/operator"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/operator/helper"
	"go.opentelemetry.io/collector/component"
	"golang.org/x/text/encoding/unicode"
)

// input is the operator at the begin, in place of the one that watches files. It
// is its own builder.
type input struct {
	helper.InputConfig
	attributes map[string]any // of the file
	operator   *inputOperator
}

// Build builds the operator.
func (i *input) Build(set component.TelemetrySettings) (operator.Operator, error) {
	o, err := i.InputConfig.Build(set)
	i.operator = &inputOperator{o}
	return i.operator, err
}

type inputOperator struct{ helper.InputOperator }

// Start does nothing: entries are written from outside.
func (*inputOperator) Start(operator.Persister) error { return nil }

// Stop does nothing.
func (*inputOperator) Stop() error { return nil }

// entry returns an entry of a line, with bytes that are not UTF-8 replaced.
func (i *input) entry(line []byte) (*entry.Entry, error) {
	text, err := unicode.UTF8.NewDecoder().Bytes(line)
	if err != nil {
		return nil, err
	}
	e, err := i.operator.NewEntry(string(text))
	if err != nil {
		return nil, err
	}
	for name, value := range i.attributes {
		if err := e.Set(entry.NewAttributeField(name), value); err != nil {
			return nil, err
		}
	}
	return e, nil
}
