// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmfilterprocessor

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/processor"

	"github.com/sealgate/sealgate/processor/wasmfilterprocessor/internal/metadata"
)

// NewFactory returns the factory of the `wasmfilter` processor.
func NewFactory() processor.Factory {
	return processor.NewFactory(metadata.Type, createDefaultConfig, processor.WithLogs(createLogs, metadata.LogsStability))
}

// createLogs fails where the filter would not start.
func createLogs(ctx context.Context, set processor.Settings, config component.Config, next consumer.Logs) (processor.Logs, error) {
	cfg := config.(*Config)
	if err := cfg.check(ctx); err != nil {
		return nil, err
	}
	return newProcessor(set, cfg, next)
}
