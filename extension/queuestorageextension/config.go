// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package queuestorageextension

import (
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
)

// Config is the configuration of the extension: that of contrib's `file_storage`, for keys
// and small values. `directory`, `create_directory`, `fsync` and `max_size` also hold for
// the files of large values.
type Config filestorage.Config

var (
	_ confmap.Validator = (*Config)(nil)

	files = filestorage.NewFactory()
)

func createDefaultConfig() component.Config {
	return (*Config)(files.CreateDefaultConfig().(*filestorage.Config))
}

// Validate reports what `file_storage` does.
func (cfg *Config) Validate() error { return (*filestorage.Config)(cfg).Validate() }
