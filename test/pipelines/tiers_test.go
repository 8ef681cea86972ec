// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package pipelines

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/sealgate/sealgate/test/harness"
)

// sampler is a gateway of the second tier, and what is behind it.
type sampler struct {
	*harness.Gateway
	sink *harness.Sink
	dir  string
}

// run starts the sampler at the address that it had, or at a free one.
func (s *sampler) run(ctx context.Context, t *testing.T, decisionWait string) {
	t.Helper()
	at := harness.Addresses{}
	if s.Gateway != nil {
		at.GRPC = s.GRPC
	}
	s.Gateway = start(ctx, t, s.dir, configs(t, "embedded:gateway", "tail-sampling.yaml", "span-metrics.yaml"), at,
		append(s.sink.Env(), "SEALGATE_DECISION_WAIT="+decisionWait)...)
}

// Spans of a trace come to two gateways and meet at one of three samplers, which sees the trace whole and
// keeps it for the one error in it. While a sampler is down the others go on; what is for it waits.
func TestTwoTiersBringEachTraceToOneSampler(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	dir := t.TempDir()
	samplers := make([]*sampler, 3)
	addresses := make([]string, len(samplers))
	for i := range samplers {
		samplers[i] = &sampler{sink: startSink(t), dir: filepath.Join(dir, fmt.Sprint("sampler-", i))}
		samplers[i].run(ctx, t, "5s")
		addresses[i] = samplers[i].GRPC
	}
	first := make([]*harness.Gateway, 2)
	for i := range first {
		first[i] = start(ctx, t, filepath.Join(dir, fmt.Sprint("first-", i)), configs(t, "embedded:gateway", "load-balancing.yaml"),
			harness.Addresses{}, "SEALGATE_SAMPLERS="+strings.Join(addresses, ","), "SEALGATE_SAMPLER_INSECURE=true")
	}

	before := newLoad(2, 900, 20, allFail)
	before.send(ctx, t, first...)
	awaitWhole(ctx, t, before, samplers, len(before.traces))
	for i, s := range samplers {
		got := at(s.sink)
		got.assertWhole(t, before)
		assert.Greater(t, len(got), len(before.traces)/6, "traces of sampler %d", i)
		t.Logf("sampler %d: %d of %d traces", i, len(got), len(before.traces))
	}

	samplers[0].Kill()
	during := newLoad(3, 900, 20, allFail)
	during.send(ctx, t, first[0]) // the other one would notice that the sampler is back at another time
	awaitWhole(ctx, t, during, samplers[1:], len(during.traces)/2)
	samplers[0].run(ctx, t, "10s") // longer than what waits for it takes to come
	awaitWhole(ctx, t, during, samplers, len(during.traces))
	for _, s := range samplers {
		assert.Zero(t, at(s.sink).repeated(), "spans that came more than once")
	}
}

func allFail(int) class { return failed }

// awaitWhole waits until so many traces are whole at one of the samplers, and wants none in two places.
func awaitWhole(ctx context.Context, t *testing.T, l load, samplers []*sampler, traces int) {
	t.Helper()
	n := 0
	err := harness.Poll(ctx, fmt.Sprint(traces, " whole traces"), func(context.Context) (bool, error) {
		places := map[pcommon.TraceID]int{}
		n = 0
		for _, s := range samplers {
			got := at(s.sink)
			n += got.whole(l, l.only(failed))
			for id := range got {
				places[id]++
			}
		}
		for id, in := range places {
			if in > 1 {
				return false, fmt.Errorf("trace %s came to %d samplers", id, in)
			}
		}
		return n >= traces, nil
	})
	require.NoError(t, err, "%d were whole", n)
}
