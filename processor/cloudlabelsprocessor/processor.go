// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package cloudlabelsprocessor

import (
	"context"
	"slices"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/sealgate/sealgate/labels"
	"github.com/sealgate/sealgate/processor/cloudlabelsprocessor/internal/metadata"
)

// cloudLabels is the processor for one signal. It is safe for concurrent use.
type cloudLabels struct {
	scopes      []Scope
	promote     bool
	tenants     *tenants // nil if there are none
	telemetry   *metadata.TelemetryBuilder
	byKey       [labels.NumKeys]metric.AddOption
	strongly    [labels.NumKeys]metric.AddOption
	weakly      [labels.NumKeys]metric.AddOption
	normalizers sync.Pool
}

func newProcessor(set component.TelemetrySettings, cfg *Config, signal SignalConfig) (*cloudLabels, error) {
	table, err := cfg.Table(signal)
	if err != nil {
		return nil, err
	}
	telemetry, err := metadata.NewTelemetryBuilder(set)
	if err != nil {
		return nil, err
	}
	p := &cloudLabels{
		scopes:      cfg.Scopes,
		promote:     cfg.Promote,
		tenants:     newTenants(cfg.Tenant, table, telemetry),
		telemetry:   telemetry,
		normalizers: sync.Pool{New: func() any { return newNormalizer(table) }},
	}
	for _, k := range labels.Keys() {
		key := attribute.String("key", k.String())
		p.byKey[k] = metric.WithAttributeSet(attribute.NewSet(key))
		p.strongly[k] = metric.WithAttributeSet(attribute.NewSet(key, attribute.String("confidence", string(labels.Strong))))
		p.weakly[k] = metric.WithAttributeSet(attribute.NewSet(key, attribute.String("confidence", string(labels.Weak))))
	}
	return p, nil
}

func (p *cloudLabels) has(s Scope) bool { return slices.Contains(p.scopes, s) }

func (p *cloudLabels) processTraces(ctx context.Context, td ptrace.Traces) (ptrace.Traces, error) {
	n := p.normalizers.Get().(*normalizer)
	defer p.done(ctx, n)
	spans := p.has(ScopeSpan)
	for _, rs := range td.ResourceSpans().All() {
		n.normalizeResource(rs.Resource().Attributes())
		if !spans {
			continue
		}
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				n.normalize(span.Attributes())
			}
		}
	}
	return td, nil
}

func (p *cloudLabels) processLogs(ctx context.Context, ld plog.Logs) (plog.Logs, error) {
	n := p.normalizers.Get().(*normalizer)
	defer p.done(ctx, n)
	records := p.has(ScopeRecord)
	for _, rl := range ld.ResourceLogs().All() {
		n.normalizeResource(rl.Resource().Attributes())
		if !records {
			continue
		}
		for _, sl := range rl.ScopeLogs().All() {
			for _, record := range sl.LogRecords().All() {
				n.normalize(record.Attributes())
			}
		}
	}
	return ld, nil
}

func (p *cloudLabels) processMetrics(ctx context.Context, md pmetric.Metrics) (pmetric.Metrics, error) {
	n := p.normalizers.Get().(*normalizer)
	defer p.done(ctx, n)
	datapoints := p.has(ScopeDatapoint)
	var buf [labels.NumKeys]label
	for _, rm := range md.ResourceMetrics().All() {
		n.normalizeResource(rm.Resource().Attributes())
		promoted := buf[:0]
		if p.promote {
			promoted = n.labelsOf(promoted, rm.Resource().Attributes())
		}
		if !datapoints && len(promoted) == 0 {
			continue
		}
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				forEachDatapoint(m, func(attrs pcommon.Map) {
					if datapoints {
						n.normalize(attrs)
					}
					if len(promoted) > 0 {
						n.promote(attrs, promoted)
					}
				})
			}
		}
	}
	return md, nil
}

// done adds what n counted to the processor's metrics and gives n back.
func (p *cloudLabels) done(ctx context.Context, n *normalizer) {
	t, st := p.telemetry, &n.stats
	add(ctx, t.ProcessorCloudlabelsNormalized, &st.Normalized, &p.byKey)
	add(ctx, t.ProcessorCloudlabelsUnknown, &st.Unknown, &p.byKey)
	add(ctx, t.ProcessorCloudlabelsConflicts, &st.Conflicts, &p.byKey)
	add(ctx, t.ProcessorCloudlabelsInferred, &st.InferredStrong, &p.strongly)
	add(ctx, t.ProcessorCloudlabelsInferred, &st.InferredWeak, &p.weakly)
	add(ctx, t.ProcessorCloudlabelsDisagreements, &st.Disagreements, &p.byKey)
	add(ctx, t.ProcessorCloudlabelsRepaired, &st.Repaired, &p.byKey)
	add(ctx, t.ProcessorCloudlabelsImplausible, &st.Implausible, &p.byKey)
	n.stats = labels.Stats{}
	p.normalizers.Put(n)
}

func add(ctx context.Context, counter metric.Int64Counter, counts *[labels.NumKeys]int64, attrs *[labels.NumKeys]metric.AddOption) {
	for k, count := range counts {
		if count > 0 {
			counter.Add(ctx, count, attrs[k])
		}
	}
}
