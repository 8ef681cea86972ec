// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest"
	"github.com/sealgate/sealgate/wasmhost"
)

func TestAFileIsReadWhateverItsDialect(t *testing.T) {
	want := []line{{"a, \"b\"", info, "E1"}, {"", failed, "E2"}, {"c", 0, "E3"}}
	for name, text := range map[string]string{
		"plain":             "LineId,Level,Content,EventId,EventTemplate\n1,INFO,\"a, \"\"b\"\"\",E1,x\n2,E,,E2,x\n3,combo,c,E3,x\n",
		"carriage returns":  "Level,Content,EventId\r\nnotice,\"a, \"\"b\"\"\",E1\r\nSEVERE,,E2\r\n,c,E3\r\n",
		"a byte order mark": "\ufeffContent,EventId,Level\n\"a, \"\"b\"\"\",E1,Info\n\"\",E2,[error]\nc,E3,-",
	} {
		got, err := readLines(strings.NewReader(text))
		require.NoError(t, err, name)
		assert.Equal(t, want, got, name)
	}
	got, err := readLines(strings.NewReader("Content,EventId\nx,E1\n"))
	require.NoError(t, err)
	assert.Equal(t, []line{{"x", 0, "E1"}}, got, "without a level")
}

func TestWhatIsNoSuchFileIsRefusedWithItsNameAndLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "a.csv: line 1: the file is empty",
		"Content,EventTemplate\nx,y\n":    "a.csv: line 1: the columns Content and EventId have to be there",
		"Content,EventId\n":               "a.csv: line 2: there is no log line",
		"Content,EventId\nx,E1\ny\n":      "a.csv: record on line 3: wrong number of fields",
		"Content,EventId\nx\"y,E1\n":      "a.csv: parse error on line 2",
		"Content,EventId\n\"x,E1\ny,E2\n": "a.csv: record on line 2",
	} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "a.csv"), []byte(text), 0o600))
		_, err := readCorpus(dir)
		require.ErrorContains(t, err, want)
	}
}

func TestAFolderWithoutAFileIsAnError(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "x_templates.csv"), nil, 0o600))
	_, err := readCorpus(dir)
	require.ErrorContains(t, err, dir+": no CSV file there")
	_, err = readCorpus(filepath.Join(dir, "none"))
	require.ErrorContains(t, err, "none")
	require.ErrorContains(t, run(t.Context(), []string{""}), "make bench-redundancy CORPUS=dir")
}

func newTestReplayer(t *testing.T, config string) *replayer {
	if testing.Short() {
		t.Skip("builds a module")
	}
	module, err := os.ReadFile(sdktest.Compile(t, "../../wasmfilters/shipped/redundancy"))
	require.NoError(t, err)
	r, err := newReplayer(t.Context(), module, []byte(config))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, r.close(t.Context())) })
	return r
}

func TestTheScoreOfAReplay(t *testing.T) {
	var lines []line
	for i := range 100 {
		lines = append(lines, line{fmt.Sprintf("took %d ms", i), info, "E1"})
	}
	lines = append(lines, line{"gave up", warn, "E2"}, line{"gave up", warn, "E2"}, line{"sent 1 of a", info, "E3"}, line{"sent 2 of a", info, "E4"})
	all, err := newTestReplayer(t, config).replayAll(t.Context(), []file{{"one", lines}, {"two", lines[:2]}})
	require.NoError(t, err)
	r := all[0]
	assert.Equal(t, score{records: 104, kept: 4, severe: 2, severeKept: 2, templates: 4, missed: 1}, r.ours)
	assert.Equal(t, score{records: 104, kept: 5, severe: 2, severeKept: 2, templates: 4}, r.oracle)
	assert.Equal(t, 104, r.dedup.kept)
	assert.Equal(t, 4, r.random.kept)
	assert.True(t, r.exact)

	var out bytes.Buffer
	require.NoError(t, printResults(&out, all))
	assert.Regexp(t, `(?m)^ +one +104 +96\.2% +100% +4 +1 +exact +\d+ +95\.2% +0\.0% `, out.String())
	assert.Regexp(t, `\ntotal files=2 records=106 dropped=95\.3% oracle=94\.3% warn_kept=100% templates_missed=1 counts=exact ns_per_record=\d+\n$`, out.String())
}

func TestAllButOneIsNot100Percent(t *testing.T) {
	s := score{severe: 1_000_000, severeKept: 999_999}
	assert.Equal(t, "99.99%", s.severeShare())
}

func TestAReportTooManyOrTooFewIsNotExact(t *testing.T) {
	lines := []line{{"took 1 ms", info, ""}, {"took 2 ms", info, ""}}
	for count, want := range map[uint64]bool{0: false, 1: true, 2: false} {
		a := account{}
		a.count(lines, []wasmhost.Verdict{{}, {Action: wasmhost.Represent}})
		for key := range a {
			a.settle([]wasmhost.Report{{Template: key, Count: count}})
		}
		assert.Equal(t, want, a.settled())
	}
}

// TestTheMostThatCanBeOwedIsHandedOverAndReported finds that a call has the fuel for it.
func TestTheMostThatCanBeOwedIsHandedOverAndReported(t *testing.T) {
	const templates = 1<<14 + 4096 // those that are remembered, and those that have made room
	r := newTestReplayer(t, `{"max_templates":16384}`)
	load := func() *wasmhost.Module {
		m, err := r.runtime.Load(t.Context(), r.module, "")
		require.NoError(t, err)
		return m
	}
	f, err := wasmhost.NewFilter(t.Context(), load(), wasmhost.Options{Config: r.config, Instances: 1})
	require.NoError(t, err)
	lines := make([]line, 2*templates)
	for i := range lines {
		name := strings.Map(func(r rune) rune { return r + 'a' - '0' }, fmt.Sprint(i/2))
		lines[i] = line{content: "event " + name, severity: info}
	}
	_, _, err = judge(t.Context(), f, batchesOf(lines), 0)
	require.NoError(t, err)
	require.NoError(t, f.Swap(t.Context(), load()))
	memory := f.Stats().MemoryBytes
	reports, err := f.Close(t.Context())
	require.NoError(t, err)
	require.NoError(t, f.Stats().LastError)
	assert.Len(t, reports, templates)
	assert.Zero(t, f.Stats().Mismatch)
	assert.LessOrEqual(t, memory, uint64(16<<20))
}
