// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package httpprovider is the configuration provider `http`. It reads from this host only, unless
// the operator trusts the network: see package remoteconfig.
package httpprovider

import (
	"go.opentelemetry.io/collector/confmap"

	"github.com/sealgate/sealgate/internal/remoteconfig"
)

// NewFactory returns the factory of the provider.
func NewFactory() confmap.ProviderFactory { return remoteconfig.NewFactory("http") }
