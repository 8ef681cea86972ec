// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sm4exporter

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"

	"github.com/sealgate/sealgate/exporter/sm4exporter/internal/metadata"
	"github.com/sealgate/sealgate/seal/archive"
)

// NewFactory returns the factory of the `sm4` exporter.
func NewFactory() exporter.Factory {
	return exporter.NewFactory(
		metadata.Type,
		createDefaultConfig,
		exporter.WithTraces(createTraces, metadata.TracesStability),
		exporter.WithMetrics(createMetrics, metadata.MetricsStability),
		exporter.WithLogs(createLogs, metadata.LogsStability),
	)
}

func createTraces(ctx context.Context, set exporter.Settings, config component.Config) (exporter.Traces, error) {
	cfg := config.(*Config)
	if err := cfg.check(ctx); err != nil {
		return nil, err
	}
	if !cfg.Archive.HasValue() {
		return newSealedTraces(ctx, set, cfg)
	}
	e, err := newArchiveExporter(set, cfg, archive.Traces)
	if err != nil {
		return nil, err
	}
	return exporterhelper.NewTraces(ctx, set, cfg, e.pushTraces, e.helperOptions()...)
}

func createLogs(ctx context.Context, set exporter.Settings, config component.Config) (exporter.Logs, error) {
	cfg := config.(*Config)
	if err := cfg.check(ctx); err != nil {
		return nil, err
	}
	if !cfg.Archive.HasValue() {
		return newSealedLogs(ctx, set, cfg)
	}
	e, err := newArchiveExporter(set, cfg, archive.Logs)
	if err != nil {
		return nil, err
	}
	return exporterhelper.NewLogs(ctx, set, cfg, e.pushLogs, e.helperOptions()...)
}

var errMetricsDestination = errors.New("metrics can be sealed in an `archive` only: Prometheus has to read names, labels and values to store a series at all, so nothing of them can be sealed on the way; take this exporter out of the metrics pipeline, or give that an `sm4` exporter with `archive`")

func createMetrics(ctx context.Context, set exporter.Settings, config component.Config) (exporter.Metrics, error) {
	cfg := config.(*Config)
	if !cfg.Archive.HasValue() {
		return nil, errMetricsDestination
	}
	if err := cfg.check(ctx); err != nil {
		return nil, err
	}
	e, err := newArchiveExporter(set, cfg, archive.Metrics)
	if err != nil {
		return nil, err
	}
	return exporterhelper.NewMetrics(ctx, set, cfg, e.pushMetrics, e.helperOptions()...)
}

// helperOptions leave queueing, retry and time limits out: the archive is the
// queue, and who sent the data retries.
func (e *archiveExporter) helperOptions() []exporterhelper.Option {
	return []exporterhelper.Option{
		exporterhelper.WithStart(e.start),
		exporterhelper.WithShutdown(e.shutdown),
		exporterhelper.WithTimeout(exporterhelper.TimeoutConfig{Timeout: 0}),
		exporterhelper.WithCapabilities(consumer.Capabilities{MutatesData: false}),
	}
}
