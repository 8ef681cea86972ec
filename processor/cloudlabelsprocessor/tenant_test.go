// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package cloudlabelsprocessor

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/sealgate/sealgate/processor/cloudlabelsprocessor/internal/metadatatest"
)

const byClusterAndNamespace = "tenant: {from: [k8s.cluster.name, k8s.namespace.name]}"

func resourceOf(cluster, namespace string) map[string]any {
	return map[string]any{"k8s.cluster.name": cluster, "k8s.namespace.name": namespace}
}

// tenantSeen is the tenant that a consumer is told.
func tenantSeen(ctx context.Context) string {
	return strings.Join(client.FromContext(ctx).Metadata.Get("x-scope-orgid"), ",")
}

// routed passes logs of the given resources, and returns what arrives by tenant: the
// attributes of resources.
func routed(t *testing.T, ctx context.Context, yaml string, resources ...map[string]any) map[string][]map[string]any {
	t.Helper()
	arrived := make(map[string][]map[string]any)
	next, err := consumer.NewLogs(func(ctx context.Context, ld plog.Logs) error {
		for _, rl := range ld.ResourceLogs().All() {
			arrived[tenantSeen(ctx)] = append(arrived[tenantSeen(ctx)], rl.Resource().Attributes().AsRaw())
		}
		return nil
	})
	require.NoError(t, err)
	p, err := NewFactory().CreateLogs(ctx, metadatatest.NewSettings(componenttest.NewTelemetry()), configured(t, yaml), next)
	require.NoError(t, err)
	require.NoError(t, p.ConsumeLogs(ctx, logsOf(resources...)))
	return arrived
}

// with returns a resource with one more attribute.
func with(resource map[string]any, key string, value any) map[string]any {
	resource[key] = value
	return resource
}

func TestEachTenantGetsABatchOfItsOwn(t *testing.T) {
	got := routed(t, t.Context(), byClusterAndNamespace,
		resourceOf("ack", "shop"), resourceOf("k3s", "shop"), with(resourceOf("ack", "shop"), "service.name", "b"))
	assert.Equal(t, map[string][]map[string]any{
		"ack.shop": {
			with(resourceOf("ack", "shop"), "tenant.id", "ack.shop"),
			with(with(resourceOf("ack", "shop"), "service.name", "b"), "tenant.id", "ack.shop"),
		},
		"k3s.shop": {with(resourceOf("k3s", "shop"), "tenant.id", "k3s.shop")},
	}, got)
}

func TestEverySignalIsSplitAndNothingIsLost(t *testing.T) {
	resources := []map[string]any{resourceOf("a", "x"), resourceOf("b", "x"), resourceOf("a", "x"), {}}
	items := make(map[string]int)
	count := func(ctx context.Context, n int) error {
		items[tenantSeen(ctx)] += n
		return nil
	}
	traces, err := consumer.NewTraces(func(ctx context.Context, td ptrace.Traces) error { return count(ctx, td.SpanCount()) })
	require.NoError(t, err)
	metrics, err := consumer.NewMetrics(func(ctx context.Context, md pmetric.Metrics) error { return count(ctx, md.DataPointCount()) })
	require.NoError(t, err)
	logs, err := consumer.NewLogs(func(ctx context.Context, ld plog.Logs) error { return count(ctx, ld.LogRecordCount()) })
	require.NoError(t, err)

	ctx, set, cfg, f := t.Context(), metadatatest.NewSettings(componenttest.NewTelemetry()), configured(t, byClusterAndNamespace), NewFactory()
	tp, err := f.CreateTraces(ctx, set, cfg, traces)
	require.NoError(t, err)
	mp, err := f.CreateMetrics(ctx, set, cfg, metrics)
	require.NoError(t, err)
	lp, err := f.CreateLogs(ctx, set, cfg, logs)
	require.NoError(t, err)
	require.NoError(t, tp.ConsumeTraces(ctx, tracesOf(resources...)))
	require.NoError(t, mp.ConsumeMetrics(ctx, metricsOf(resources...)))
	require.NoError(t, lp.ConsumeLogs(ctx, logsOf(resources...)))
	assert.Equal(t, map[string]int{"a.x": 6, "b.x": 3, "anonymous": 3}, items)
}

