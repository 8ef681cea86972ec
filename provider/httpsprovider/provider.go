// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package httpsprovider is the configuration provider `https`; see package remoteconfig.
package httpsprovider

import (
	"go.opentelemetry.io/collector/confmap"

	"github.com/sealgate/sealgate/internal/remoteconfig"
)

// NewFactory returns the factory of the provider.
func NewFactory() confmap.ProviderFactory { return remoteconfig.NewFactory("https") }
