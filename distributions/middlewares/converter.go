// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package middlewares is a converter of configurations: an extension that a component names
// in `middlewares` or `k8s_leader_elector` runs, although `service::extensions` does not list it. Configurations
// are merged without joining lists, so a later one that adds an extension would leave out
// the middlewares of the earlier one, and nothing would start.
//
// The converter also adds the extension `admission` to receivers of OTLP that do not name it.
package middlewares

import (
	"context"
	"maps"
	"slices"

	"go.opentelemetry.io/collector/confmap"
)

// NewFactory returns the factory of the converter.
func NewFactory() confmap.ConverterFactory {
	return confmap.NewConverterFactory(func(confmap.ConverterSettings) confmap.Converter { return converter{} })
}

type converter struct{}

// Convert adds to service::extensions the middlewares and leader electors that receivers and exporters name and
// that the configuration defines. Every receiver of OTLP gets the guard.
func (converter) Convert(_ context.Context, conf *confmap.Conf) error {
	if err := conf.Merge(confmap.NewFromStringMap(guarded(conf.ToStringMap()))); err != nil {
		return err
	}
	whole := conf.ToStringMap()
	defined, _ := whole["extensions"].(map[string]any)
	service, _ := whole["service"].(map[string]any)
	listed, ok := service["extensions"].([]any)
	if !ok && service["extensions"] != nil {
		return nil // not a list: the Collector says so
	}
	named := map[string]bool{}
	for _, kind := range []string{"receivers", "exporters"} {
		find(whole[kind], named)
	}
	for _, id := range slices.Sorted(maps.Keys(named)) {
		if _, ok := defined[id]; ok && !slices.Contains(listed, any(id)) {
			listed = append(listed, id)
		}
	}
	if len(listed) == 0 {
		return nil
	}
	return conf.Merge(confmap.NewFromStringMap(map[string]any{"service": map[string]any{"extensions": listed}}))
}

// find collects the ids of all `middlewares` and of leader electors in a part of a configuration, and
// the guard where it is an encoding.
func find(part any, named map[string]bool) {
	switch part := part.(type) {
	case map[string]any:
		for key, value := range part {
			if list, ok := value.([]any); ok && key == "middlewares" {
				collect(list, named)
				continue
			}
			if id, ok := value.(string); ok && key == "k8s_leader_elector" {
				named[id] = true
			}
			if key == "encoding" && value == guard {
				named[guard] = true
			}
			find(value, named)
		}
	case []any:
		for _, value := range part {
			find(value, named)
		}
	}
}

func collect(list []any, named map[string]bool) {
	for _, entry := range list {
		if middleware, ok := entry.(map[string]any); ok {
			if id, ok := middleware["id"].(string); ok {
				named[id] = true
			}
		}
	}
}
