// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package receivercreator is contrib's receiver `receiver_creator`, which starts receivers for what
// an observer finds, except that it starts no receiver of OTLP.
//
// Every receiver of OTLP needs the extension `admission`: without it, one request that is nested
// deeply enough ends the process. The configuration gives it to each, but with `discovery` the
// configuration of a receiver comes from the annotations of a pod.
package receivercreator

import (
	"context"
	"slices"

	"github.com/open-telemetry/opentelemetry-collector-contrib/receiver/receivercreator"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
)

// Refused are the types of receivers that are not started: those that decode OTLP.
var Refused = []string{"otlp", "kafka"}

// NewFactory returns the factory of the `receiver_creator`.
func NewFactory() receiver.Factory {
	f := receivercreator.NewFactory()
	return receiver.NewFactory(f.Type(), f.CreateDefaultConfig,
		receiver.WithTraces(func(ctx context.Context, set receiver.Settings, cfg component.Config, next consumer.Traces) (receiver.Traces, error) {
			return guard(f.CreateTraces(ctx, set, cfg, next))
		}, f.TracesStability()),
		receiver.WithMetrics(func(ctx context.Context, set receiver.Settings, cfg component.Config, next consumer.Metrics) (receiver.Metrics, error) {
			return guard(f.CreateMetrics(ctx, set, cfg, next))
		}, f.MetricsStability()),
		receiver.WithLogs(func(ctx context.Context, set receiver.Settings, cfg component.Config, next consumer.Logs) (receiver.Logs, error) {
			return guard(f.CreateLogs(ctx, set, cfg, next))
		}, f.LogsStability()),
	)
}

// guarded is a receiver creator whose host has no factory of what is refused.
type guarded struct{ component.Component }

func guard(creator component.Component, err error) (component.Component, error) {
	if err != nil {
		return nil, err
	}
	return guarded{creator}, nil
}

// Start starts the creator.
func (g guarded) Start(ctx context.Context, h component.Host) error {
	if factories, ok := h.(factories); ok {
		h = host{Host: h, factories: factories}
	}
	return g.Component.Start(ctx, h)
}

// factories is what the creator wants of its host.
type factories interface {
	GetFactory(kind component.Kind, typ component.Type) component.Factory
}

type host struct {
	component.Host
	factories factories
}

// GetFactory returns nil, as for a type that there is not, where the type is refused.
func (h host) GetFactory(kind component.Kind, typ component.Type) component.Factory {
	if kind == component.KindReceiver && slices.Contains(Refused, typ.String()) {
		return nil
	}
	return h.factories.GetFactory(kind, typ)
}

// Report hands on the status of a receiver that was started.
func (h host) Report(event *componentstatus.Event) { componentstatus.ReportStatus(h.Host, event) }
