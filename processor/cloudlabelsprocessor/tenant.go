// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package cloudlabelsprocessor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/sealgate/sealgate/labels"
	"github.com/sealgate/sealgate/processor/cloudlabelsprocessor/internal/metadata"
)

// maxTenant is the longest id of a tenant, in bytes, that Loki and Tempo take.
const maxTenant = 150

// TenantConfig says to which tenant of Loki and Tempo a resource belongs.
type TenantConfig struct {
	// From lists the attributes of a resource whose values make up the tenant's id;
	// cloud labels are named by their dotted key. There are no tenants if it is
	// empty, which is the default.
	From []string `mapstructure:"from"`

	// Separator is the character between the values. No value but the first may hold
	// it, so that no two tenants get one id. The default is a full stop.
	Separator string `mapstructure:"separator"`

	// Default is the tenant of a resource that lacks one of the attributes, or whose
	// id would not be accepted. The default is `anonymous`.
	Default string `mapstructure:"default"`

	// Attribute is the attribute of the resource that the id is written to,
	// `tenant.id` by default; none if it is empty.
	Attribute string `mapstructure:"attribute"`

	// Header is the key under which the id goes on as metadata of the client, one
	// batch for each tenant, in the place of what a client sent. The default is
	// `X-Scope-OrgID`; if it is empty, batches stay together.
	Header string `mapstructure:"header"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var _ confmap.Validator = (*TenantConfig)(nil)

func defaultTenantConfig() TenantConfig {
	return TenantConfig{Separator: ".", Default: "anonymous", Attribute: "tenant.id", Header: "X-Scope-OrgID"}
}

// Validate reports every setting that is wrong, by its key and with what would be
// accepted.
func (cfg *TenantConfig) Validate() error {
	var errs error
	for i, key := range cfg.From {
		if key == "" || slices.Contains(cfg.From[:i], key) {
			errs = errors.Join(errs, fmt.Errorf("`from` has %q, which is empty or there twice; name attributes of resources", key))
		}
	}
	if len(cfg.From) > 1 && (len(cfg.Separator) != 1 || strings.ContainsFunc(cfg.Separator, notInTenant)) {
		errs = errors.Join(errs, fmt.Errorf("`separator` is %q, must be a letter, a digit or one of %s", cfg.Separator, tenantMarks))
	}
	if !validTenant(cfg.Default) {
		errs = errors.Join(errs, fmt.Errorf("`default` is %q, must be 1 to %d letters, digits and %s, and neither `.` nor `..`", cfg.Default, maxTenant, tenantMarks))
	}
	if strings.ContainsFunc(cfg.Header, notInHeader) {
		errs = errors.Join(errs, fmt.Errorf("`header` is %q, must be the name of a header, such as `X-Scope-OrgID`, or empty", cfg.Header))
	}
	return errs
}

// tenantMarks are the characters beside letters and digits that Loki and Tempo take
// in the id of a tenant (grafana/dskit, tenant.ValidTenantID).
const tenantMarks = "!-_.*'()"

func notInTenant(r rune) bool {
	return !isAlphanumeric(r) && !strings.ContainsRune(tenantMarks, r)
}

func notInHeader(r rune) bool { return !isAlphanumeric(r) && r != '-' && r != '_' }

func isAlphanumeric(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

func validTenant(id string) bool {
	return id != "" && id != "." && id != ".." && len(id) <= maxTenant && !strings.ContainsFunc(id, notInTenant)
}

// tenants tells resources of tenants apart. It is safe for concurrent use.
type tenants struct {
	TenantConfig
	keys             []string // of attributes, as they are written
	telemetry        *metadata.TelemetryBuilder
	missing, invalid metric.AddOption
}

// newTenants returns nil where there are no tenants.
func newTenants(cfg TenantConfig, table *labels.Table, telemetry *metadata.TelemetryBuilder) *tenants {
	if len(cfg.From) == 0 {
		return nil
	}
	reason := func(r string) metric.AddOption {
		return metric.WithAttributeSet(attribute.NewSet(attribute.String("reason", r)))
	}
	t := &tenants{TenantConfig: cfg, telemetry: telemetry, missing: reason("missing"), invalid: reason("invalid")}
	for _, key := range cfg.From {
		if k, ok := labels.ParseKey(key); ok {
			key = table.Name(k)
		}
		t.keys = append(t.keys, key)
	}
	return t
}

// assign returns the tenant of a resource whose labels are normal, and writes it to
// the resource.
func (t *tenants) assign(ctx context.Context, attrs pcommon.Map) string {
	id, problem := t.derive(attrs)
	if problem != nil {
		id = t.Default
		t.telemetry.ProcessorCloudlabelsTenantDefaults.Add(ctx, 1, problem)
	}
	if t.Attribute != "" {
		attrs.PutStr(t.Attribute, id)
	}
	return id
}

// derive returns the tenant of a resource, or why it has none.
func (t *tenants) derive(attrs pcommon.Map) (id string, problem metric.AddOption) {
	for i, key := range t.keys {
		value, ok := attrs.Get(key)
		if !ok || value.Str() == "" { // nor is there one if it is no text
			return "", t.missing
		}
		part := value.Str()
		if len(part) > maxTenant || i > 0 && strings.Contains(part, t.Separator) {
			return "", t.invalid
		}
		if i > 0 {
			part = id + t.Separator + part
		}
		id = part
	}
	if !validTenant(id) {
		return "", t.invalid
	}
	return id, nil
}

// context returns ctx with the tenant as the client's metadata. What a client sent
// under that key is gone.
func (t *tenants) context(ctx context.Context, id string) context.Context {
	info := client.FromContext(ctx)
	all := make(map[string][]string)
	for key := range info.Metadata.Keys() {
		all[key] = info.Metadata.Get(key)
	}
	all[strings.ToLower(t.Header)] = []string{id}
	info.Metadata = client.NewMetadata(all)
	return client.NewContext(ctx, info)
}

func (t *tenants) traces(next consumer.Traces) (consumer.Traces, error) {
	return consumer.NewTraces(func(ctx context.Context, td ptrace.Traces) error {
		all := td.ResourceSpans()
		return route(ctx, t, td, resources[ptrace.Traces]{
			len:        all.Len(),
			attributes: func(i int) pcommon.Map { return all.At(i).Resource().Attributes() },
			empty:      ptrace.NewTraces,
			move:       func(i int, to ptrace.Traces) { all.At(i).MoveTo(to.ResourceSpans().AppendEmpty()) },
		}, next.ConsumeTraces)
	}, consumer.WithCapabilities(next.Capabilities()))
}

func (t *tenants) logs(next consumer.Logs) (consumer.Logs, error) {
	return consumer.NewLogs(func(ctx context.Context, ld plog.Logs) error {
		all := ld.ResourceLogs()
		return route(ctx, t, ld, resources[plog.Logs]{
			len:        all.Len(),
			attributes: func(i int) pcommon.Map { return all.At(i).Resource().Attributes() },
			empty:      plog.NewLogs,
			move:       func(i int, to plog.Logs) { all.At(i).MoveTo(to.ResourceLogs().AppendEmpty()) },
		}, next.ConsumeLogs)
	}, consumer.WithCapabilities(next.Capabilities()))
}

func (t *tenants) metrics(next consumer.Metrics) (consumer.Metrics, error) {
	return consumer.NewMetrics(func(ctx context.Context, md pmetric.Metrics) error {
		all := md.ResourceMetrics()
		return route(ctx, t, md, resources[pmetric.Metrics]{
			len:        all.Len(),
			attributes: func(i int) pcommon.Map { return all.At(i).Resource().Attributes() },
			empty:      pmetric.NewMetrics,
			move:       func(i int, to pmetric.Metrics) { all.At(i).MoveTo(to.ResourceMetrics().AppendEmpty()) },
		}, next.ConsumeMetrics)
	}, consumer.WithCapabilities(next.Capabilities()))
}

// resources are those of a batch B.
type resources[B any] struct {
	len        int
	attributes func(i int) pcommon.Map
	empty      func() B
	move       func(i int, to B)
}

// route hands a batch on, in parts of one tenant each. It is not copied; that of one
// tenant alone goes on as it is.
func route[B any](ctx context.Context, t *tenants, batch B, all resources[B], send func(context.Context, B) error) error {
	ids := make([]string, all.len)
	for i := range ids {
		ids[i] = t.assign(ctx, all.attributes(i))
	}
	if t.Header == "" {
		return send(ctx, batch)
	}
	tenants := slices.Compact(slices.Sorted(slices.Values(ids)))
	switch len(tenants) {
	case 0:
		return send(t.context(ctx, t.Default), batch)
	case 1:
		return send(t.context(ctx, tenants[0]), batch)
	}
	parts := make(map[string]B, len(tenants))
	for i, id := range ids {
		if _, ok := parts[id]; !ok {
			parts[id] = all.empty()
		}
		all.move(i, parts[id])
	}
	var lost, retry error
	for _, id := range tenants {
		if err := send(t.context(ctx, id), parts[id]); consumererror.IsPermanent(err) {
			lost = errors.Join(lost, err)
		} else {
			retry = errors.Join(retry, err)
		}
	}
	if retry != nil {
		return retry // joined with lost, it would be permanent
	}
	return lost
}
