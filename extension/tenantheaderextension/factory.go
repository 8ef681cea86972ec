// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package tenantheaderextension is the `tenant_header` extension: exporters that
// have it for their authenticator send the tenant that the `cloudlabels` processor
// chose as a header of their requests.
package tenantheaderextension

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
)

// NewFactory returns the factory of the `tenant_header` extension.
func NewFactory() extension.Factory {
	return extension.NewFactory(component.MustNewType("tenant_header"), createDefaultConfig, create, component.StabilityLevelBeta)
}

func create(_ context.Context, set extension.Settings, cfg component.Config) (extension.Extension, error) {
	return &tenantHeader{id: set.ID, header: cfg.(*Config).Header}, nil
}
