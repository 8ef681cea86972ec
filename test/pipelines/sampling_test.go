// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package pipelines

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sealgate/sealgate/test/fleet"
	"github.com/sealgate/sealgate/test/harness"
)

// tailSampling is the beginning of the names of the sampler's own metrics.
const tailSampling = "otelcol_processor_tail_sampling_"

// mixed has one trace in twenty fail, and one be slow.
func mixed(i int) class {
	switch i % 20 {
	case 0:
		return failed
	case 1:
		return slow
	default:
		return ordinary
	}
}

// Of traces whose spans come in pieces, those with an error and the slow ones arrive whole, all of
// them, and 12% of the others; spans that are late follow what was decided on their trace.
func TestTailSamplingKeepsErrorsAndSlowTracesAndAShareOfTheRest(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	sink := startSink(t)
	g := start(ctx, t, t.TempDir(), configs(t, "embedded:gateway", "tail-sampling.yaml"), harness.Addresses{},
		append(sink.Env(), "SEALGATE_DECISION_WAIT=5s")...)
	l := newLoad(1, 5000, 20, mixed)
	l.send(ctx, t, g)

	kept := 0
	eventually(ctx, t, "every trace to be decided upon, and the kept ones to arrive", func(ctx context.Context) (bool, error) {
		decided, err := counter(ctx, g, tailSampling+"global_count_traces_sampled")
		if err != nil || decided < len(l.traces) {
			return false, err
		}
		kept, err = counter(ctx, g, tailSampling+"global_count_traces_sampled", "sampled", "true")
		return len(at(sink)) == kept, err
	})
	got := at(sink)
	got.assertWhole(t, l)
	must := l.only(failed, slow)
	assert.Equal(t, len(must), got.whole(l, must), "errors and slow traces that arrived whole")
	assertShare(t, 0.12, kept-len(must), len(l.traces)-len(must))
	early, err := counter(ctx, g, tailSampling+"sampling_trace_dropped_too_early")
	require.NoError(t, err)
	assert.Zero(t, early, "traces dropped undecided")

	lateSpansFollowTheirTrace(ctx, t, g, sink, l)
}

// assertShare wants as many of n as a share p of them, within four standard deviations.
func assertShare(t *testing.T, p float64, got, n int) {
	t.Helper()
	mean, deviation := p*float64(n), math.Sqrt(float64(n)*p*(1-p))
	assert.InDelta(t, mean, float64(got), 4*deviation)
	t.Logf("%d of %d ordinary traces were kept, %.1f%%", got, n, 100*float64(got)/float64(n))
}

func lateSpansFollowTheirTrace(ctx context.Context, t *testing.T, g *harness.Gateway, sink *harness.Sink, l load) {
	t.Helper()
	before := at(sink)
	ids := l.only(ordinary)
	kept := ids[slices.IndexFunc(ids, func(id pcommon.TraceID) bool { return before[id] != nil })]
	dropped := ids[slices.IndexFunc(ids, func(id pcommon.TraceID) bool { return before[id] == nil })]
	late := ptrace.NewTraces()
	for _, id := range []pcommon.TraceID{dropped, kept} {
		span := newSpan(late, fleet.Clusters[0])
		span.SetTraceID(id)
		span.SetSpanID(spanID(100))
	}
	sendTraces(ctx, t, g, late)
	eventually(ctx, t, "both late spans to be decided upon, and one to arrive", func(ctx context.Context) (bool, error) {
		n, err := counter(ctx, g, tailSampling+"early_releases_from_cache_decision")
		return n == 2 && at(sink)[kept][spanID(100)] == 1, err
	})
	assert.NotContains(t, at(sink), dropped)
}
