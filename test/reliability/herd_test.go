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

	"github.com/sealgate/sealgate/test/harness"
	"github.com/sealgate/sealgate/test/load"
)

// Twenty edge nodes keep what they have while their gateway is away, and the gateway
// withstands them when they all come back at once.
func TestTheHerdThatReturnsLosesNothing(t *testing.T) {
	t.Parallel()
	const nodes = 20
	ctx := within(t)
	gateway := newSite(ctx, t)
	binary := harness.Built(t, "SEALGATE_EDGE_BIN")
	config := "embedded:edge\nyaml:service::pipelines::logs: {receivers: [otlp], processors: [cloudlabels]}"
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
	var streams []stream
	for i, edge := range herd {
		l := gateway.sink.Ledger(fmt.Sprintf("%s/%d", t.Name(), i))
		o := load.Options{Requests: []*load.Request{l.Metrics(load.Points(each))}, Rate: 200, Items: 1000, Senders: 1}
		streams = append(streams, edge.stream(ctx, t, l, o, "metric_points"))
	}
	for i, of := range streams {
		require.NoError(t, of.Wait())
		assert.Equal(t, 1000, of.Report().Accepted, "node %d took all of it", i)
		assert.Zero(t, of.Report().Delivered)
	}
	gateway.start(ctx, t)
	gateway.settled(ctx, t, streams...)
}
