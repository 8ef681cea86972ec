// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package checkconverter

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// refusedTemplates are receivers that decode OTLP: see package receivercreator.
var refusedTemplates = []string{"otlp", "kafka"}

// checkTemplates reports templates of a receiver creator that it does not start.
func (s *settings) checkTemplates() (errs error) {
	for _, c := range s.components {
		if c.owner.kind != "receivers" || c.owner.typ != "receiver_creator" {
			continue
		}
		config, _ := c.value.(map[string]any)
		for _, id := range slices.Sorted(maps.Keys(mapAt(config, "receivers"))) {
			if typ := typeOf("receivers", id); slices.Contains(refusedTemplates, typ) {
				errs = errors.Join(errs, fmt.Errorf("`%s::receivers::%s`: a receiver creator starts no receiver of type `%s`, since a receiver of OTLP needs the extension `admission`; "+
					"list it under `receivers`, where it gets the extension", c.path, id, typ))
			}
		}
	}
	return errs
}
