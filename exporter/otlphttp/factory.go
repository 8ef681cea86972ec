// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package otlphttp is the Collector's own exporter `otlp_http`, which counts exactly what was
// sent where the `divide` extension delivers a request except for a few items.
package otlphttp

import (
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"

	"github.com/sealgate/sealgate/internal/tally"
)

// NewFactory returns the factory of the `otlp_http` exporter.
func NewFactory() exporter.Factory { return tally.Wrap(otlphttpexporter.NewFactory()) }
