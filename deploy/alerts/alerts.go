// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package alerts reads the Prometheus rules beside it, for the tests that run them and
// that hold them and their documentation together.
package alerts

import (
	_ "embed"
	"fmt"

	"go.opentelemetry.io/collector/confmap"
)

// File is the name of the file with the rules.
const File = "sealgate.rules.yaml"

//go:embed sealgate.rules.yaml
var rules []byte

// Alert is an alerting rule.
type Alert struct {
	Name        string            `mapstructure:"alert"`
	Expr        string            `mapstructure:"expr"`
	Labels      map[string]string `mapstructure:"labels"`
	Annotations map[string]string `mapstructure:"annotations"`
}

// All returns the alerting rules, in order.
func All() ([]Alert, error) {
	var file struct {
		Groups []struct {
			Rules []Alert `mapstructure:"rules"`
		} `mapstructure:"groups"`
	}
	if err := decode(rules, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", File, err)
	}
	var all []Alert
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			if r.Name != "" { // else it records
				all = append(all, r)
			}
		}
	}
	return all, nil
}

// decode reads YAML, or as much of it as into has fields for.
func decode(text []byte, into any) error {
	retrieved, err := confmap.NewRetrievedFromYAML(text)
	if err != nil {
		return err
	}
	conf, err := retrieved.AsConf()
	if err != nil {
		return err
	}
	return conf.Unmarshal(into, confmap.WithIgnoreUnused())
}
