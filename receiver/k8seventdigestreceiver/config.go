// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package k8seventdigestreceiver

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/sealgate/sealgate/eventdigest"
)

// Config is the configuration of the receiver.
type Config struct {
	// AuthType says how the API server is reached: `serviceAccount` (the default), as in a pod, or
	// `kubeConfig`, by $KUBECONFIG or ~/.kube/config.
	AuthType AuthType `mapstructure:"auth_type"`

	// Context is the context of the kubeconfig. Default: its current one.
	Context string `mapstructure:"context"`

	// Namespaces are those of which the events are followed. Default: all.
	Namespaces []string `mapstructure:"namespaces"`

	// ClusterName becomes the resource attribute `k8s.cluster.name`. Default: there is none.
	ClusterName string `mapstructure:"cluster_name"`

	// Window is how long repeats of a kind are counted before they become a record. Default 5m.
	Window time.Duration `mapstructure:"window"`

	// WorseFactor says when a kind got much worse and is reported at once: at so many times the
	// repeats of the window before. Default 10.
	WorseFactor uint64 `mapstructure:"worse_factor"`

	// WorseLeast is the fewest repeats in a window that count as much worse. Default 100.
	WorseLeast uint64 `mapstructure:"worse_least"`

	// Examples is the number of objects that a record names. Default 5.
	Examples int `mapstructure:"examples"`

	// MaxKinds is the number of kinds that are remembered. The events of others pass one by one.
	// Default 50000.
	MaxKinds int `mapstructure:"max_kinds"`

	// MaxKindBytes is the memory of all kinds, with their latest events. Default 33554432.
	MaxKindBytes int `mapstructure:"max_kind_bytes"`

	// MaxEvents is the number of events whose counts are remembered, some 48 bytes each. Default 131072.
	MaxEvents int `mapstructure:"max_events"`

	// MaxWaitingBytes is the memory of records that the next component refuses. When it is full, no
	// further events are read until the records are taken. Default 8388608.
	MaxWaitingBytes int `mapstructure:"max_waiting_bytes"`

	// Storage is the storage extension that keeps the position, the counts and waiting records.
	// Default: none; then a start reports the events of the last hour again.
	Storage *component.ID `mapstructure:"storage"`

	// SaveInterval is the time between two saves. Default 10s.
	SaveInterval time.Duration `mapstructure:"save_interval"`

	// LeaderElector is the extension `k8s_leader_elector`: only the replica that has its lease follows
	// events. Default: none; each replica does.
	LeaderElector *component.ID `mapstructure:"k8s_leader_elector"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// AuthType says how the API server is reached.
type AuthType string

// The ways.
const (
	ServiceAccount AuthType = "serviceAccount"
	KubeConfig     AuthType = "kubeConfig"
)

var _ confmap.Validator = (*Config)(nil)

func createDefaultConfig() component.Config {
	return &Config{
		AuthType:        ServiceAccount,
		Window:          5 * time.Minute,
		WorseFactor:     10,
		WorseLeast:      100,
		Examples:        5,
		MaxKinds:        50_000,
		MaxKindBytes:    32 << 20,
		MaxEvents:       1 << 17,
		MaxWaitingBytes: 8 << 20,
		SaveInterval:    10 * time.Second,
	}
}

// Validate reports every setting that is wrong, by its key and with what would be accepted.
func (cfg *Config) Validate() error {
	var errs error
	say := func(format string, args ...any) { errs = errors.Join(errs, fmt.Errorf(format, args...)) }
	if cfg.AuthType != ServiceAccount && cfg.AuthType != KubeConfig {
		say("`auth_type` is %q, which is not one of `serviceAccount`, `kubeConfig`", cfg.AuthType)
	}
	if cfg.Context != "" && cfg.AuthType != KubeConfig {
		say("`context` is of a kubeconfig: set `auth_type: kubeConfig`, or remove it")
	}
	for i, namespace := range cfg.Namespaces {
		if len(validation.IsDNS1123Label(namespace)) > 0 {
			say("`namespaces` has %q, which is not the name of a namespace: letters a to z, digits and hyphens", namespace)
		}
		if slices.Contains(cfg.Namespaces[:i], namespace) {
			say("`namespaces` has %q twice", namespace)
		}
	}
	for _, limit := range []struct {
		key                string
		value, least, most int
	}{
		{"window", int(cfg.Window), int(time.Second), int(24 * time.Hour)},
		{"save_interval", int(cfg.SaveInterval), int(time.Second), int(time.Hour)},
	} {
		if limit.value < limit.least || limit.value > limit.most {
			say("`%s` is %v; it has to be from %v to %v", limit.key, time.Duration(limit.value), time.Duration(limit.least), time.Duration(limit.most))
		}
	}
	for _, limit := range []struct {
		key                string
		value, least, most uint64
	}{
		{"worse_factor", cfg.WorseFactor, 2, 1_000_000},
		{"worse_least", cfg.WorseLeast, 1, 1_000_000_000},
		{"examples", unsigned(cfg.Examples), 1, 100},
		{"max_kinds", unsigned(cfg.MaxKinds), 1, 10_000_000},
		{"max_kind_bytes", unsigned(cfg.MaxKindBytes), 1 << 20, 1 << 40},
		{"max_events", unsigned(cfg.MaxEvents), 1000, 100_000_000},
		{"max_waiting_bytes", unsigned(cfg.MaxWaitingBytes), 1 << 16, 1 << 40},
	} {
		if limit.value < limit.least || limit.value > limit.most {
			say("`%s` has to be from %d to %d", limit.key, limit.least, limit.most)
		}
	}
	return errs
}

func unsigned(n int) uint64 { return uint64(max(n, 0)) }

func (cfg *Config) options() eventdigest.Options {
	return eventdigest.Options{
		Window:      cfg.Window,
		WorseFactor: cfg.WorseFactor,
		WorseLeast:  cfg.WorseLeast,
		Examples:    cfg.Examples,
		MaxKinds:    cfg.MaxKinds,
		MaxBytes:    cfg.MaxKindBytes,
		MaxEvents:   cfg.MaxEvents,
	}
}
