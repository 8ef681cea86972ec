// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package queuestorageextension

import (
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"go.opentelemetry.io/collector/component"
)

// Config is the configuration of the extension: that of contrib's `file_storage`.
type Config struct {
	// File is where keys and small values are; large values are in a folder beside it.
	// `fsync`, `max_size`, `create_directory` and `directory` hold for both.
	File filestorage.Config `mapstructure:",squash"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var files = filestorage.NewFactory()

func createDefaultConfig() component.Config {
	return &Config{File: *files.CreateDefaultConfig().(*filestorage.Config)}
}
