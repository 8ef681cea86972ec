// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package divideextension

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"

	"github.com/sealgate/sealgate/extension/divideextension/internal/metadata"
)

// NewFactory returns the factory of the `divide` extension.
func NewFactory() extension.Factory {
	return extension.NewFactory(metadata.Type, createDefaultConfig, create, metadata.ExtensionStability)
}

func create(_ context.Context, set extension.Settings, cfg component.Config) (extension.Extension, error) {
	tel, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	c := cfg.(*Config)
	return &middleware{
		limit: c.MaxRequests, tel: tel, log: set.Logger, failures: newFailures(),
		drains: drains{bytesPerSecond: c.DrainBytesPerSecond, of: map[string]*drain{}},
	}, nil
}
