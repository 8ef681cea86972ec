// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package nodenetworkreceiver

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/scraper"
	"go.opentelemetry.io/collector/scraper/scraperhelper"

	"github.com/sealgate/sealgate/receiver/nodenetworkreceiver/internal/metadata"
)

// Config is the configuration of the `node_network` receiver.
type Config struct {
	scraperhelper.ControllerConfig `mapstructure:",squash"`
	metadata.MetricsBuilderConfig  `mapstructure:",squash"`

	// RootPath is where the root of the node's file system is. The receiver reads proc/1/net below it.
	RootPath string `mapstructure:"root_path"`
}

// NewFactory returns the factory of the `node_network` receiver.
func NewFactory() receiver.Factory {
	return receiver.NewFactory(metadata.Type, createDefaultConfig, receiver.WithMetrics(create, metadata.MetricsStability))
}

func createDefaultConfig() component.Config {
	return &Config{
		ControllerConfig:     scraperhelper.NewDefaultControllerConfig(),
		MetricsBuilderConfig: metadata.NewDefaultMetricsBuilderConfig(),
		RootPath:             "/",
	}
}

func create(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Metrics) (receiver.Metrics, error) {
	config := cfg.(*Config)
	node := &nodeScraper{config: config, settings: set}
	metrics, err := scraper.NewMetrics(node.scrape, scraper.WithStart(node.start))
	if err != nil {
		return nil, err
	}
	return scraperhelper.NewMetricsController(&config.ControllerConfig, set, next, scraperhelper.AddMetricsScraper(metadata.Type, metrics))
}
