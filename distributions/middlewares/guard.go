// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package middlewares

import (
	"slices"
	"strings"
)

// guard is the extension that refuses requests that are too deep to be decoded. Such a request
// ends a process that decodes it, so that every receiver of OTLP needs the guard.
const guard = "admission"

// guarded returns what a configuration lacks: receivers of OTLP that name the guard, and the
// guard. It is empty for a configuration that lacks nothing.
func guarded(whole map[string]any) map[string]any {
	receivers, _ := whole["receivers"].(map[string]any)
	added := map[string]any{}
	for id, config := range receivers {
		config, _ := config.(map[string]any)
		var lacks map[string]any
		switch typ, _, _ := strings.Cut(id, "/"); typ {
		case "otlp":
			lacks = guardProtocols(config)
		case "kafka":
			lacks = guardEncodings(config)
		}
		if len(lacks) > 0 {
			added[id] = lacks
		}
	}
	if len(added) == 0 {
		return nil
	}
	result := map[string]any{"receivers": added}
	if extensions, _ := whole["extensions"].(map[string]any); !has(extensions, guard) {
		result["extensions"] = map[string]any{guard: nil}
	}
	return result
}

func has(m map[string]any, key string) bool {
	_, ok := m[key]
	return ok
}

// guardProtocols adds the guard to the middlewares of a receiver's protocols.
func guardProtocols(config map[string]any) map[string]any {
	protocols, _ := config["protocols"].(map[string]any)
	added := map[string]any{}
	for name, settings := range protocols {
		settings, ok := settings.(map[string]any)
		if !ok && protocols[name] != nil {
			continue // not settings: the Collector says so
		}
		list, ok := settings["middlewares"].([]any)
		if (!ok && settings["middlewares"] != nil) || namesGuard(list) {
			continue
		}
		added[name] = map[string]any{"middlewares": append(slices.Clone(list), map[string]any{"id": guard})}
	}
	if len(added) == 0 {
		return nil
	}
	return map[string]any{"protocols": added}
}

func namesGuard(list []any) bool {
	ids := map[string]bool{}
	collect(list, ids)
	for id := range ids {
		if typ, _, _ := strings.Cut(id, "/"); typ == guard {
			return true
		}
	}
	return false
}

// guardEncodings has a receiver of Kafka decode OTLP with the guard.
func guardEncodings(config map[string]any) map[string]any {
	added := map[string]any{}
	for _, signal := range []string{"traces", "logs", "metrics"} {
		settings, ok := config[signal].(map[string]any)
		if !ok && config[signal] != nil {
			continue
		}
		switch settings["encoding"] {
		case nil, "", "otlp_proto", "otlp_json":
			added[signal] = map[string]any{"encoding": guard}
		}
	}
	return added
}
