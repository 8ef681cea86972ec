// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package checkconverter

import (
	"strings"

	"go.opentelemetry.io/collector/confmap"
)

// tidyAddresses writes addresses in the form that works, where what is meant is beyond doubt.
func tidyAddresses(conf *confmap.Conf) error {
	s := newSettings(conf)
	changed := map[string]any{}
	s.started(func(at setting) {
		text, ok := at.value.(string)
		if ok && at.key == "endpoint" && (at.speaksHTTP() || at.owner.typ == "kubelet_stats") {
			if tidy := tidyURL(text); tidy != text {
				changed[at.path] = tidy
			}
		}
	})
	if len(changed) > 0 {
		if err := conf.Merge(confmap.NewFromStringMap(changed)); err != nil {
			return err
		}
	}
	return s.tidyReaders()
}

// tidyReaders takes the brackets off an IPv6 address that the Collector's own metrics are served at:
// the Collector adds them itself.
func (s *settings) tidyReaders() error {
	const path = "service::telemetry::metrics::readers"
	readers, _ := s.conf.Get(path).([]any)
	changed := false
	for _, reader := range readers {
		m, _ := reader.(map[string]any)
		prometheus := mapAt(mapAt(mapAt(m, "pull"), "exporter"), "prometheus")
		host, _ := prometheus["host"].(string)
		if bare, ok := strings.CutPrefix(host, "["); ok && strings.HasSuffix(bare, "]") {
			prometheus["host"] = strings.TrimSuffix(bare, "]")
			changed = true
		}
	}
	if !changed {
		return nil
	}
	return s.conf.Merge(confmap.NewFromStringMap(map[string]any{path: readers}))
}

// readers returns the ports at which the Collector serves its own metrics.
func (s *settings) readers() (ports []setting) {
	const path = "service::telemetry::metrics::readers"
	setting{path: path, key: "readers", value: s.conf.Get(path)}.walk(func(at setting) bool {
		if at.key == "port" {
			ports = append(ports, at)
		}
		return true
	})
	return ports
}
