// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package reload

import "go.opentelemetry.io/collector/confmap"

// Guard returns factory: there is no SIGHUP on this system.
func Guard(factory confmap.ProviderFactory) confmap.ProviderFactory { return factory }
