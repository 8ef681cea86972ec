// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"encoding/json"

	"go.opentelemetry.io/collector/confmap"

	"github.com/sealgate/sealgate/internal/labelbackends"
	"github.com/sealgate/sealgate/processor/cloudlabelsprocessor"
)

// withSettings merges settings, in YAML, into the configuration of a backend. Without
// any they are those for a gateway whose cloudlabels processor has no settings. The
// result is JSON, which is YAML too.
func withSettings(backend, config string, settings []string) ([]byte, error) {
	if len(settings) == 0 {
		fragment, err := defaultFragment(backend)
		if err != nil {
			return nil, err
		}
		settings = []string{fragment}
	}
	var whole any
	for _, text := range append([]string{config}, settings...) {
		retrieved, err := confmap.NewRetrievedFromYAML([]byte(text))
		if err != nil {
			return nil, err
		}
		part, err := retrieved.AsRaw()
		if err != nil {
			return nil, err
		}
		whole = merge(whole, part)
	}
	return json.MarshalIndent(whole, "", "  ")
}

func defaultFragment(backend string) (string, error) {
	cfg := cloudlabelsprocessor.NewFactory().CreateDefaultConfig().(*cloudlabelsprocessor.Config)
	gateway, err := labelbackends.New(cfg)
	if err != nil {
		return "", err
	}
	return gateway.Fragment(backend)
}

// merge adds b to a: keys of maps and items of lists. Anything else of b takes the
// place of what a has.
func merge(a, b any) any {
	switch b := b.(type) {
	case map[string]any:
		if a, ok := a.(map[string]any); ok {
			for key, value := range b {
				a[key] = merge(a[key], value)
			}
			return a
		}
	case []any:
		if a, ok := a.([]any); ok {
			return append(a, b...)
		}
	}
	return b
}
