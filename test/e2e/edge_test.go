// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/internal/edgenode"
	"github.com/sealgate/sealgate/test/fleet"
	"github.com/sealgate/sealgate/test/harness"
)

// An hour of an edge node passes an edge collector, which drops what repeats, and a gateway on its way to
// Loki.
func TestAnEdgeNodeSendsOnWhatMatters(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	s := startStack(ctx, t, runDir(t), "embedded:gateway")
	startEdge := func() *harness.Gateway {
		edge, err := harness.StartEdge(ctx, harness.Built(t, "SEALGATE_EDGE_BIN"), filepath.Join(s.dir, "edge"), s.gateway)
		require.NoError(t, err)
		stopAtEnd(t, edge.Process)
		return edge
	}
	edge := startEdge()
	end := time.Now()
	node, err := edgenode.New(edgenode.Options{Seed: 1, Start: end.Add(-time.Hour), Duration: time.Hour})
	require.NoError(t, err)
	hour, err := fleet.SendEdgeNode(ctx, edge.GRPC, node)
	require.NoError(t, err)

	atEdge := filterCounters(ctx, t, edge)
	assert.Equal(t, hour.Records, atEdge["in"])
	assert.Equal(t, hour.Records, atEdge["kept"]+atEdge["represented"], "kept and counted is what was sent")
	assert.GreaterOrEqual(t, float64(atEdge["represented"])/float64(hour.Records), 0.83, "dropped at the edge")
	assert.Zero(t, atEdge["errors"])
	require.NoError(t, harness.Poll(ctx, "the edge's queue to be sent", func(ctx context.Context) (bool, error) {
		all, err := harness.Scrape(ctx, edge.Metrics)
		require.Zero(t, counter(all, "otelcol_exporter_send_failed_log_records"), "nothing is too large for the gateway")
		return counter(all, "otelcol_exporter_sent_log_records") >= float64(atEdge["kept"]), err
	}))
	// It reports the rest of what it counted as it stops, and has it in its queue on disk, with all that has not
	// been sent: that goes out when it is back.
	require.NoError(t, edge.Stop())
	startEdge()

	seen, bytes := map[int]bool{}, 0
	told := map[string]int{} // by pod
	suppressed := 0
	require.NoError(t, harness.Poll(ctx, "all of it in Loki", func(ctx context.Context) (bool, error) {
		atGateway := filterCounters(ctx, t, s.gateway)
		stored := atEdge["kept"] - atGateway["represented"]
		suppressed = atEdge["represented"] + atGateway["represented"]
		if n, err := s.storedRecords(ctx); err != nil || n < stored {
			return false, err
		}
		clear(seen)
		clear(told)
		bytes = 0
		for at := end.Add(-time.Hour - time.Minute); at.Before(time.Now()); at = at.Add(time.Minute) {
			lines, err := s.loki.Query(ctx, everything, harness.Window{From: at, To: at.Add(time.Minute)})
			if err != nil {
				return false, err
			}
			for _, l := range lines {
				if n, err := strconv.Atoi(l.Labels["record_number"]); err == nil {
					seen[n] = true
					bytes += len(l.Text)
				}
				if n, err := strconv.Atoi(l.Labels["sealgate_suppressed_count"]); err == nil {
					told[l.Labels["k8s_pod_name"]] += n
					assert.NotEqual(t, "sealgate", l.Labels["service_name"], "a summary says whose records it stands for")
				}
			}
		}
		return len(seen) == stored && sum(told) == suppressed, nil
	}))
	assert.Equal(t, suppressed, sum(told), "the summaries count what was dropped, exactly")
	for pod, n := range told {
		if pod == "" { // services of the node itself
			continue
		}
		found, err := s.loki.Count(ctx, fmt.Sprintf(suppressedOfAPod, pod))
		require.NoError(t, err)
		require.InDelta(t, n, found, 0, pod)
	}
	assert.Less(t, float64(bytes)/float64(hour.Bytes), 0.17, "of the bytes too 83% are dropped")
	for number, r := range hour.Matters {
		assert.True(t, seen[number], "%s of incident %d is lost", r.Truth.Template, r.Truth.Incident)
	}
	for _, incident := range node.Incidents() {
		t.Logf("incident %d, %s: its first record is in Loki", incident.Number, incident.Name)
	}
	t.Logf("%d records: %.1f%% of them and %.1f%% of the bytes dropped; of %d that matter all are in Loki", hour.Records,
		100*float64(suppressed)/float64(hour.Records), 100-100*float64(bytes)/float64(hour.Bytes), len(hour.Matters))
}

// everything is a LogQL query.
const everything = `{service_name=~".+"}`

// suppressedOfAPod is the LogQL query of the processor's page that counts what was suppressed for a pod.
const suppressedOfAPod = `sum(sum_over_time({service_name=~".+"} | k8s_pod_name="%s" | unwrap sealgate_suppressed_count [2h]))`

func sum(counts map[string]int) (total int) {
	for _, n := range counts {
		total += n
	}
	return total
}

// storedRecords is how many records Loki has of the last two hours.
func (s *stack) storedRecords(ctx context.Context) (int, error) {
	lines, err := s.loki.Count(ctx, `sum(count_over_time(`+everything+`[2h]))`)
	return int(lines), err
}

// filterCounters are those of a gateway's filters, without their common beginning.
func filterCounters(ctx context.Context, t *testing.T, g *harness.Gateway) map[string]int {
	t.Helper()
	all, err := harness.Scrape(ctx, g.Metrics)
	require.NoError(t, err)
	counters := map[string]int{}
	for _, name := range []string{"in", "kept", "dropped", "represented", "protected", "errors"} {
		counters[name] = int(counter(all, "otelcol_processor_wasmfilter_"+name))
	}
	return counters
}
