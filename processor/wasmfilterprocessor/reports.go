// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmfilterprocessor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.uber.org/zap"

	"github.com/sealgate/sealgate/internal/logfilter"
	"github.com/sealgate/sealgate/wasmhost"
)

// maxUnsent is the most batches of summaries that wait for what comes next to take them.
const maxUnsent = 256

// flushAll asks the filter for its reports from time to time.
func (p *wasmFilter) flushAll(ctx context.Context) {
	tick := time.NewTicker(p.cfg.FlushInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := p.emit(ctx, p.filter.Flush(ctx), false); err != nil {
				p.log.Warn("summaries of suppressed records could not be handed on; the metric has their counts", zap.Error(err))
			}
		}
	}
}

// emit counts reports and, where that is configured, hands them on as summary records. What comes next may
// refuse summaries: then they wait for the next time, unless it refuses them for good.
func (p *wasmFilter) emit(ctx context.Context, reports []wasmhost.Report, last bool) error {
	for _, r := range reports {
		p.tel.report(ctx, p.filter.RuleName(r.Rule), r.Count)
	}
	if p.cfg.Reports != ReportLog {
		return nil
	}
	waiting := append(p.unsent, p.summaries.Of(reports, p.filter.RuleName, time.Now(), last)...)
	p.unsent = nil
	var lost error
	for _, s := range waiting {
		if err := p.hand(ctx, s); err != nil {
			lost = errors.Join(lost, err)
		}
	}
	if last && len(p.unsent) > 0 {
		lost = errors.Join(lost, fmt.Errorf("%d batches of summaries were refused until the end", len(p.unsent)))
	}
	if more := len(p.unsent) - maxUnsent; more > 0 {
		p.unsent = p.unsent[more:]
		lost = errors.Join(lost, fmt.Errorf("%d batches of summaries were given up, since %d others wait already", more, maxUnsent))
	}
	return lost
}

// hand hands a batch of summaries on. One that is refused for now is kept, and is no error yet.
func (p *wasmFilter) hand(ctx context.Context, s logfilter.Summary) error {
	kept := s.Copy() // what comes next may have changed or emptied its batch before it refuses
	err := p.next.ConsumeLogs(s.Context(ctx), s.Logs)
	if err == nil || consumererror.IsPermanent(err) {
		return err
	}
	p.unsent = append(p.unsent, kept)
	return nil
}
