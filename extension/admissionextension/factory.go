// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package admissionextension is the `admission` extension: receivers of OTLP that name it
// in their `middlewares` tell senders what the `admission` processors refused.
package admissionextension

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
)

// Config is the configuration of the extension, which has no settings.
type Config struct{}

// NewFactory returns the factory of the `admission` extension.
func NewFactory() extension.Factory {
	return extension.NewFactory(component.MustNewType("admission"), func() component.Config { return &Config{} }, create, component.StabilityLevelBeta)
}

func create(context.Context, extension.Settings, component.Config) (extension.Extension, error) {
	return &middleware{}, nil
}
