// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest"
)

// object is a condition as JSON.
type object = map[string]any

// condition makes one at random, over an alphabet of few letters so that
// conditions hold about as often as not.
func condition(r *rand.Rand, depth int) object {
	n := 8
	if depth > 0 {
		n = 11
	}
	switch r.IntN(n) {
	case 0:
		return object{"severity_below": 2 + r.IntN(23)}
	case 1:
		return object{"severity_at_least": 1 + r.IntN(24)}
	case 2, 3:
		return object{"body_contains": []any{word(r, 1), word(r, 2)}, "ignore_case": r.IntN(2) == 0}
	case 4:
		return object{"body_equals": word(r, r.IntN(3))}
	case 5:
		return object{"body_matches": word(r, 1) + "*" + word(r, r.IntN(2)), "body_size_above": r.IntN(4)}
	case 6:
		return object{"attribute": "k", "equals": word(r, 1)}
	case 7:
		return object{"resource_attribute": "k", "matches": "*" + word(r, 1) + "*"}
	case 8:
		return object{"any": list(r, depth-1)}
	case 9:
		return object{"all": list(r, depth-1)}
	default:
		return object{"not": condition(r, depth-1)}
	}
}

func list(r *rand.Rand, depth int) (out []any) {
	for range 1 + r.IntN(3) {
		out = append(out, condition(r, depth))
	}
	return out
}

func word(r *rand.Rand, n int) string {
	var s strings.Builder
	for range n {
		s.WriteByte("abAB"[r.IntN(4)])
	}
	return s.String()
}

// holds evaluates a condition in the plainest way.
func holds(c object, r *sdktest.Record) bool {
	fold := c["ignore_case"] == true
	for key, v := range c {
		if !keyHolds(key, v, c, r, fold) {
			return false
		}
	}
	return true
}

func keyHolds(key string, v any, c object, r *sdktest.Record, fold bool) bool {
	switch key {
	case "severity_below":
		return r.Severity > 0 && int(r.Severity) < v.(int)
	case "severity_at_least":
		return int(r.Severity) >= v.(int)
	case "body_contains":
		for _, s := range v.([]any) {
			if fold && strings.Contains(strings.ToLower(r.Body), strings.ToLower(s.(string))) || strings.Contains(r.Body, s.(string)) {
				return true
			}
		}
		return false
	case "body_equals":
		return r.Body == v
	case "body_matches":
		ok, _ := path.Match(v.(string), r.Body)
		return ok
	case "body_size_above":
		return len(r.Body) > v.(int)
	case "attribute":
		return r.Attrs["k"] == c["equals"] // never the empty text
	case "resource_attribute":
		ok, _ := path.Match(c["matches"].(string), r.Resource["k"])
		return ok
	case "not":
		return !holds(v.(object), r)
	case "any", "all":
		return joined(key == "all", v.([]any), r)
	}
	return true
}

func joined(all bool, list []any, r *sdktest.Record) bool {
	for _, c := range list {
		if holds(c.(object), r) != all {
			return !all
		}
	}
	return all
}

func randomRecord(r *rand.Rand) sdktest.Record {
	out := sdktest.Record{Severity: uint8(r.IntN(25)), Body: word(r, r.IntN(6))}
	if r.IntN(2) == 0 {
		out.Attrs = map[string]string{"k": word(r, 1)}
	}
	if r.IntN(2) == 0 {
		out.Resource = map[string]string{"k": word(r, 2)}
	}
	return out
}

// rulesOf are rules of random conditions, and their configuration.
func rulesOf(t *testing.T, r *rand.Rand) (conditions []object, config string) {
	var rules []any
	for i := range 1 + r.IntN(6) {
		c := condition(r, 3)
		rule := object{"name": fmt.Sprint(i), "drop": true}
		for k, v := range c {
			rule[k] = v
		}
		conditions, rules = append(conditions, c), append(rules, rule)
	}
	b, err := json.Marshal(object{"rules": rules})
	require.NoError(t, err)
	return conditions, string(b)
}

func TestRandomRulesDecideAsAPlainEvaluationDoes(t *testing.T) {
	rounds := map[string]int{"native": 3000, "wasm": 20}
	for kind, m := range modules(t) {
		t.Run(kind, func(t *testing.T) {
			r := rand.New(rand.NewPCG(3, 4))
			for range rounds[kind] {
				compare(t, m, r)
			}
		})
	}
}

func compare(t *testing.T, m sdktest.Module, r *rand.Rand) {
	conditions, config := rulesOf(t, r)
	run := sdktest.Start(t, m, config)
	var records []sdktest.Record
	for range 60 {
		records = append(records, randomRecord(r))
	}
	for i, v := range run.Judge(records...) {
		want := sdk.Keep
		for k, c := range conditions {
			if holds(c, &records[i]) {
				want = sdk.Drop(uint16(k + 1))
				break
			}
		}
		if v != want {
			assert.Equal(t, want, v, "%s\n%+v", config, records[i])
		}
	}
}
