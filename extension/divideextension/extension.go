// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package divideextension

import (
	"context"
	"maps"
	"math/bits"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/extensionmiddleware"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/sealgate/sealgate/divide"
	"github.com/sealgate/sealgate/extension/divideextension/internal/metadata"
	"github.com/sealgate/sealgate/internal/tally"
)

// middleware is the extension. It is safe for concurrent use, and one may serve many
// exporters.
type middleware struct {
	component.StartFunc
	component.ShutdownFunc
	limit    int
	tel      *metadata.TelemetryBuilder
	log      *zap.Logger
	failures *failures
	drains   drains
}

var (
	_ extensionmiddleware.HTTPClient = (*middleware)(nil)
	_ extensionmiddleware.GRPCClient = (*middleware)(nil)
)

// request is one request of an exporter, on its way to a backend.
type request struct {
	backend string
	signal  divide.Signal
	json    bool
	send    func(ctx context.Context, body []byte) divide.Verdict
}

// deliver delivers the body of a request that a backend answered with Refused or Suspect.
// It returns nil when the fate of every item is decided, and otherwise an error that asks
// the exporter to try the open items again. It reports false for a body that cannot be
// divided.
func (m *middleware) deliver(ctx context.Context, r request, body []byte, answer divide.Verdict) (error, bool) {
	batch, err := divide.Parse(r.signal, body, r.json)
	if err != nil {
		return nil, false
	}
	items, patience := batch.Items(), 0
	if answer.Kind == divide.Suspect {
		// Most failures pass: the first answer is a second try.
		tries := m.failures.add(body)
		if tries == 1 {
			return answer.Err, true
		}
		patience = (16 + 2*bits.Len(uint(items))) << min(tries-2, 20)
	}
	out := divide.Deliver(ctx, batch, answer, func(ctx context.Context, part divide.Batch) divide.Verdict {
		encoded, err := part.Marshal(r.json)
		if err != nil {
			return divide.Verdict{Kind: divide.Refused, Reason: divide.ReasonInvalid, Err: err}
		}
		return r.send(ctx, encoded)
	}, m.limit, min(max(patience, 1), m.limit))
	m.report(ctx, r, items, answer, out)
	switch {
	case out.Rest == nil:
		m.failures.forget(body)
		return nil, true
	case out.Rest.Items() == items:
		return out.Err, true // nothing is decided: the exporter keeps the request as it is
	default:
		return out.Rest.Retry(out.Err), true
	}
}

// report counts what a backend refused, and logs the backend's words once for a request.
func (m *middleware) report(ctx context.Context, r request, items int, answer divide.Verdict, out divide.Outcome) {
	m.tel.ExtensionDivideRequests.Add(ctx, int64(out.Requests), metric.WithAttributeSet(attribute.NewSet(
		attribute.String("backend", r.backend), attribute.String("signal", string(r.signal)))))
	refused := 0
	for _, reason := range slices.Sorted(maps.Keys(out.Refused)) {
		refused += out.Refused[reason]
		m.count(ctx, r, reason, out.Refused[reason])
	}
	if refused == 0 {
		return
	}
	m.log.Warn("The backend refuses items for good; the others are delivered.", zap.String("backend", r.backend), zap.String("signal", string(r.signal)),
		zap.Any("refused", out.Refused), zap.Int("items", items), zap.Int("requests", out.Requests), zap.NamedError("answer", answer.Err))
}

func (m *middleware) count(ctx context.Context, r request, reason string, n int) {
	if n == 0 {
		return
	}
	tally.Refuse(ctx, reason, n)
	m.tel.ExtensionDivideRefused.Add(ctx, int64(n), metric.WithAttributeSet(attribute.NewSet(
		attribute.String("backend", r.backend), attribute.String("signal", string(r.signal)), attribute.String("reason", reason))))
}

// maxAnswer is how much of an answer is read, in bytes; maxWords is how much of its text
// is logged.
const (
	maxAnswer = 64 << 10
	maxWords  = 512
)

// words returns the text of an answer, cut to a length that a log bears.
func words(text string) string {
	text = strings.TrimSpace(strings.ToValidUTF8(text, "\uFFFD"))
	if len(text) > maxWords {
		return strings.ToValidUTF8(text[:maxWords], "") + "..."
	}
	return text
}