func TestATenantMayComeFromALabelInWhateverSpelling(t *testing.T) {
	for _, style := range []string{"dotted", "underscore"} {
		got := routed(t, t.Context(), "{key_style: "+style+", tenant: {from: [cloud.provider]}}", map[string]any{"cloudProvider": "Aliyun"})
		assert.Contains(t, got, "alibaba", style)
	}
}

func TestWithoutAHeaderTheTenantIsAnAttributeAlone(t *testing.T) {
	got := routed(t, t.Context(), `tenant: {from: [k8s.namespace.name], header: ""}`, resourceOf("a", "x"), resourceOf("a", "y"))
	require.Len(t, got[""], 2)
	assert.Equal(t, "x", got[""][0]["tenant.id"])
	assert.Equal(t, "y", got[""][1]["tenant.id"])
}

func TestWithoutAnAttributeTheResourceStaysAsItIs(t *testing.T) {
	got := routed(t, t.Context(), `tenant: {from: [k8s.namespace.name], attribute: ""}`, resourceOf("a", "x"))
	assert.Equal(t, map[string][]map[string]any{"x": {resourceOf("a", "x")}}, got)
}

func TestATenantThatASenderClaimsIsNotBelieved(t *testing.T) {
	ctx := client.NewContext(t.Context(), client.Info{Metadata: client.NewMetadata(map[string][]string{
		"X-Scope-OrgID": {"somebody.else"}, "x-request-id": {"7"},
	})})
	got := routed(t, ctx, byClusterAndNamespace, with(resourceOf("ack", "shop"), "tenant.id", "somebody.else"))
	assert.Equal(t, map[string][]map[string]any{"ack.shop": {with(resourceOf("ack", "shop"), "tenant.id", "ack.shop")}}, got)
}

func TestWhatElseIsKnownOfTheClientGoesOn(t *testing.T) {
	table, err := configured(t, ``).Table(SignalConfig{})
	require.NoError(t, err)
	tenants := newTenants(TenantConfig{From: []string{"a"}, Header: "X-Scope-OrgID"}, table, nil)
	ctx := client.NewContext(t.Context(), client.Info{Metadata: client.NewMetadata(map[string][]string{"x-request-id": {"7"}})})
	info := client.FromContext(tenants.context(ctx, "t"))
	assert.Equal(t, []string{"7"}, info.Metadata.Get("x-request-id"))
	assert.Equal(t, []string{"t"}, info.Metadata.Get("X-Scope-OrgID"))
}

func TestAResourceWithoutATenantGoesToTheDefaultAndIsCounted(t *testing.T) {
	for name, c := range map[string]struct {
		resource map[string]any
		reason   string
	}{
		"an attribute is missing":      {map[string]any{"k8s.cluster.name": "a"}, "missing"},
		"an attribute is empty":        {resourceOf("", "x"), "missing"},
		"an attribute is no text":      {map[string]any{"k8s.cluster.name": 7, "k8s.namespace.name": "x"}, "missing"},
		"a character is not taken":     {resourceOf("a/b", "x"), "invalid"},
		"it could be another's":        {resourceOf("a", "b.x"), "invalid"},
		"it is no name but a path":     {resourceOf("a", "../x"), "invalid"},
		"it is two, for a backend":     {resourceOf("a|b", "x"), "invalid"},
		"it is longer than 150 bytes":  {resourceOf(strings.Repeat("a", 149), "x"), "invalid"},
		"it is longer than a megabyte": {resourceOf(strings.Repeat("a", 1<<20), "x"), "invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, byClusterAndNamespace)
			out := h.logs(t, logsOf(c.resource))
			got, _ := out.ResourceLogs().At(0).Resource().Attributes().Get("tenant.id")
			assert.Equal(t, "anonymous", got.Str())
			metadatatest.AssertEqualProcessorCloudlabelsTenantDefaults(t, h.telemetry, []metricdata.DataPoint[int64]{
				{Value: 1, Attributes: attribute.NewSet(attribute.String("reason", c.reason))},
			}, metricdatatest.IgnoreTimestamp())
		})
	}
}

