// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package admissionprocessor

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/processor"

	"github.com/sealgate/sealgate/admission"
	"github.com/sealgate/sealgate/processor/admissionprocessor/internal/metadata"
)

// NewFactory returns the factory of the `admission` processor.
func NewFactory() processor.Factory {
	return processor.NewFactory(
		metadata.Type,
		createDefaultConfig,
		processor.WithTraces(createTraces, metadata.TracesStability),
		processor.WithMetrics(createMetrics, metadata.MetricsStability),
		processor.WithLogs(createLogs, metadata.LogsStability),
	)
}

func createTraces(_ context.Context, set processor.Settings, cfg component.Config, next consumer.Traces) (processor.Traces, error) {
	p, err := newGate(set, cfg.(*Config), admission.Traces)
	return &traces{p, next}, err
}

func createMetrics(_ context.Context, set processor.Settings, cfg component.Config, next consumer.Metrics) (processor.Metrics, error) {
	p, err := newGate(set, cfg.(*Config), admission.Metrics)
	return &metrics{p, next}, err
}

func createLogs(_ context.Context, set processor.Settings, cfg component.Config, next consumer.Logs) (processor.Logs, error) {
	p, err := newGate(set, cfg.(*Config), admission.Logs)
	return &logs{p, next}, err
}
