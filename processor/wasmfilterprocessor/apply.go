// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmfilterprocessor

import (
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/wasmhost"
)

// Attributes that the processor writes.
const (
	attrRepresents = "sealgate.represents" // of how many dropped records a kept one stands
	attrAuditRule  = "sealgate.audit.rule" // the rule that would have dropped it
)

// counts are what became of the records of a batch: in = kept + all of dropped + all of
// represented.
type counts struct {
	in, kept, protected, passed   int
	dropped, represented, audited map[string]int // by rule
}

// apply removes in place what was dropped, and resources and scopes that have nothing
// left. A record that is kept is not touched, but for what says whom it represents.
func (p *wasmFilter) apply(ld plog.Logs, r *records) counts {
	c := counts{in: r.Len()}
	i := 0
	ld.ResourceLogs().RemoveIf(func(rl plog.ResourceLogs) bool {
		had := false
		rl.ScopeLogs().RemoveIf(func(sl plog.ScopeLogs) bool {
			n := sl.LogRecords().Len()
			had = had || n > 0
			sl.LogRecords().RemoveIf(func(record plog.LogRecord) bool {
				v := r.verdicts[i]
				i++
				return p.goes(&c, v, record)
			})
			return n > 0 && sl.LogRecords().Len() == 0
		})
		return had && rl.ScopeLogs().Len() == 0
	})
	return c
}

// goes counts one verdict, and tells whether the record goes.
func (p *wasmFilter) goes(c *counts, v wasmhost.Verdict, record plog.LogRecord) bool {
	switch v.Action {
	case wasmhost.Drop:
		if rule := p.ruleOf(v); p.audits() {
			add(&c.audited, rule)
			record.Attributes().PutStr(attrAuditRule, rule)
		} else {
			add(&c.dropped, rule)
			return true
		}
	case wasmhost.Represent:
		add(&c.represented, p.ruleOf(v))
		return true
	}
	c.kept++
	switch v.Reason {
	case wasmhost.ByProtected:
		c.protected++
	case wasmhost.ByError, wasmhost.ByBreaker:
		c.passed++
	}
	if v.Represents > 0 {
		record.Attributes().PutInt(attrRepresents, int64(v.Represents))
	}
	return false
}

// audits tells whether the record that a rule drops now is kept as a sample.
func (p *wasmFilter) audits() bool {
	n := uint64(p.cfg.AuditOneIn)
	return n > 0 && p.drops.Add(1)%n == 0
}

// ruleOnError is what records are counted under that on_error drops.
const ruleOnError = "on_error"

func (p *wasmFilter) ruleOf(v wasmhost.Verdict) string {
	if v.Reason == wasmhost.ByError {
		return ruleOnError
	}
	return p.filter.RuleName(v.Rule)
}

func add(m *map[string]int, rule string) {
	if *m == nil {
		*m = make(map[string]int)
	}
	(*m)[rule]++
}
