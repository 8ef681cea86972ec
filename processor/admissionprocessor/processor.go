// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package admissionprocessor

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/sealgate/sealgate/admission"
	"github.com/sealgate/sealgate/processor/admissionprocessor/internal/metadata"
)

// gate is what the processors of all signals have in common.
type gate struct {
	component.StartFunc
	component.ShutdownFunc
	check      *admission.Checker
	signal     admission.Signal
	maxRequest int64
	tel        *metadata.TelemetryBuilder
	log        *zap.Logger
}

func newGate(set processor.Settings, cfg *Config, signal admission.Signal) (*gate, error) {
	tel, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return &gate{check: admission.New(cfg.options()), signal: signal, maxRequest: cfg.MaxRequestBytes, tel: tel, log: set.Logger}, nil
}

// Capabilities says that data is changed in place.
func (*gate) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: true} }

// passed notes what was refused of a request, of which the rest is in the hands of the
// next. If the next refuses it, the sender has all of it still, and nothing is noted.
func (g *gate) passed(ctx context.Context, r admission.Result) {
	ticket := admission.FromContext(ctx)
	ticket.Refuse(g.signal, &r)
	r.Each(func(reason admission.Reason, refused bool, n int) {
		counter := g.tel.ProcessorAdmissionRepaired
		if refused {
			counter = g.tel.ProcessorAdmissionRefused
		}
		counter.Add(ctx, int64(n), metric.WithAttributeSet(attribute.NewSet(
			attribute.String("signal", string(g.signal)), attribute.String("reason", reason.String()))))
	})
	if message := r.Message(); message != "" {
		g.log.Warn("Items are refused.", zap.String("signal", string(g.signal)), zap.String("refused", message), zap.Bool("sender_is_told", ticket != nil))
	}
}

// failed returns what the sender is told when the next refuses a request. A request that
// is larger than the queue never fits into it, so the sender must not try again.
func (g *gate) failed(ctx context.Context, err error, size func() int) error {
	if g.maxRequest == 0 || !errors.Is(err, exporterhelper.ErrQueueIsFull) {
		return err
	}
	bytes := size()
	if int64(bytes) <= g.maxRequest {
		return err
	}
	admission.FromContext(ctx).RefuseWhole()
	return status.Errorf(codes.InvalidArgument, "the request has %d bytes and the queue holds %d: it can never fit; send smaller requests or raise `sending_queue::queue_size`", bytes, g.maxRequest)
}

type traces struct {
	*gate
	next consumer.Traces
}

// ConsumeTraces removes refused spans and hands the others on.
func (t *traces) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	r := t.check.Traces(td, admission.FromContext(ctx).Size())
	if td.SpanCount() > 0 || r.Refused() == 0 {
		if err := t.next.ConsumeTraces(ctx, td); err != nil {
			return t.failed(ctx, err, func() int { return (&ptrace.ProtoMarshaler{}).TracesSize(td) })
		}
	}
	if r != (admission.Result{}) {
		t.passed(ctx, r)
	}
	return nil
}

type logs struct {
	*gate
	next consumer.Logs
}

// ConsumeLogs removes refused log records and hands the others on.
func (l *logs) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	r := l.check.Logs(ld, admission.FromContext(ctx).Size())
	if ld.LogRecordCount() > 0 || r.Refused() == 0 {
		if err := l.next.ConsumeLogs(ctx, ld); err != nil {
			return l.failed(ctx, err, func() int { return (&plog.ProtoMarshaler{}).LogsSize(ld) })
		}
	}
	if r != (admission.Result{}) {
		l.passed(ctx, r)
	}
	return nil
}

type metrics struct {
	*gate
	next consumer.Metrics
}

// ConsumeMetrics removes refused data points and hands the others on.
func (m *metrics) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	r := m.check.Metrics(md, admission.FromContext(ctx).Size())
	if r == (admission.Result{}) || md.DataPointCount() > 0 {
		if err := m.next.ConsumeMetrics(ctx, md); err != nil {
			return m.failed(ctx, err, func() int { return (&pmetric.ProtoMarshaler{}).MetricsSize(md) })
		}
	}
	if r != (admission.Result{}) {
		m.passed(ctx, r)
	}
	return nil
}
