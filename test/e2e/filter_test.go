// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/test/fleet"
	"github.com/sealgate/sealgate/test/harness"
)

// What Loki has and what the filter's counters say is together what was sent.
func TestFilteredLogsAreAllAccountedFor(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	s := startStack(ctx, t, runDir(t), "embedded:gateway")
	now := time.Now()
	conn, err := fleet.Dial(s.gateway.GRPC)
	require.NoError(t, err)
	defer conn.Close()

	const batches, each = 20, 100
	sent, probes := 0, 0
	var want []string
	for batch := range batches {
		ld := plog.NewLogs()
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", "filtered")
		rl.Resource().Attributes().PutInt("replica", int64(batch%5))
		records := rl.ScopeLogs().AppendEmpty().LogRecords()
		for i := range each {
			r := records.AppendEmpty()
			r.SetTimestamp(pcommon.NewTimestampFromTime(now.Add(time.Duration(batch*each+i) * time.Microsecond)))
			r.SetSeverityNumber(plog.SeverityNumberInfo)
			text := fmt.Sprintf("order %d of batch %d", i, batch)
			switch i % 4 {
			case 0, 1: // a successful probe, which the embedded configuration counts
				text = fmt.Sprintf(`"GET /ready HTTP/1.1" 200 "kube-probe/1.31" %d/%d`, batch, i)
				probes++
			case 2: // a failed one
				text = fmt.Sprintf(`"GET /ready HTTP/1.1" 503 "kube-probe/1.31" %d/%d`, batch, i)
				r.SetSeverityNumber(plog.SeverityNumberWarn)
			}
			r.Body().SetStr(text)
			if i%4 > 1 {
				want = append(want, text)
			}
			sent++
		}
		require.NoError(t, fleet.SendLogs(ctx, conn, ld))
	}
	query := `{service_name="filtered"}`
	assertEventually(ctx, t, query, want, func(ctx context.Context) ([]string, error) {
		lines, err := s.loki.Query(ctx, query, harness.Around(now))
		return texts(lines), err
	})
	counted := filterCounters(ctx, t, s.gateway)
	assert.Equal(t, sent, counted["in"])
	assert.Equal(t, sent, len(want)+counted["represented"], "what Loki has and what the counters say")
	assert.Equal(t, len(want), counted["kept"])
	assert.Zero(t, counted["dropped"], "probes are counted in reports")
	assert.Zero(t, counted["errors"])
	byRule, err := harness.Scrape(ctx, s.gateway.Metrics, "rule", "probe paths")
	require.NoError(t, err)
	assert.InDelta(t, probes, counter(byRule, "otelcol_processor_wasmfilter_represented"), 0)
}
