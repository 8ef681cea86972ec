// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package otlpgrpc is the Collector's own exporter `otlp_grpc`, which counts exactly what was
// sent where the `divide` extension delivers a request except for a few items.
package otlpgrpc

import (
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/otlpexporter"

	"github.com/sealgate/sealgate/internal/tally"
)

// NewFactory returns the factory of the `otlp_grpc` exporter.
func NewFactory() exporter.Factory { return tally.Wrap(otlpexporter.NewFactory()) }
