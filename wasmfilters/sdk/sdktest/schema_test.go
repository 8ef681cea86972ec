// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdktest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest"
)

func TestDocumentsAreCheckedAgainstASchema(t *testing.T) {
	for _, tt := range []struct {
		schema      string
		good, wrong []string
	}{
		{`{"type":"integer","minimum":1,"maximum":3}`, []string{`1`, `3`, `2.0`}, []string{`0`, `4`, `1.5`, `"1"`, `null`}},
		{`{"type":"number"}`, []string{`1`, `1.5`}, []string{`true`}},
		{`{"type":"string","minLength":1,"maxLength":2}`, []string{`"é"`, `"ab"`}, []string{`""`, `"abc"`, `[]`}},
		{`{"enum":["a",1]}`, []string{`"a"`, `1`}, []string{`"b"`}},
		{`{"const":true}`, []string{`true`}, []string{`false`, `1`}},
		{`{"type":"array","minItems":1,"maxItems":2,"items":{"type":"boolean"}}`, []string{`[true]`}, []string{`[]`, `[1]`, `[true,true,true]`, `{}`}},
		{
			`{"type":"object","required":["a"],"additionalProperties":false,"properties":{"a":true,"b":{"type":"null"}}}`,
			[]string{`{"a":1}`, `{"a":1,"b":null}`}, []string{`{}`, `{"a":1,"b":2}`, `{"a":1,"c":1}`},
		},
		{`{"additionalProperties":{"type":"string"},"minProperties":1}`, []string{`{"x":"y"}`}, []string{`{}`, `{"x":1}`}},
		{`{"dependentRequired":{"a":["b"]}}`, []string{`{}`, `{"b":1}`, `{"a":1,"b":1}`}, []string{`{"a":1}`}},
		{`{"oneOf":[{"type":"integer"},{"minimum":5}]}`, []string{`1`, `5.5`}, []string{`6`, `1.5`}},
		{`{"anyOf":[{"type":"integer"},{"minimum":5}]}`, []string{`1`, `6`}, []string{`1.5`}},
		{`{"allOf":[{"type":"integer"},{"minimum":5}]}`, []string{`6`}, []string{`1`, `5.5`}},
		{`{"not":{"type":"null"}}`, []string{`1`}, []string{`null`}},
		{`{"$ref":"#/$defs/x","$defs":{"x":{"items":{"$ref":"#/$defs/x"},"type":"array"}}}`, []string{`[]`, `[[[]]]`}, []string{`[[1]]`}},
		{`false`, nil, []string{`1`}},
	} {
		for _, s := range tt.good {
			assert.NoError(t, sdktest.CheckSchema([]byte(tt.schema), []byte(s)), "%s %s", tt.schema, s)
		}
		for _, s := range tt.wrong {
			assert.Error(t, sdktest.CheckSchema([]byte(tt.schema), []byte(s)), "%s %s", tt.schema, s)
		}
	}
}

func TestAnUnknownKeywordOfASchemaIsAnError(t *testing.T) {
	for _, document := range []string{`1`, `"x"`, `{}`, `[]`} {
		require.ErrorContains(t, sdktest.CheckSchema([]byte(`{"patern":"x"}`), []byte(document)), `"patern"`)
	}
}
