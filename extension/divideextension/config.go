// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package divideextension

import (
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
)

// Config is the configuration of the extension.
type Config struct {
	// MaxRequests is how many further requests one refused request may cause before the
	// undecided part waits for the exporter's next try. Default 1000.
	MaxRequests int `mapstructure:"max_requests"`

	// DrainBytesPerSecond is how fast a backend that was away gets what has queued up for
	// it, for as long as it was away and an hour at most. Default 0: as fast as it takes it.
	DrainBytesPerSecond int `mapstructure:"drain_bytes_per_second"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var _ confmap.Validator = (*Config)(nil)

// minRequests find one bad item among a million.
const minRequests = 50

func createDefaultConfig() component.Config { return &Config{MaxRequests: 1000} }

// Validate reports a limit that would find nothing.
func (cfg *Config) Validate() error {
	if cfg.MaxRequests < minRequests {
		return fmt.Errorf("`max_requests` is %d, must be at least %d", cfg.MaxRequests, minRequests)
	}
	if cfg.DrainBytesPerSecond < 0 {
		return fmt.Errorf("`drain_bytes_per_second` is %d; it has to be more than 0, or 0 for no limit", cfg.DrainBytesPerSecond)
	}
	return nil
}
