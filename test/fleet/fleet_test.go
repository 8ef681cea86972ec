// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sealgate/sealgate/labels"
)

const requests = 6

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func TestTheSameRunMakesTheSameTelemetry(t *testing.T) {
	for _, c := range Clusters {
		a, b := c.Generate("run", requests, noon), c.Generate("run", requests, noon)
		assert.Equal(t, a.TraceIDs, b.TraceIDs)
		assert.Equal(t, a.Lines, b.Lines)
	}
}

func TestNoTwoRunsOrClustersShareAnItem(t *testing.T) {
	seen := make(map[string]bool)
	for _, run := range []string{"one", "two"} {
		for _, c := range Clusters {
			b := c.Generate(run, requests, noon)
			for _, item := range append(b.TraceIDs, b.Lines...) {
				require.False(t, seen[item], item)
				seen[item] = true
			}
		}
	}
}

func TestWhatIsListedIsWhatIsSent(t *testing.T) {
	for _, c := range Clusters {
		b := c.Generate("run", requests, noon)
		assert.ElementsMatch(t, b.TraceIDs, traceIDs(b.Traces))
		assert.ElementsMatch(t, b.Lines, bodies(b.Logs))
		assert.Len(t, b.TraceIDs, requests)
		assert.Equal(t, requests*len(services), b.Traces.SpanCount())
		assert.Equal(t, 3*len(services), b.Metrics.DataPointCount())
	}
}

// traceIDs returns the id of every root, of which a trace has one.
func traceIDs(traces ptrace.Traces) []string {
	var roots []string
	for _, rs := range traces.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				if span.ParentSpanID().IsEmpty() {
					roots = append(roots, span.TraceID().String())
				}
			}
		}
	}
	return roots
}

func bodies(logs plog.Logs) []string {
	var all []string
	for _, rl := range logs.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, record := range sl.LogRecords().All() {
				all = append(all, record.Body().Str())
			}
		}
	}
	return all
}

// The end-to-end test says nothing where a cluster already spells its labels as
// they come out.
func TestEveryClusterSpellsItsLabelsInAForeignWay(t *testing.T) {
	for _, c := range Clusters {
		for _, signal := range Signals {
			assert.NotEqual(t, c.Labels, c.Spelling[signal], "%s of %s", signal, c.Name)
			assert.Greater(t, len(c.Spelling[signal]), 4, "%s of %s", signal, c.Name)
		}
	}
}

func TestEverySpellingIsOneThatTheVocabularyKnows(t *testing.T) {
	table, err := labels.New(labels.Options{})
	require.NoError(t, err)
	for _, c := range Clusters {
		for signal, spelling := range c.Spelling {
			for name := range spelling {
				_, ok := table.Spelling(name)
				assert.True(t, ok, "%s of %s: %s", signal, c.Name, name)
			}
		}
	}
}

func TestARequestPassesThroughEveryServiceAndEveryFifthFails(t *testing.T) {
	b := Clusters[0].Generate("run", requests, noon)
	parents, failed := make(map[pcommon.SpanID]pcommon.SpanID), 0
	for _, rs := range b.Traces.ResourceSpans().All() {
		for _, span := range rs.ScopeSpans().At(0).Spans().All() {
			parents[span.SpanID()] = span.ParentSpanID()
			if span.Status().Code() == ptrace.StatusCodeError {
				failed++
			}
		}
	}
	require.Len(t, parents, requests*len(services), "every span has its own id")
	for span, parent := range parents {
		if !parent.IsEmpty() {
			assert.Contains(t, parents, parent, "the parent of %s is in the same batch", span)
		}
	}
	assert.Equal(t, 2, failed)
}
