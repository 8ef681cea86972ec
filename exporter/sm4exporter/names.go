// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sm4exporter

import (
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/confmap"
)

// Unmarshal reads lists of names that are given as a text, as a variable of the environment gives
// them: names separated by commas, with or without blanks around them.
func (cfg *SealConfig) Unmarshal(conf *confmap.Conf) error {
	lists := map[string]any{}
	for _, key := range []string{"keep", "attributes", "search"} {
		text, ok := conf.Get(key).(string)
		if !ok {
			continue
		}
		names, err := splitNames(text)
		if err != nil {
			return fmt.Errorf("`%s`: %w", key, err)
		}
		lists[key] = names
	}
	if err := conf.Merge(confmap.NewFromStringMap(lists)); err != nil {
		return err
	}
	return conf.Unmarshal(cfg)
}

// splitNames returns the names in a text. Another separator than the comma is refused: it would make
// one name of two, which no record has.
func splitNames(text string) ([]any, error) {
	var names []any
	for name := range strings.SplitSeq(text, ",") {
		name = strings.TrimSpace(name)
		if strings.ContainsAny(name, " \t\n;") {
			return nil, fmt.Errorf("%q is one name with a blank or semicolon in it; separate names with commas, such as user.id,order.id, or give a list, such as [user.id, order.id]", name)
		}
		names = append(names, name)
	}
	return names, nil
}
