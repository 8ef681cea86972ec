// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmfilterprocessor

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/processor"

	"github.com/sealgate/sealgate/processor/wasmfilterprocessor/internal/metadata"
)

// NewFactory returns the factory of the `wasmfilter` processor.
func NewFactory() processor.Factory {
	return processor.NewFactory(metadata.Type, createDefaultConfig, processor.WithLogs(createLogs, metadata.LogsStability))
}

// createLogs fails where the filter would not start, so that the command `validate` finds that.
func createLogs(ctx context.Context, set processor.Settings, config component.Config, next consumer.Logs) (processor.Logs, error) {
	p, err := newProcessor(set, config.(*Config), next)
	if err != nil {
		return nil, err
	}
	if err := p.check(ctx); err != nil {
		return nil, errors.Join(err, p.Shutdown(ctx))
	}
	return p, nil
}
