// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package dashboards

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheJSONIsCurrent(t *testing.T) {
	var want []string
	for _, d := range All {
		text, err := d.JSON()
		require.NoError(t, err)
		have, err := os.ReadFile(d.File())
		require.NoError(t, err)
		assert.Equal(t, string(text), string(have), "%s: run make generate", d.File())
		want = append(want, d.File())
	}
	files, err := filepath.Glob("*.json")
	require.NoError(t, err)
	assert.ElementsMatch(t, want, files, "no file without a dashboard, no dashboard without a file")
}

func TestEveryPanelSaysWhatItShows(t *testing.T) {
	for _, d := range All {
		assert.NotEmpty(t, d.Description, d.UID)
		for _, p := range d.Panels() {
			assert.NotEmpty(t, p.Title, d.UID)
			assert.Greater(t, len(p.Description), 30, p.Title)
			assert.NotEmpty(t, p.Queries, p.Title)
			if p.Kind == TimeSeries || p.Kind == Stat {
				assert.NotEmpty(t, p.Unit, p.Title)
			}
		}
	}
}

var variableName = regexp.MustCompile(`\$([a-z]\w*)`)

func TestQueriesUseTheVariablesThatTheDashboardHas(t *testing.T) {
	for _, d := range All {
		has := map[string]bool{}
		for _, v := range d.Variables {
			has[v.Name] = true
		}
		for _, p := range d.Panels() {
			for _, q := range p.Queries {
				assert.True(t, has[string(q.From)], "%s: a variable for the data source of %s", d.UID, p.Title)
				for _, name := range variableName.FindAllStringSubmatch(q.Expr, -1) {
					assert.True(t, has[name[1]], "%s: $%s, in %s", d.UID, name[1], p.Title)
				}
			}
		}
	}
}

func TestUIDsAreStable(t *testing.T) {
	var uids []string
	for _, d := range All {
		uids = append(uids, d.UID)
	}
	assert.Equal(t, []string{"sealgate-gateway", "sealgate-filtering", "sealgate-labels", "sealgate-sealing", "sealgate-fleet", "sealgate-events"}, uids, "links and bookmarks go by them")
}
