// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"google.golang.org/grpc/metadata"

	"github.com/sealgate/sealgate/test/backends"
	"github.com/sealgate/sealgate/test/fleet"
	"github.com/sealgate/sealgate/test/harness"
)

// tenantOf has the resources that are sent, by the tenant that they belong to.
var tenantOf = map[string]map[string]string{
	"ack-prod.shop": {"k8s.cluster.name": "ack-prod", "k8s.namespace.name": "shop"},
	"k3s-edge.shop": {"k8s.cluster.name": "k3s-edge", "k8s.namespace.name": "shop"},
	"anonymous":     {"k8s.cluster.name": "k3s-edge"},
}

// Each tenant finds its own telemetry in Tempo and Loki and nobody else's, though all
// came in one request, whose sender claimed to be one of them, and though it waited on
// the gateway's disk from one run to the next.
func TestTenantsSeeTheirOwnTelemetryAlone(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	binary, dir := harness.Built(t, "SEALGATE_BIN"), runDir(t)
	root, err := backends.Root()
	require.NoError(t, err)
	config := "embedded:gateway\n" + filepath.Join(root, "docs", "tenants.yaml") + "\nyaml:receivers::otlp::protocols::grpc::include_metadata: true"
	now := time.Now()

	nowhere := []string{"SEALGATE_TEMPO=127.0.0.1:1", "SEALGATE_LOKI=http://127.0.0.1:1"}
	first, err := harness.StartGateway(ctx, binary, dir, config, harness.Addresses{}, nowhere...)
	require.NoError(t, err)
	sendTenants(metadata.AppendToOutgoingContext(ctx, "x-scope-orgid", "k3s-edge.shop"), t, first.GRPC, now)
	require.NoError(t, first.Stop())

	tempo, loki := startTenantBackends(ctx, t, dir)
	second, err := harness.StartGateway(ctx, binary, dir, config, harness.Addresses{}, "SEALGATE_TEMPO="+tempo.OTLP, "SEALGATE_LOKI="+loki.URL)
	require.NoError(t, err)
	stopAtEnd(t, second.Process)

	window := harness.Around(now)
	for tenant := range tenantOf {
		t.Run(tenant, func(t *testing.T) {
			asLoki, asTempo := *loki, *tempo
			asLoki.Tenant, asTempo.Tenant = tenant, tenant
			assertEventually(ctx, t, "logs of "+tenant, []string{tenant}, func(ctx context.Context) ([]string, error) {
				lines, err := asLoki.Query(ctx, `{service_name=~".+"}`, window)
				return texts(lines), err
			})
			assertEventually(ctx, t, "traces of "+tenant, []string{tenant}, func(ctx context.Context) ([]string, error) {
				found, err := asTempo.Search(ctx, `{}`, window)
				return slices.Collect(maps.Values(found)), err
			})
			assertEventually(ctx, t, "attribute of "+tenant, []string{tenant}, func(ctx context.Context) ([]string, error) {
				found, err := asTempo.Search(ctx, `{ resource.tenant.id = "`+tenant+`" }`, window)
				return slices.Collect(maps.Values(found)), err
			})
		})
	}
}

// sendTenants sends one request of traces and one of logs, in which each tenant has a
// span and a record of its name.
func sendTenants(ctx context.Context, t *testing.T, addr string, now time.Time) {
	t.Helper()
	td, ld, at := ptrace.NewTraces(), plog.NewLogs(), pcommon.NewTimestampFromTime(now)
	for i, tenant := range slices.Sorted(maps.Keys(tenantOf)) {
		rs, rl := td.ResourceSpans().AppendEmpty(), ld.ResourceLogs().AppendEmpty()
		for _, attributes := range []pcommon.Map{rs.Resource().Attributes(), rl.Resource().Attributes()} {
			attributes.PutStr("service.name", "checkout")
			for key, value := range tenantOf[tenant] {
				attributes.PutStr(key, value)
			}
		}
		span := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		span.SetTraceID(pcommon.TraceID{1, 15: byte(i)})
		span.SetSpanID(pcommon.SpanID{1, 7: byte(i)})
		span.SetName(tenant)
		span.SetStartTimestamp(at)
		span.SetEndTimestamp(at)
		record := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		record.SetTimestamp(at)
		record.Body().SetStr(tenant)
	}
	conn, err := fleet.Dial(addr)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, fleet.SendTraces(ctx, conn, td))
	require.NoError(t, fleet.SendLogs(ctx, conn, ld))
}

func startTenantBackends(ctx context.Context, t *testing.T, dir string) (*harness.Tempo, *harness.Loki) {
	t.Helper()
	binaries, err := backends.Ensure(ctx, os.Stdout, "tempo", "loki")
	require.NoError(t, err)
	tempo, err := harness.StartTempo(ctx, binaries["tempo"], dir, fragment(t, "tempo", "embedded:gateway"), "multitenancy_enabled: true")
	require.NoError(t, err)
	stopAtEnd(t, tempo.Process)
	loki, err := harness.StartLoki(ctx, binaries["loki"], dir, fragment(t, "loki", "embedded:gateway"), "auth_enabled: true")
	require.NoError(t, err)
	stopAtEnd(t, loki.Process)
	return tempo, loki
}
