// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package checkconverter

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// derivedWarnings names connectors that make metrics of data that the same configuration
// seals, and an exporter that sends these metrics in the clear. Names of spans and
// attributes become labels there. That may be meant, so it is no error.
func (s *settings) derivedWarnings() (warnings []string) {
	sealing := map[string]string{} // the exporter that seals a signal
	for _, name := range slices.Sorted(maps.Keys(s.pipelines)) {
		for _, id := range s.pipelines[name].exporters {
			if typeOf("exporters", id) == "sm4" {
				sealing[signalOf(name)] = id
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.pipelines)) {
		sealer := sealing[signalOf(name)]
		if sealer == "" {
			continue
		}
		for _, connector := range s.pipelines[name].exporters {
			if clear := s.clearExporter(connector); clear != "" {
				warnings = append(warnings, fmt.Sprintf("`service::pipelines::%s::exporters`: `%s` makes metrics of the %s that `%s` seals, and `%s` sends them in the clear, with names of spans and attributes as labels; "+
					"leave the connector out, or take care that no label holds a secret", name, connector, signalOf(name), sealer, clear))
			}
		}
	}
	return warnings
}

// clearExporter returns an exporter that sends in the clear what a connector makes, ""
// if there is none.
func (s *settings) clearExporter(connector string) string {
	if !s.isConnector(connector) || typeOf("connectors", connector) == "forward" {
		return "" // `forward` makes nothing: its pipeline is looked at by itself
	}
	for _, name := range slices.Sorted(maps.Keys(s.pipelines)) {
		p := s.pipelines[name]
		if !slices.Contains(p.receivers, connector) {
			continue
		}
		for _, id := range p.exporters {
			if !s.isConnector(id) && typeOf("exporters", id) != "sm4" {
				return id
			}
		}
	}
	return ""
}

func (s *settings) isConnector(id string) bool {
	return slices.ContainsFunc(s.components, func(c setting) bool { return c.owner.kind == "connectors" && c.owner.id == id })
}

// signalOf returns the signal of a pipeline.
func signalOf(pipeline string) string {
	signal, _, _ := strings.Cut(pipeline, "/")
	return signal
}
