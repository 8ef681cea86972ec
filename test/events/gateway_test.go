// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package events

import (
	"context"
	"fmt"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/deploy/dashboards"
	"github.com/sealgate/sealgate/test/backends"
	"github.com/sealgate/sealgate/test/harness"
)

// The gateway as it is shipped, with embedded:events, in front of a real Loki and Prometheus: events arrive, and every
// query of the dashboard finds data.
func TestTheGatewayFollowsEventsAndTheDashboardShowsThem(t *testing.T) {
	binary := harness.Built(t, "SEALGATE_BIN")
	c, s := shared(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	dir := t.TempDir()
	servers, err := backends.Ensure(ctx, os.Stdout, "loki", "prometheus")
	require.NoError(t, err)
	targets := filepath.Join(dir, "gateway.json")
	prometheus, err := harness.StartPrometheus(ctx, servers["prometheus"], dir, fmt.Sprintf(`
global: {scrape_interval: 1s}
scrape_configs: [{job_name: sealgate, file_sd_configs: [{files: [%s], refresh_interval: 1s}]}]
`, targets))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, prometheus.Stop()) })
	loki, err := harness.StartLoki(ctx, servers["loki"], dir)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, loki.Stop()) })

	gateway, err := harness.StartGateway(ctx, binary, dir, "embedded:gateway\nembedded:events\nyaml:receivers::k8s_event_digest::namespaces: ["+s.namespace+"]",
		harness.Addresses{}, "KUBECONFIG="+c.kubeconfig, "SEALGATE_KUBE_AUTH=kubeConfig", "SEALGATE_EVENTS_NAMESPACE="+s.namespace,
		"SEALGATE_CLUSTER_NAME=shop-staging", "SEALGATE_TEMPO=127.0.0.1:1", "SEALGATE_LOKI="+loki.URL, "SEALGATE_PROMETHEUS="+prometheus.URL)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, gateway.Stop()) })
	metrics, err := url.Parse(gateway.Metrics)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(targets, fmt.Appendf(nil, `[{"targets": [%q]}]`, metrics.Host), 0o644))

	ask := func(ctx context.Context, q dashboards.Query) (bool, error) {
		if q.From == dashboards.Prometheus {
			samples, err := prometheus.Query(ctx, q.Expr)
			return err == nil && len(samples) > 0 && !math.IsNaN(samples[0].Value), err
		}
		if strings.HasPrefix(q.Expr, "{") {
			lines, err := loki.Query(ctx, q.Expr, harness.Around(time.Now()))
			return len(lines) > 0, err
		}
		n, err := loki.Count(ctx, q.Expr)
		return n > 0, err
	}
	// Counters have to grow while Prometheus looks.
	for round := range int32(3) {
		for n := range 20 {
			pod := fmt.Sprintf("web-6d4b75cb6d-hwmq%c", "bcdfghjklmnpqrstvwxz"[n])
			if round == 0 {
				s.create(s.event(pod, "BackOff", 1))
			} else {
				s.set(pod, "BackOff", 1+50*round)
			}
		}
		want := fmt.Sprintf("sum(otelcol_receiver_k8s_event_digest_occurrences) == %d", 20*(1+50*round))
		require.NoError(t, harness.Poll(ctx, want, func(ctx context.Context) (bool, error) {
			return ask(ctx, dashboards.Query{From: dashboards.Prometheus, Expr: want})
		}))
	}
	all := strings.NewReplacer("$__rate_interval", "5m", "$__range", "5m", "$job", ".*", "$instance", ".*")
	for _, d := range dashboards.All {
		if d.UID != "sealgate-events" {
			continue
		}
		for _, p := range d.Panels() {
			for _, q := range p.Queries {
				q.Expr = all.Replace(q.Expr)
				if p.OnlyWhenBroken != "" {
					_, err := ask(ctx, q)
					require.NoError(t, err, p.Title)
					continue
				}
				require.NoError(t, harness.Poll(ctx, p.Title+": "+q.Expr, func(ctx context.Context) (bool, error) { return ask(ctx, q) }))
			}
		}
	}
	lines, err := loki.Query(ctx, `{service_name="k8s-events"} | k8s_event_owner="Deployment/web" | k8s_cluster_name="shop-staging"`, harness.Around(time.Now()))
	require.NoError(t, err)
	assert.NotEmpty(t, lines)
	assert.Less(t, len(lines), 10, "and not 60")
}
