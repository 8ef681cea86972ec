// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmfilterprocessor

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/sealgate/sealgate/wasmhost"
)

// Attributes of a summary record.
const (
	eventSuppressed = "sealgate.suppressed"
	attrCount       = "sealgate.suppressed.count"
	attrFirst       = "sealgate.suppressed.first" // RFC 3339
	attrLast        = "sealgate.suppressed.last"
	attrRule        = "sealgate.suppressed.rule"
	attrTemplate    = "sealgate.suppressed.template"
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
			if err := p.emit(ctx, p.filter.Flush(ctx)); err != nil {
				p.log.Warn("reports of suppressed records could not be handed on; the metric has their counts", zap.Error(err))
			}
		}
	}
}

// emit counts reports and, where that is configured, hands them on as log records.
func (p *wasmFilter) emit(ctx context.Context, reports []wasmhost.Report) error {
	if len(reports) == 0 {
		return nil
	}
	for _, r := range reports {
		p.tel.report(ctx, p.filter.RuleName(r.Rule), r.Count)
	}
	if p.cfg.Reports != ReportLog {
		return nil
	}
	return p.next.ConsumeLogs(ctx, p.summaries(reports))
}

// summaries makes one log record of each report.
func (p *wasmFilter) summaries(reports []wasmhost.Report) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "sealgate")
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName("github.com/sealgate/sealgate/processor/wasmfilterprocessor")
	for _, r := range reports {
		p.summarise(sl.LogRecords().AppendEmpty(), r)
	}
	return ld
}

func (p *wasmFilter) summarise(record plog.LogRecord, r wasmhost.Report) {
	record.SetEventName(eventSuppressed)
	record.SetTimestamp(pcommon.Timestamp(r.Last))
	record.SetObservedTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	record.SetSeverityNumber(plog.SeverityNumber(r.Severity))
	text := r.Text
	if text == "" {
		text = r.Template
	}
	if text == "" {
		text = "records of one kind"
	}
	record.Body().SetStr(fmt.Sprintf("suppressed %d times: %s", r.Count, text))
	a := record.Attributes()
	a.PutInt(attrCount, int64(r.Count))
	a.PutStr(attrFirst, instant(r.First))
	a.PutStr(attrLast, instant(r.Last))
	a.PutStr(attrRule, p.filter.RuleName(r.Rule))
	if r.Template != "" {
		a.PutStr(attrTemplate, r.Template)
	}
}

func instant(ns uint64) string {
	return time.Unix(0, int64(ns)).UTC().Format(time.RFC3339Nano)
}
