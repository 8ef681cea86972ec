// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package redundancy

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/wasmfilters/internal/filtertest"
	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest"
)

// accepted are configurations that fit the schema and are accepted.
var accepted = []string{
	`{}`,
	`{"window":"0s"}`,
	`{"window":"8784h","keep_first":1048576,"keep_severity":"NONE"}`,
	`{"keep_severity":9,"thin_severe":true,"level_words":false}`,
	`{"identity":{}}`, `{"identity":{"attributes":"none","include":["a"],"exclude":["b"]}}`,
	everyKey,
}

const everyKey = `{"window":"90s","keep_first":2,"keep_severity":"ERROR2","thin_severe":true,"level_words":true,
	"per_resource":false,"identity":{"attributes":"all","include":["a"],"exclude":["b"]},"clock":"record","max_templates":16}`

func TestKeysSchemaAndReadmeAgree(t *testing.T) {
	filtertest.Documented(t, New, keys)
	filtertest.Accepted(t, New, accepted...)
}

func TestWhatIsRefusedSaysWhere(t *testing.T) {
	for _, tt := range []struct{ config, want string }{
		{`[]`, "it is a list, must be an object with the keys `window`"},
		{`{`, "not JSON at byte 1"},
		{`{"windows":"60s"}`, "key `windows` is not known; `window`, "},
		{`{"window":60}`, "`window`: it must be a duration"},
		{`{"window":"-1s"}`, "`window`: it must be a duration"},
		{`{"window":"1y"}`, "`window`: it must be a duration"},
		{`{"window":"9000h"}`, "`window`: it must be a duration"},
		{`{"keep_first":0}`, "`keep_first`: it must be a whole number from 1 to 1048576"},
		{`{"keep_first":1.5}`, "`keep_first`: it must be a whole number"},
		{`{"keep_severity":"UNSPECIFIED"}`, "`keep_severity`: it must be TRACE, DEBUG"},
		{`{"keep_severity":25}`, "`keep_severity`: it must be TRACE, DEBUG"},
		{`{"thin_severe":1}`, "`thin_severe`: it is a number, must be true or false"},
		{`{"level_words":["ERROR"]}`, "`level_words`: it is a list, must be true or false"},
		{`{"per_resource":null}`, "`per_resource`: it is null, must be true or false"},
		{`{"identity":"all"}`, "`identity`: it must be an object with the keys `attributes`"},
		{`{"identity":{"attribute":"all"}}`, "`identity`: key `attribute` is not known"},
		{`{"identity":{"attributes":"some"}}`, "`identity`: `attributes`: it must be \"all\" or \"none\""},
		{`{"identity":{"include":"a"}}`, "`identity`: `include`: it must be a list of at most 16 texts"},
		{`{"clock":"wall"}`, "`clock`: it must be \"arrival\" or \"record\""},
		{`{"max_templates":15}`, "`max_templates`: it must be a whole number from 16 to 16384"},
		{`{"max_templates":16385}`, "`max_templates`: it must be a whole number from 16 to 16384"},
	} {
		assert.Contains(t, sdktest.Refused(t, native(), tt.config), tt.want, tt.config)
	}
}

func TestWhatTheSchemaRefusesIsRefused(t *testing.T) {
	schema, err := os.ReadFile("schema.json")
	require.NoError(t, err)
	for _, config := range []string{
		`[]`, `{"windows":"60s"}`, `{"window":60}`, `{"window":""}`, `{"keep_first":0}`, `{"keep_first":1048577}`, `{"keep_first":1.5}`,
		`{"keep_severity":"LOW"}`, `{"keep_severity":0}`, `{"thin_severe":1}`, `{"level_words":"yes"}`, `{"per_resource":0}`,
		`{"identity":"all"}`, `{"identity":{"attributes":"some"}}`, `{"identity":{"includes":[]}}`,
		`{"clock":"wall"}`, `{"max_templates":0}`, `{"max_templates":1000000}`,
	} {
		require.Error(t, sdktest.CheckSchema(schema, []byte(config)), config)
		sdktest.Refused(t, native(), config)
	}
}
