// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package queuestorageextension is the `queue_storage` extension: the storage of sending
// queues on a disk. It is contrib's `file_storage`, but for two things that queues need:
//
//   - A large value has a file of its own, so that storing a batch copies it once, and
//     the disk has its room back when the batch is gone.
//   - What is in the storage can be read and sent while there is no room on the disk: a
//     change that cannot be noted there is noted in memory, and written down later.
package queuestorageextension

import (
	"context"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// NewFactory returns the factory of the `queue_storage` extension.
func NewFactory() extension.Factory {
	return extension.NewFactory(component.MustNewType("queue_storage"), createDefaultConfig, create, component.StabilityLevelBeta)
}

func create(ctx context.Context, set extension.Settings, cfg component.Config) (extension.Extension, error) {
	config := (*filestorage.Config)(cfg.(*Config))
	inner := set
	inner.ID = component.NewIDWithName(files.Type(), set.ID.Name())
	e, err := files.Create(ctx, inner, config)
	if err != nil {
		return nil, err
	}
	return &queueStorage{Extension: e.(storage.Extension), cfg: config, logger: set.Logger}, nil
}
