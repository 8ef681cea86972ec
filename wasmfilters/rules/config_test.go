// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest"
)

// one is a configuration with one rule of such keys.
func one(keys string) string { return `{"rules":[{"name":"r",` + keys + `}]}` }

func TestConfigurationsThatAreRefusedSayWhere(t *testing.T) {
	list := func(n int, entry string) string { return strings.Repeat(","+entry, n)[1:] }
	for _, tt := range []struct{ name, config, want string }{
		{"no object", `[]`, "it is a list, must be an object with the keys `rules` and `default`"},
		{"no JSON", `{`, "not JSON at byte 1"},
		{"an unknown key", `{"rule":[]}`, "key `rule` is not known; `rules` and `default` are"},
		{"a default that is none", `{"default":"log"}`, "`default`: it must be \"keep\" or \"drop\""},
		{"rules that are no list", `{"rules":{}}`, "`rules`: it is an object, must be a list"},
		{"a rule that is no object", `{"rules":[1]}`, "rule 1: it is a number, must be an object"},
		{"a rule without a name", `{"rules":[{"drop":true}]}`, "rule 1: `name`: a rule needs one"},
		{"a rule with a long name", `{"rules":[{"name":"` + strings.Repeat("x", 129) + `"}]}`, "rule 1: `name`: a rule needs one, a text of 1 to 128 bytes"},
		{"a name twice", `{"rules":[{"name":"a","drop":true,"severity":1},{"name":"a"}]}`, `rule 2: ` + "`name`" + `: another rule is called "a" too`},
		{"no action", one(`"severity":1`), `rule "r": it must say either ` + "`drop`: true or `keep`: true"},
		{"two actions", one(`"drop":true,"keep":true,"severity":1`), "it must say either"},
		{"an action that is false", one(`"drop":false`), "`drop`: it can only be true"},
		{"no condition", one(`"drop":true`), "it has no condition; what becomes of all other records is said by `default`"},
		{"the name of the rest", `{"default":"drop","rules":[{"name":"default","drop":true,"severity":1}]}`, `rule "default": with`},
		{"a key twice", one(`"drop":true,"severity":1,"severity":2`), `key "severity" is there twice`},

		{"an unknown condition", one(`"drop":true,"body":"x"`), `rule "r": ` + "`body`: it is not known; `all`, `any`"},
		{"a severity that is none", one(`"drop":true,"severity_below":"LOW"`), "`severity_below`: it must be TRACE, DEBUG"},
		{"a severity above the highest", one(`"drop":true,"severity":25`), "`severity`: it must be a whole number from 0 to 24"},
		{"nothing is below", one(`"drop":true,"severity_below":"TRACE"`), "`severity_below`: no severity is below it"},
		{"an empty text", one(`"drop":true,"body_contains":["x",""]`), "`body_contains`: \"\": an empty text is in every body"},
		{"an empty list", one(`"drop":true,"body_contains":[]`), "`body_contains`: it must be a text or a list of texts that is not empty"},
		{"a long text", one(`"drop":true,"body_contains":"` + strings.Repeat("x", 4097) + `"`), "a text has 4097 bytes, at most 4096"},
		{"a long text for bodies", one(`"drop":true,"body_matches":"` + strings.Repeat("x", 300) + `*"`), "it has 300 bytes, at most 256"},
		{"a pattern of all", one(`"drop":true,"body_matches":"**"`), "`body_matches`: \"**\": a pattern of asterisks alone"},
		{"a lone backslash", one(`"drop":true,"event_name":"a\\b"`), "`event_name`: \"a\\\\b\": a backslash stands before"},
		{"a negative size", one(`"drop":true,"body_size_above":-1`), "`body_size_above`: it must be a whole number"},
		{"a size below nothing", one(`"drop":true,"body_size_below":0`), "no body has fewer than 0 bytes"},
		{"an attribute without a test", one(`"drop":true,"attribute":"k"`), "`attribute`: say with `exists`, `equals`, `contains` or `matches` what holds of \"k\""},
		{"an attribute with two", one(`"drop":true,"attribute":"k","equals":"x","matches":"y"`), "both `equals` and `matches` are there"},
		{"two attributes", one(`"drop":true,"attribute":"k","resource_attribute":"k","equals":"x"`), "a condition tests one attribute"},
		{"an attribute without a name", one(`"drop":true,"attribute":"","exists":true`), "`attribute`: it must be the name of an attribute"},
		{"a test without an attribute", one(`"drop":true,"equals":"x"`), "`equals`: it tests an attribute: name it with"},
		{"a test of a wrong type", one(`"drop":true,"attribute":"k","equals":1`), "`attribute`: \"k\": `equals`: it must be a text or a list"},
		{"an existence that is none", one(`"drop":true,"attribute":"k","exists":"yes"`), "`exists`: it is a text, must be true or false"},
		{"a case that is none", one(`"drop":true,"body_contains":"x","ignore_case":1`), "`ignore_case`: it is a number"},
		{"case alone", one(`"drop":true,"ignore_case":true`), "a condition needs at least one of"},
		{"an empty list of conditions", one(`"drop":true,"any":[]`), "`any`: it must be a list of conditions that is not empty"},
		{"an empty condition", one(`"drop":true,"all":[{"severity":1},{}]`), "`all`: condition 2: a condition needs at least one of"},
		{"an error deep inside", one(`"drop":true,"any":[{"severity":1},{"not":{"bdy":1}}]`), `rule "r": ` + "`any`: condition 2: `not`: `bdy`: it is not known"},
		{"an action inside", one(`"drop":true,"any":[{"severity":1,"drop":true}]`), "`drop`: it belongs to a rule"},

		{"too many rules", `{"rules":[` + list(4097, `{}`) + `]}`, "`rules`: there are 4097, at most 4096"},
		{"too many texts", one(`"drop":true,"body_contains":[` + numbers(257) + `]`), "more than 256 texts are looked for in bodies"},
		{"too many attributes", `{"rules":[` + attributes(64) + `]}`, "65 columns: at most 64"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			assert.Contains(t, sdktest.Refused(t, native(), tt.config), tt.want)
		})
	}
}

func numbers(n int) string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf(`"%d"`, i))
	}
	return strings.Join(out, ",")
}

func attributes(n int) string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf(`{"name":"%d","drop":true,"attribute":"k%d","exists":true}`, i, i))
	}
	return strings.Join(out, ",")
}

func TestAsManyRulesAsTheABIAllows(t *testing.T) {
	var rules []string
	for i := range 4096 {
		rules = append(rules, fmt.Sprintf(`{"name":"%d","drop":true,"attribute":"k","equals":"%d"}`, i, i))
	}
	run := sdktest.Start(t, native(), `{"rules":[`+strings.Join(rules, ",")+`]}`)
	assert.Equal(t, uint16(4096), run.Judge(attr("k", "4095"))[0].Rule())
}
