// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package reliability

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/test/fleet"
	"github.com/sealgate/sealgate/test/harness"
	"github.com/sealgate/sealgate/test/load"
)

// Twenty edge nodes keep what they have while their gateway is away for a minute, and the
// gateway withstands them when they all come back at once.
func TestTheHerdThatReturnsLosesNothing(t *testing.T) {
	t.Parallel()
	const nodes = 20
	ctx := within(t)
	gateway := newSite(ctx, t)
	binary := harness.Built(t, "SEALGATE_EDGE_BIN")
	config := "embedded:edge\nyaml:service::pipelines::logs: {receivers: [otlp], processors: [cloudlabels]}\n" +
		"yaml:exporters::otlp_grpc/gateway::retry_on_failure: {max_interval: 5s}" // as shipped it would be half a minute until the last returns
	herd := make([]*site, nodes)
	var starts sync.WaitGroup
	for i := range herd {
		dir := filepath.Join(gateway.dir, fmt.Sprint(i))
		starts.Go(func() {
			edge, err := harness.StartGateway(ctx, binary, dir, config, harness.Addresses{}, "SEALGATE_GATEWAY="+gateway.GRPC, "SEALGATE_GATEWAY_INSECURE=true")
			if assert.NoError(t, err) {
				herd[i] = &site{Gateway: edge, sink: gateway.sink}
			}
		})
	}
	starts.Wait()
	for _, edge := range herd {
		require.NotNil(t, edge)
		t.Cleanup(func() { assert.NoError(t, edge.Stop()) })
	}

	require.NoError(t, gateway.Stop())
	const rate, items = 100, 60 * 100 // a minute's
	var streams []stream
	for i, edge := range herd {
		spans := gateway.sink.Ledger(fmt.Sprintf("%s/%d/spans", t.Name(), i))
		points := gateway.sink.Ledger(fmt.Sprintf("%s/%d/metrics", t.Name(), i))
		o := load.Options{Rate: rate, Items: items, Senders: 1}
		o.Requests = []*load.Request{spans.Traces(planted(fleet.Spans(uint64(i), each)))}
		streams = append(streams, edge.stream(ctx, t, spans, o, "spans"))
		o.Requests = []*load.Request{points.Metrics(load.Points(each))}
		streams = append(streams, edge.stream(ctx, t, points, o, "metric_points"))
	}
	for i, of := range streams {
		require.NoError(t, of.Wait())
		assert.Equal(t, items, of.Report().Accepted, "node %d took all of it: %s", i/2, of.items)
		assert.Zero(t, of.Report().Delivered)
	}
	gateway.start(ctx, t)
	gateway.settled(ctx, t, streams...)
}
