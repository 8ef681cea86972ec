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

// At the end, summaries that are refused are sent again at growing intervals, for some seconds: what comes next
// may be emptying its queue.
const (
	firstPause = 50 * time.Millisecond
	lastPause  = 1600 * time.Millisecond
)

// flushAll asks the filter for its reports from time to time.
func (p *wasmFilter) flushAll(ctx context.Context) {
	tick := time.NewTicker(p.cfg.FlushInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			p.emit(ctx, p.filter.Flush(ctx), false)
		}
	}
}

// emit counts reports or, where that is configured, hands them on as summary records, which count when the
// next component takes them. It may refuse them: then they wait for the next time, unless it refuses them for good.
func (p *wasmFilter) emit(ctx context.Context, reports []wasmhost.Report, last bool) {
	if p.cfg.Reports != ReportLog {
		for _, r := range reports {
			p.tel.report(ctx, p.filter.RuleName(r.Rule), r.Count)
		}
		return
	}
	p.unsent = append(p.unsent, p.summaries.Of(reports, p.filter.RuleName, time.Now(), last)...)
	p.sendAll(ctx)
	if last {
		p.insist(ctx)
	}
	if more := len(p.unsent) - maxUnsent; more > 0 {
		p.giveUp(ctx, p.unsent[:more], fmt.Errorf("%d others wait already", maxUnsent))
		p.unsent = p.unsent[more:]
	}
}

// insist sends what is left again and again, and gives it up in the end.
func (p *wasmFilter) insist(ctx context.Context) {
	for pause := firstPause; pause <= lastPause && len(p.unsent) > 0 && ctx.Err() == nil; pause *= 2 {
		select {
		case <-ctx.Done():
		case <-time.After(pause):
			p.sendAll(ctx)
		}
	}
	if len(p.unsent) > 0 {
		p.giveUp(ctx, p.unsent, errors.New("they were refused until the end"))
		p.unsent = nil
	}
}

// sendAll hands on all that waits, and keeps what is refused for now.
func (p *wasmFilter) sendAll(ctx context.Context) {
	waiting := p.unsent
	p.unsent = nil
	for _, s := range waiting {
		kept := s.Copy() // what comes next may have changed or emptied its batch before it refuses
		switch err := p.next.ConsumeLogs(s.Context(ctx), s.Logs); {
		case err == nil:
			kept.Each(func(rule string, n uint64) { p.tel.report(ctx, rule, n) })
		case consumererror.IsPermanent(err):
			p.giveUp(ctx, []logfilter.Summary{kept}, err)
		default:
			p.unsent = append(p.unsent, kept)
		}
	}
}

// giveUp counts and logs summaries that nobody will see.
func (p *wasmFilter) giveUp(ctx context.Context, lost []logfilter.Summary, why error) {
	var records uint64
	for _, s := range lost {
		s.Each(func(rule string, n uint64) {
			records += n
			p.tel.lose(ctx, rule, n)
		})
	}
	p.log.Error("summaries of suppressed records are lost; the metric `unreported` has their counts",
		zap.Uint64("records", records), zap.Error(why))
}
