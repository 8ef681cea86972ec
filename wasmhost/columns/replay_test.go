// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// record is one line of a LogHub file.
type record struct{ content, level, event string }

// score is what a way of masking makes of a file: the first record of each template and all that are WARN or worse are
// kept.
type score struct {
	dropped   float64
	missed    int // ground-truth templates of which nothing is kept
	templates int
}

var digits = regexp.MustCompile(`\d`)

// plain is the baseline of the facts page: every token that holds a digit is masked.
func plain(s string) string {
	w := strings.Fields(s)
	for i := range w {
		if digits.MatchString(w[i]) {
			w[i] = Mark
		}
	}
	return strings.Join(w, " ")
}

func TestReplayOfLogHubIsNearTheOracle(t *testing.T) {
	files := corpora(t)
	var m Masker
	var sum [3]float64
	missed := 0
	t.Logf("%-24s %8s %8s %6s %10s %8s %6s", "file", "dropped", "oracle", "missed", "templates", "plain", "missed")
	for _, f := range files {
		rs := loadCSV(t, f)
		ours := replay(rs, func(r record) any { return m.ID(r.content) })
		oracle := replay(rs, func(r record) any { return r.event })
		base := replay(rs, func(r record) any { return plain(r.content) })
		t.Logf("%-24s %8.2f %8.2f %6d %4d / %4d %8.2f %6d", strings.TrimSuffix(filepath.Base(f), ".log_structured.csv"),
			ours.dropped, oracle.dropped, ours.missed, ours.templates, oracle.templates, base.dropped, base.missed)
		sum[0] += ours.dropped / float64(len(files))
		sum[1] += oracle.dropped / float64(len(files))
		sum[2] += base.dropped / float64(len(files))
		missed += ours.missed
		if os.Getenv("SEALGATE_REPLAY") == "diagnose" {
			diagnose(t, rs)
		}
	}
	t.Logf("%-24s %8.2f %8.2f %6d %11s %8.2f", "mean", sum[0], sum[1], missed, "", sum[2])
	assert.GreaterOrEqual(t, sum[0], sum[1]-1, "dropped must be within a point of the oracle")
	assert.Zero(t, missed, "templates of which no record is kept")
}

// corpora are the LogHub files. They may not be redistributed, so they are not in the repository.
func corpora(t testing.TB) []string {
	dir := os.Getenv("SEALGATE_CORPORA")
	if dir == "" {
		t.Skip("SEALGATE_CORPORA does not name a folder with loghub/*.csv")
	}
	files, err := filepath.Glob(filepath.Join(dir, "loghub", "*_structured.csv"))
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skip("no loghub/*_structured.csv below " + dir)
	}
	return files
}

func loadCSV(t testing.TB, file string) []record {
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	col := map[string]int{}
	for i, name := range rows[0] {
		col[name] = i
	}
	var out []record
	for _, r := range rows[1:] {
		rec := record{content: r[col["Content"]], event: r[col["EventId"]]}
		if i, ok := col["Level"]; ok {
			rec.level = r[i]
		}
		out = append(out, rec)
	}
	return out
}

func (r record) bad() bool {
	switch strings.ToLower(r.level) {
	case "warn", "warning", "error", "severe", "failure", "fatal", "critical":
		return true
	}
	return false
}

func replay(rs []record, key func(record) any) score {
	seen, all, kept := map[any]bool{}, map[string]bool{}, map[string]bool{}
	n := 0
	for _, r := range rs {
		k := key(r)
		all[r.event] = true
		if !seen[k] || r.bad() {
			n++
			kept[r.event] = true
		}
		seen[k] = true
	}
	return score{100 * (1 - float64(n)/float64(len(rs))), len(all) - len(kept), len(seen)}
}

// diagnose shows what is kept without need and what is missed.
func diagnose(t *testing.T, rs []record) {
	var m Masker
	first, event := map[uint64]record{}, map[string]bool{}
	for _, r := range rs {
		text, id := m.Append(nil, r.content)
		prev, ok := first[id]
		if !ok {
			first[id] = r
			if event[r.event] && !r.bad() {
				t.Logf("SURPLUS %s %s", r.event, text)
			}
		} else if !event[r.event] && !r.bad() {
			t.Logf("MISSED? %s %s\n  as %s %s\n  %s", r.event, r.content, prev.event, prev.content, text)
		}
		event[r.event] = event[r.event] || !ok || r.bad()
	}
}
