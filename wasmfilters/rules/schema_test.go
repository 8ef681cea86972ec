// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest"
)

func read(t *testing.T, path string) string {
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(b)
}

func fits(t *testing.T, config string) error {
	return sdktest.CheckSchema([]byte(read(t, "schema.json")), []byte(config))
}

var codeBlock = regexp.MustCompile("(?s)```json\n(.*?)```")

func TestTheExamplesOfTheReadmeFitTheSchemaAndAreAccepted(t *testing.T) {
	blocks := codeBlock.FindAllStringSubmatch(read(t, "README.md"), -1)
	require.Len(t, blocks, 3)
	for _, b := range blocks {
		require.NoError(t, fits(t, b[1]))
		sdktest.Start(t, native(), b[1])
	}
}

func TestWhatIsAcceptedFitsTheSchema(t *testing.T) {
	for _, config := range []string{`{}`, several, everyKey} {
		require.NoError(t, fits(t, config))
	}
	for _, tt := range conditions {
		require.NoError(t, fits(t, one(`"drop":true,`+tt.condition)), tt.name)
	}
	r := rand.New(rand.NewPCG(5, 6))
	for range 100 {
		_, config := rulesOf(t, r)
		require.NoError(t, fits(t, config), config)
	}
}

func TestWhatTheSchemaRefusesIsRefused(t *testing.T) {
	for _, config := range []string{
		`[]`, `{"rule":[]}`, `{"default":"log"}`, `{"rules":{}}`, `{"rules":[{"drop":true,"severity":1}]}`,
		one(`"severity":1`), one(`"drop":true,"keep":true,"severity":1`), one(`"drop":false,"severity":1`), one(`"drop":true`),
		one(`"drop":true,"body":"x"`), one(`"drop":true,"severity_below":"LOW"`), one(`"drop":true,"severity":25`),
		one(`"drop":true,"body_contains":""`), one(`"drop":true,"body_contains":[]`), one(`"drop":true,"body_contains":1`),
		one(`"drop":true,"body_size_above":-1`), one(`"drop":true,"body_size_below":0`), one(`"drop":true,"attribute":"k"`),
		one(`"drop":true,"attribute":"k","equals":"x","matches":"y"`), one(`"drop":true,"attribute":"k","resource_attribute":"k","equals":"x"`),
		one(`"drop":true,"equals":"x"`), one(`"drop":true,"equals":"x","severity":1`), one(`"drop":true,"ignore_case":true`),
		one(`"drop":true,"any":[]`), one(`"drop":true,"all":[{}]`), one(`"drop":true,"any":[{"severity":1,"drop":true}]`),
	} {
		require.Error(t, fits(t, config), config)
		sdktest.Refused(t, native(), config)
	}
}

func TestEveryKeyIsInTheSchemaTheReadmeAndTheMessages(t *testing.T) {
	var schema struct {
		Defs map[string]struct{ Properties map[string]any } `json:"$defs"`
	}
	require.NoError(t, json.Unmarshal([]byte(read(t, "schema.json")), &schema))
	readme := read(t, "README.md")
	keys := schema.Defs["condition"].Properties
	require.NotEmpty(t, keys)
	for key := range keys {
		assert.Contains(t, readme, "\n| `"+key+"` |")
		assert.Contains(t, conditionKeys, "`"+key+"`")
		assert.Contains(t, schema.Defs["rule"].Properties, key)
	}
	assert.Equal(t, len(keys), strings.Count(conditionKeys, "`")/2)
}
