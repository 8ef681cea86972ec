// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package deploy

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "write the table of values into the chart's README")

const tableHead = "| key | default | what it does |\n|---|---|---|\n"

func TestTheReadmeHasEveryValueAsValuesYAMLDescribesIt(t *testing.T) {
	table := tableHead
	for _, v := range values(t) {
		require.NotEmpty(t, v.comment, "%s has no comment", v.path)
		table += fmt.Sprintf("| `%s` | `%s` | %s |\n", v.path, v.value, strings.ReplaceAll(v.comment, "|", `\|`))
	}
	path := filepath.Join(chartDir, "README.md")
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(content), tableHead)
	require.True(t, found, "%s has no table of values", path)
	_, after, _ := strings.Cut(rest, "\n\n")
	want := before + table + "\n" + after
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o644))
		return
	}
	assert.Equal(t, want, string(content), "go test -C test/deploy -run Readme . -update")
}

func TestTheSchemaHasEveryValueAndNoOther(t *testing.T) {
	var schema map[string]any
	text, err := os.ReadFile(filepath.Join(chartDir, "values.schema.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &schema))
	checkSchema(t, "values", readYAML(t, filepath.Join(chartDir, "values.yaml")), schema, schema["$defs"].(map[string]any))
}

// checkSchema compares the keys of a map of values with those of its schema and of maps within it.
// Values of parent charts, global, are in the schema alone.
func checkSchema(t *testing.T, path string, values, schema, defs map[string]any) {
	t.Helper()
	properties, ok := schema["properties"].(map[string]any)
	if !ok {
		return
	}
	for key, value := range values {
		property, ok := properties[key].(map[string]any)
		if !assert.True(t, ok, "%s.%s is not in the schema", path, key) {
			continue
		}
		if ref, ok := property["$ref"].(string); ok {
			def := strings.TrimPrefix(ref, "#/$defs/")
			if def == "probe" || def == "resources" { // Kubernetes' own, of which values.yaml sets a part
				continue
			}
			property = defs[def].(map[string]any)
		}
		if nested, ok := value.(map[string]any); ok {
			checkSchema(t, path+"."+key, nested, property, defs)
		}
	}
	for key := range properties {
		if key != "global" {
			assert.Contains(t, values, key, "%s.%s is in the schema, and not in values.yaml", path, key)
		}
	}
}

type value struct{ path, value, comment string }

// values lists what values.yaml sets, in its order: each key that is no
// section of others.
func values(t *testing.T) []value {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(chartDir, "values.yaml"))
	require.NoError(t, err)
	var document yaml.Node
	require.NoError(t, yaml.Unmarshal(text, &document))
	return valuesOf(t, "", document.Content[0])
}

func valuesOf(t *testing.T, prefix string, node *yaml.Node) (found []value) {
	t.Helper()
	for i := 0; i < len(node.Content); i += 2 {
		key, val := node.Content[i], node.Content[i+1]
		path := prefix + key.Value
		if hasComments(val) {
			found = append(found, valuesOf(t, path+".", val)...)
			continue
		}
		var decoded any
		require.NoError(t, val.Decode(&decoded))
		text, err := json.Marshal(decoded)
		require.NoError(t, err)
		found = append(found, value{path, string(text), comment(key.HeadComment)})
	}
	return found
}

// hasComments tells whether a map is a section: there are comments within it.
func hasComments(node *yaml.Node) bool {
	return slices.ContainsFunc(node.Content, func(n *yaml.Node) bool { return n.HeadComment != "" || hasComments(n) })
}

// comment returns the last paragraph of a comment, as one line.
func comment(text string) string {
	paragraphs := strings.Split(text, "\n\n")
	lines := strings.Split(paragraphs[len(paragraphs)-1], "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(strings.TrimPrefix(line, "#"))
	}
	return strings.Join(lines, " ")
}
