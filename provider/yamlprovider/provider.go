// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package yamlprovider is the Collector's own configuration provider `yaml`, with SIGHUP made safe:
// a configuration that is not valid leaves the running one in place.
package yamlprovider

import (
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"

	"github.com/sealgate/sealgate/internal/reload"
)

// NewFactory returns the factory of the provider.
func NewFactory() confmap.ProviderFactory { return reload.Guard(yamlprovider.NewFactory()) }
