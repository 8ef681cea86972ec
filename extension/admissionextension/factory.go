// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package admissionextension

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"

	"github.com/sealgate/sealgate/extension/admissionextension/internal/metadata"
)

// Config is the configuration of the extension, which has no settings.
type Config struct{}

// NewFactory returns the factory of the `admission` extension.
func NewFactory() extension.Factory {
	return extension.NewFactory(metadata.Type, func() component.Config { return &Config{} }, create, metadata.ExtensionStability)
}

func create(_ context.Context, set extension.Settings, _ component.Config) (extension.Extension, error) {
	tel, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return &middleware{tel: tel}, nil
}