// One batch is retried as a whole: an error that is for good must not hide one that
// is not.
func TestAnErrorThatMayPassOutweighsOneThatIsForGood(t *testing.T) {
	full, refused := errors.New("the queue is full"), consumererror.NewPermanent(errors.New("refused"))
	for name, c := range map[string]struct {
		errs map[string]error
		want error
	}{
		"none":      {nil, nil},
		"for good":  {map[string]error{"a": refused}, refused},
		"may pass":  {map[string]error{"b": full}, full},
		"first one": {map[string]error{"a": refused, "b": full}, full},
		"then one":  {map[string]error{"a": full, "b": refused}, full},
	} {
		t.Run(name, func(t *testing.T) {
			var tried []string
			next, err := consumer.NewLogs(func(ctx context.Context, _ plog.Logs) error {
				tried = append(tried, tenantSeen(ctx))
				return c.errs[tenantSeen(ctx)]
			})
			require.NoError(t, err)
			p, err := NewFactory().CreateLogs(t.Context(), metadatatest.NewSettings(componenttest.NewTelemetry()), configured(t, "tenant: {from: [t]}"), next)
			require.NoError(t, err)
			err = p.ConsumeLogs(t.Context(), logsOf(map[string]any{"t": "a"}, map[string]any{"t": "b"}))
			assert.Equal(t, []string{"a", "b"}, tried)
			assert.ErrorIs(t, err, c.want)
			assert.Equal(t, c.want != nil && consumererror.IsPermanent(c.want), err != nil && consumererror.IsPermanent(err))
		})
	}
}

// FuzzTenants looks for two tenants with one id, and for ids that Loki and Tempo do
// not take.
func FuzzTenants(f *testing.F) {
	f.Add("a", "b.c", "a.b", "c")
	f.Add("a.", "b", "a", ".b")
	f.Add(".", ".", "..", ".")
	cfg := configured(f, byClusterAndNamespace)
	table, err := cfg.Table(SignalConfig{})
	require.NoError(f, err)
	tenants := newTenants(cfg.Tenant, table, nil)
	derive := func(cluster, namespace string) (string, bool) {
		attrs := pcommon.NewMap()
		attrs.PutStr("k8s.cluster.name", cluster)
		attrs.PutStr("k8s.namespace.name", namespace)
		id, problem := tenants.derive(attrs)
		return id, problem == nil
	}
	f.Fuzz(func(t *testing.T, cluster1, namespace1, cluster2, namespace2 string) {
		first, ok1 := derive(cluster1, namespace1)
		second, ok2 := derive(cluster2, namespace2)
		if ok1 {
			require.True(t, validTenant(first))
		}
		if ok1 && ok2 && first == second {
			require.Equal(t, []string{cluster1, namespace1}, []string{cluster2, namespace2})
		}
	})
}

// A batch of one tenant goes on as it is; one of two is split.
func BenchmarkTenants(b *testing.B) {
	for name, resources := range map[string][]map[string]any{
		"one": {resourceOf("ack", "shop"), resourceOf("ack", "shop")},
		"two": {resourceOf("ack", "shop"), resourceOf("k3s", "shop")},
	} {
		b.Run(name, func(b *testing.B) {
			next, err := consumer.NewLogs(func(context.Context, plog.Logs) error { return nil })
			require.NoError(b, err)
			cfg := configured(b, byClusterAndNamespace)
			table, err := cfg.Table(SignalConfig{})
			require.NoError(b, err)
			split, err := newTenants(cfg.Tenant, table, nil).logs(next)
			require.NoError(b, err)
			batch := logsOf(resources...)
			b.ReportAllocs()
			for b.Loop() {
				ld := plog.NewLogs()
				batch.CopyTo(ld) // which is measured too
				require.NoError(b, split.ConsumeLogs(b.Context(), ld))
			}
		})
	}
}
