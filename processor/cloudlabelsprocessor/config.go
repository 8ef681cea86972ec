// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package cloudlabelsprocessor

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/sealgate/sealgate/labels"
)

// Config is the configuration of the processor. Every field has a default; the
// empty configuration is a good one.
type Config struct {
	// KeyStyle is the spelling of the keys that come out: `underscore`
	// (cloud_provider, the default) or `dotted` (cloud.provider).
	KeyStyle labels.Style `mapstructure:"key_style"`

	// Vocabulary names the providers: `short` (alibaba, the default) or
	// `semconv` (alibaba_cloud).
	Vocabulary labels.Vocabulary `mapstructure:"vocabulary"`

	// OnUnknown says what becomes of a provider or platform that the vocabulary
	// does not know: `keep` (the default) or `drop`. Either way it is counted.
	OnUnknown labels.OnUnknown `mapstructure:"on_unknown"`

	// OnConflict says which value stays when two spellings of a label differ:
	// that of the `canonical` key (the default), that of an `alias`, or neither
	// (`drop`). A known value beats an unknown one whatever is chosen.
	OnConflict labels.OnConflict `mapstructure:"on_conflict"`

	// Scopes lists where labels are normalised besides resources: `span`,
	// `record` (log records), `datapoint`. Resources always are; `resource`
	// may be listed. The default is resources alone, which costs nothing per
	// item.
	Scopes []Scope `mapstructure:"scopes"`

	// Promote copies the cloud labels of a resource onto the datapoints of its
	// metrics, where Prometheus makes them labels of the series. A datapoint's
	// own label wins. The default is true.
	Promote bool `mapstructure:"promote"`

	// Aliases maps, by label, further values to what they become. They win over
	// the built-in ones.
	Aliases map[string]map[string]string `mapstructure:"aliases"`

	// Keys lists, by label, further attribute keys that carry it.
	Keys map[string][]string `mapstructure:"keys"`

	// Infer fills in labels that a resource lacks from what else it says.
	Infer InferConfig `mapstructure:"infer"`

	// Plausibility says what becomes of a label that its neighbours contradict,
	// such as a zone of another region: `repair` (the default) where there is one
	// answer, `count` only, or `off`.
	Plausibility labels.Plausibility `mapstructure:"plausibility"`

	// Static sets labels of the resources that match, whatever else they say.
	// The first rule that matches applies.
	Static []StaticRule `mapstructure:"static"`

	// Tenant says to which tenant of the backends a resource belongs.
	Tenant TenantConfig `mapstructure:"tenant"`

	// Traces, Metrics and Logs override settings for one signal.
	Traces  SignalConfig `mapstructure:"traces"`
	Metrics SignalConfig `mapstructure:"metrics"`
	Logs    SignalConfig `mapstructure:"logs"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// InferConfig says what is inferred.
type InferConfig struct {
	// Enabled is true unless set otherwise.
	Enabled bool `mapstructure:"enabled"`

	// MinConfidence is the least that evidence must have: `strong` (the default),
	// which belongs to one cloud, or `weak`, a name that one cloud is known for.
	MinConfidence labels.Confidence `mapstructure:"min_confidence"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// StaticRule sets labels of the resources that match.
type StaticRule struct {
	// Match has patterns of values by attribute key; `*` stands for anything. All
	// must match.
	Match map[string]string `mapstructure:"match"`

	// Set has values by label.
	Set map[string]string `mapstructure:"set"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// SignalConfig overrides settings for one signal.
type SignalConfig struct {
	// KeyStyle overrides the processor's `key_style` for this signal.
	KeyStyle labels.Style `mapstructure:"key_style"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// Scope is a place in OTLP that carries attributes.
type Scope string

// The scopes.
const (
	ScopeResource  Scope = "resource"
	ScopeSpan      Scope = "span"
	ScopeRecord    Scope = "record"
	ScopeDatapoint Scope = "datapoint"
)

var allScopes = []Scope{ScopeResource, ScopeSpan, ScopeRecord, ScopeDatapoint}

var _ confmap.Validator = (*Config)(nil)

func createDefaultConfig() component.Config {
	return &Config{
		KeyStyle:   labels.Underscore,
		Vocabulary: labels.Short,
		OnUnknown:  labels.KeepUnknown,
		OnConflict: labels.PreferCanonical,
		Promote:    true,
		Infer:      InferConfig{Enabled: true, MinConfidence: labels.Strong},

		Plausibility: labels.RepairImplausible,
		Tenant:       defaultTenantConfig(),
	}
}

// Validate reports every setting that is wrong, by its key and with what would
// be accepted.
func (cfg *Config) Validate() error {
	var errs error
	for _, s := range cfg.Scopes {
		if !slices.Contains(allScopes, s) {
			errs = errors.Join(errs, fmt.Errorf("`scopes` has %q, which is not one of %s", s, quoteAll(allScopes)))
		}
	}
	_, err := cfg.Table(SignalConfig{})
	errs = errors.Join(errs, err)
	for _, s := range []struct {
		name string
		cfg  SignalConfig
	}{{"traces", cfg.Traces}, {"metrics", cfg.Metrics}, {"logs", cfg.Logs}} {
		if s.cfg.KeyStyle == "" {
			continue
		}
		if _, err := labels.New(labels.Options{Style: s.cfg.KeyStyle}); err != nil {
			errs = errors.Join(errs, fmt.Errorf("`%s`: %w", s.name, err))
		}
	}
	return errs
}

// Table compiles the table for a signal, such as cfg.Traces. Its errors name the
// setting at fault, and what it accepts.
func (cfg *Config) Table(signal SignalConfig) (*labels.Table, error) {
	opts := labels.Options{
		Style:      cmp.Or(signal.KeyStyle, cfg.KeyStyle),
		Vocabulary: cfg.Vocabulary,
		OnUnknown:  cfg.OnUnknown,
		OnConflict: cfg.OnConflict,

		NoInference:   !cfg.Infer.Enabled,
		MinConfidence: cfg.Infer.MinConfidence,
		Plausibility:  cfg.Plausibility,
	}
	var err, errs error
	opts.Aliases, err = byLabel("aliases", cfg.Aliases)
	errs = errors.Join(errs, err)
	opts.Keys, err = byLabel("keys", cfg.Keys)
	errs = errors.Join(errs, err)
	for i, rule := range cfg.Static {
		set, err := byLabel("set", rule.Set)
		if err != nil {
			errs = errors.Join(errs, fmt.Errorf("`static[%d]`: %w", i, err))
		}
		opts.Static = append(opts.Static, labels.StaticRule{Match: rule.Match, Set: set})
	}
	if errs != nil {
		return nil, errs
	}
	return labels.New(opts)
}

// byLabel resolves the label names that the configuration uses as map keys.
func byLabel[V any](setting string, in map[string]V) (map[labels.Key]V, error) {
	out := make(map[labels.Key]V, len(in))
	var errs error
	for _, name := range slices.Sorted(maps.Keys(in)) {
		k, ok := labels.ParseKey(name)
		if !ok {
			errs = errors.Join(errs, fmt.Errorf("`%s` has %q, which is not one of %s", setting, name, quoteAll(labels.Keys())))
			continue
		}
		out[k] = in[name]
	}
	return out, errs
}

func quoteAll[T any](all []T) string {
	quoted := make([]string, len(all))
	for i, v := range all {
		quoted[i] = fmt.Sprintf("`%v`", v)
	}
	return strings.Join(quoted, ", ")
}
