// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package testdata has resources as they come from clusters, machines and agents
// in many clouds, with the labels that they are to have.
package testdata

import (
	"embed"
	"fmt"
	"path"
	"strings"

	"go.opentelemetry.io/collector/confmap"
)

//go:embed resources/*.yaml
var files embed.FS

//go:embed transform.ottl
var transform string

// Transform returns the statements with which contrib's transform processor does
// the same, as far as it can. A test in labels writes them.
func Transform() []string { return strings.Split(strings.TrimSuffix(transform, "\n"), "\n") }

// Resource is one file of the corpus.
type Resource struct {
	// Name is that of the file, without its extension.
	Name string `mapstructure:"-"`
	// Source tells where the attributes were seen, or for Synthetic ones what
	// they follow.
	Source    string         `mapstructure:"source"`
	Synthetic bool           `mapstructure:"synthetic"`
	Resource  map[string]any `mapstructure:"resource"`

	// Labels are those that the resource has in the end, by their dotted key, in
	// the vocabulary `short`.
	Labels map[string]string `mapstructure:"labels"`
	// Semconv is the provider in the vocabulary `semconv`; the other labels are
	// the same in both.
	Semconv string `mapstructure:"semconv"`
	// Weak are those that it has besides, or instead, with weak evidence.
	Weak map[string]string `mapstructure:"weak"`
	// Counts are the totals of what is counted, by the name of the metric; what
	// is missing is zero.
	Counts map[string]int64 `mapstructure:"counts"`
}

// Resources reads the corpus, in the order of the files' names.
func Resources() ([]Resource, error) {
	entries, err := files.ReadDir("resources")
	if err != nil {
		return nil, err
	}
	var all []Resource
	for _, entry := range entries {
		r, err := read(path.Join("resources", entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", entry.Name(), err)
		}
		all = append(all, r)
	}
	return all, nil
}

func read(file string) (r Resource, err error) {
	text, err := files.ReadFile(file)
	if err != nil {
		return r, err
	}
	retrieved, err := confmap.NewRetrievedFromYAML(text)
	if err != nil {
		return r, err
	}
	conf, err := retrieved.AsConf()
	if err != nil {
		return r, err
	}
	r.Name = strings.TrimSuffix(path.Base(file), ".yaml")
	return r, conf.Unmarshal(&r)
}
