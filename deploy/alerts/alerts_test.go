// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package alerts

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const runbook = "https://github.com/sealgate/sealgate/blob/main/deploy/alerts/README.md#"

func TestEveryAlertSaysHowBadItIsWhatItIsAndWhereToReadOn(t *testing.T) {
	all, err := All()
	require.NoError(t, err)
	require.NotEmpty(t, all)
	for _, a := range all {
		assert.Contains(t, []string{"critical", "warning", "info"}, a.Labels["severity"], a.Name)
		assert.NotEmpty(t, a.Annotations["summary"], a.Name)
		assert.NotEmpty(t, a.Annotations["description"], a.Name)
		assert.Equal(t, runbook+strings.ToLower(a.Name), a.Annotations["runbook_url"], a.Name)
	}
}

var (
	used    = regexp.MustCompile(`\$labels\.(\w+)`)
	grouped = regexp.MustCompile(`by \(([^)]*)\)`)
)

func TestAnAlertNamesOnlyLabelsThatItHas(t *testing.T) {
	all, err := All()
	require.NoError(t, err)
	for _, a := range all {
		by := grouped.FindStringSubmatch(a.Expr)
		if by == nil {
			continue // it has the labels of its metric
		}
		for _, text := range a.Annotations {
			for _, label := range used.FindAllStringSubmatch(text, -1) {
				assert.Contains(t, strings.Split(by[1], ", "), label[1], a.Name)
			}
		}
	}
}

func TestEveryAlertIsDocumented(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	all, err := All()
	require.NoError(t, err)
	var headings []string
	for _, heading := range regexp.MustCompile(`(?m)^### (Sealgate\w+)$`).FindAllSubmatch(readme, -1) {
		headings = append(headings, string(heading[1]))
	}
	var names []string
	for _, a := range all {
		names = append(names, a.Name)
	}
	assert.Equal(t, names, headings)
}

// promtool runs these, see test/e2e.
func TestEveryAlertIsTestedBothWays(t *testing.T) {
	files, err := filepath.Glob("tests/*.yaml")
	require.NoError(t, err)
	fires, rests := map[string]bool{}, map[string]bool{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		var file struct {
			Tests []struct {
				Name  string `mapstructure:"name"`
				Exprs []struct {
					Expr    string `mapstructure:"expr"`
					Samples []any  `mapstructure:"exp_samples"`
				} `mapstructure:"promql_expr_test"`
			} `mapstructure:"tests"`
		}
		require.NoError(t, decode(text, &file), name)
		for _, test := range file.Tests {
			for _, e := range test.Exprs {
				require.Contains(t, e.Expr, `alertname="`+test.Name+`"`)
				if len(e.Samples) > 0 {
					fires[test.Name] = true
				} else {
					rests[test.Name] = true
				}
			}
		}
	}
	all, err := All()
	require.NoError(t, err)
	for _, a := range all {
		assert.True(t, fires[a.Name], "%s fires in no test", a.Name)
		assert.True(t, rests[a.Name], "%s rests in no test", a.Name)
	}
}
