// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package admissionprocessor

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/sealgate/sealgate/admission"
)

// Config is the configuration of the processor.
type Config struct {
	// Profiles are the backends of which the rules are checked: `tempo` for spans, `loki`
	// for log records, `prometheus` for data points. Default: all.
	Profiles []Profile `mapstructure:"profiles"`

	// MaxItemBytes is the size of the largest span, log record or data point, with its
	// resource and scope. It has to be below `sending_queue::batch::max_size` of the
	// exporters. Default 2900000; 0 for no limit.
	MaxItemBytes int `mapstructure:"max_item_bytes"`

	// MaxRequestBytes is `sending_queue::queue_size` of the exporters. A larger request
	// that a full queue refuses is refused for good. Default 0: no request is.
	MaxRequestBytes int64 `mapstructure:"max_request_bytes"`

	// Delta is `refuse` (the default) or `accept`, where the pipeline converts data
	// points of delta temporality.
	Delta Delta `mapstructure:"delta"`

	// Logs are limits of log records. Set them to those of Loki's `limits_config`, so that
	// senders are told; without them Loki decides.
	Logs LogsConfig `mapstructure:"logs"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// LogsConfig are limits of log records. 0 is no limit, and the default: an operator may have
// raised Loki's.
type LogsConfig struct {
	// MaxAge is `reject_old_samples_max_age`.
	MaxAge time.Duration `mapstructure:"max_age"`
	// MaxAhead is `creation_grace_period`.
	MaxAhead time.Duration `mapstructure:"max_ahead"`
	// MaxLineBytes is `max_line_size`.
	MaxLineBytes int `mapstructure:"max_line_bytes"`
	// MaxAttributes is `max_structured_metadata_entries_count`.
	MaxAttributes int `mapstructure:"max_attributes"`
	// MaxResourceBytes is `max_structured_metadata_size`, checked for the attributes of
	// the resource.
	MaxResourceBytes int `mapstructure:"max_resource_bytes"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// Profile names a backend.
type Profile string

// The profiles.
const (
	Tempo      Profile = "tempo"
	Loki       Profile = "loki"
	Prometheus Profile = "prometheus"
)

// Delta says what becomes of data points of delta temporality.
type Delta string

// What becomes of them.
const (
	DeltaRefuse Delta = "refuse"
	DeltaAccept Delta = "accept"
)

var _ confmap.Validator = (*Config)(nil)

func createDefaultConfig() component.Config {
	return &Config{
		Profiles:     []Profile{Tempo, Loki, Prometheus},
		MaxItemBytes: 2_900_000,
		Delta:        DeltaRefuse,
	}
}

// Validate reports every setting that is wrong, by its key and with what would be accepted.
func (cfg *Config) Validate() error {
	var errs error
	say := func(format string, args ...any) { errs = errors.Join(errs, fmt.Errorf(format, args...)) }
	for _, p := range cfg.Profiles {
		if !slices.Contains([]Profile{Tempo, Loki, Prometheus}, p) {
			say("`profiles` has %q, which is not one of `tempo`, `loki`, `prometheus`", p)
		}
	}
	if cfg.Delta != DeltaRefuse && cfg.Delta != DeltaAccept {
		say("`delta` is %q, which is not one of `refuse`, `accept`", cfg.Delta)
	}
	for _, limit := range []struct {
		key   string
		value int64
	}{
		{"max_item_bytes", int64(cfg.MaxItemBytes)}, {"max_request_bytes", cfg.MaxRequestBytes}, {"logs::max_line_bytes", int64(cfg.Logs.MaxLineBytes)},
		{"logs::max_attributes", int64(cfg.Logs.MaxAttributes)}, {"logs::max_resource_bytes", int64(cfg.Logs.MaxResourceBytes)},
		{"logs::max_age", int64(cfg.Logs.MaxAge)}, {"logs::max_ahead", int64(cfg.Logs.MaxAhead)},
	} {
		if limit.value < 0 {
			say("`%s` is negative; it has to be more than 0, or 0 for no limit", limit.key)
		}
	}
	return errs
}

func (cfg *Config) options() admission.Options {
	return admission.Options{
		Tempo:            slices.Contains(cfg.Profiles, Tempo),
		Loki:             slices.Contains(cfg.Profiles, Loki),
		Prometheus:       slices.Contains(cfg.Profiles, Prometheus),
		MaxItemBytes:     cfg.MaxItemBytes,
		AcceptDelta:      cfg.Delta == DeltaAccept,
		MaxAge:           cfg.Logs.MaxAge,
		MaxAhead:         cfg.Logs.MaxAhead,
		MaxLineBytes:     cfg.Logs.MaxLineBytes,
		MaxAttributes:    cfg.Logs.MaxAttributes,
		MaxMetadataBytes: cfg.Logs.MaxResourceBytes,
	}
}
