// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate ../../build/tools/mdatagen metadata.yaml

// Package queuestorageextension is the `queue_storage` extension: the storage of sending
// queues on a disk. It takes the place of contrib's `file_storage`:
//
//   - A value is written once, and the disk has its room back when the value is gone.
//   - A full disk, a damaged file or a failing read costs no value that is whole.
//   - Keys and values can be encrypted.
//
// The files are those of package segmentlog.
package queuestorageextension

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"

	"github.com/sealgate/sealgate/extension/queuestorageextension/internal/metadata"
)

// NewFactory returns the factory of the `queue_storage` extension.
func NewFactory() extension.Factory {
	return extension.NewFactory(metadata.Type, createDefaultConfig, create, metadata.ExtensionStability)
}

func create(_ context.Context, set extension.Settings, cfg component.Config) (extension.Extension, error) {
	return newQueueStorage(set, cfg.(*Config))
}
