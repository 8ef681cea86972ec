// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fluentforwardreceiver

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/xreceiver"

	"github.com/sealgate/sealgate/receiver/fluentforwardreceiver/internal/metadata"
)

// NewFactory returns the factory of the receiver.
func NewFactory() receiver.Factory {
	return xreceiver.NewFactory(metadata.Type, func() component.Config { return &Config{MaxMessageBytes: 64 << 20} },
		xreceiver.WithLogs(func(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Logs) (receiver.Logs, error) {
			return newReceiver(set, cfg.(*Config), next)
		}, metadata.LogsStability),
		xreceiver.WithDeprecatedTypeAlias(metadata.DeprecatedType),
	)
}
