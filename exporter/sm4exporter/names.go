// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sm4exporter

import (
	"strings"
	"unicode"

	"go.opentelemetry.io/collector/confmap"
)

// Unmarshal reads lists of names that are given as a text, as a variable of the environment gives
// them: names separated by commas, semicolons or white space. A name that holds one of these needs a
// list in YAML.
func (cfg *SealConfig) Unmarshal(conf *confmap.Conf) error {
	lists := map[string]any{}
	for _, key := range []string{"keep", "attributes", "search"} {
		if text, ok := conf.Get(key).(string); ok {
			lists[key] = namesIn(text)
		}
	}
	if err := conf.Merge(confmap.NewFromStringMap(lists)); err != nil {
		return err
	}
	return conf.Unmarshal(cfg)
}

func namesIn(text string) []any {
	names := []any{}
	for _, name := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' || unicode.IsSpace(r) }) {
		names = append(names, name)
	}
	return names
}
