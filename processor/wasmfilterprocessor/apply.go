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
// represented. They are used again for other batches.
type counts struct {
	in, kept, protected, passed   int
	dropped, represented, audited tally
}

func (c *counts) reset() {
	c.in, c.kept, c.protected, c.passed = 0, 0, 0, 0
	c.dropped.reset()
	c.represented.reset()
	c.audited.reset()
}

// tally counts records by rule.
type tally struct {
	counts []int  // by rule
	rules  []rule // that have a count
}

func (t *tally) add(r rule) {
	if more := int(r) + 1 - len(t.counts); more > 0 {
		t.counts = append(t.counts, make([]int, more)...)
	}
	if t.counts[r] == 0 {
		t.rules = append(t.rules, r)
	}
	t.counts[r]++
}

func (t *tally) reset() {
	for _, r := range t.rules {
		t.counts[r] = 0
	}
	t.rules = t.rules[:0]
}

// rule is what a record is counted under: onError, or one more than the number of a rule.
type rule uint32

const onError rule = 0

// ruleOnError is what records are counted under that on_error drops.
const ruleOnError = "on_error"

func ruleOf(v *wasmhost.Verdict) rule {
	if v.Reason == wasmhost.ByError {
		return onError
	}
	return rule(v.Rule) + 1
}

func (p *wasmFilter) nameOf(r rule) string {
	if r == onError {
		return ruleOnError
	}
	return p.filter.RuleName(wasmhost.RuleID(r - 1))
}

// count counts the verdicts on a batch. A record that is kept is not touched, but for what says whom it
// represents, or that it is a sample.
func (p *wasmFilter) count(r *records) {
	c := &r.counts
	c.in = r.Len()
	for i := range r.verdicts {
		v := &r.verdicts[i]
		switch v.Action {
		case wasmhost.Drop:
			if !p.audits() {
				c.dropped.add(ruleOf(v))
				continue
			}
			v.Action = wasmhost.Keep
			c.audited.add(ruleOf(v))
			r.logs[i].Attributes().PutStr(attrAuditRule, p.nameOf(ruleOf(v)))
		case wasmhost.Represent:
			c.represented.add(ruleOf(v))
			continue
		}
		c.kept++
		switch v.Reason {
		case wasmhost.ByProtected:
			c.protected++
		case wasmhost.ByError, wasmhost.ByBreaker:
			c.passed++
		}
		if v.Represents > 0 {
			r.logs[i].Attributes().PutInt(attrRepresents, int64(v.Represents))
		}
	}
}

// audits tells whether the record that a rule drops now is kept as a sample.
func (p *wasmFilter) audits() bool {
	n := uint64(p.cfg.AuditOneIn)
	return n > 0 && p.drops.Add(1)%n == 0
}

// remove removes in place what was dropped, and resources and scopes that have nothing left.
func remove(ld plog.Logs, r *records) {
	i := 0
	ld.ResourceLogs().RemoveIf(func(rl plog.ResourceLogs) bool {
		had := false
		rl.ScopeLogs().RemoveIf(func(sl plog.ScopeLogs) bool {
			n := sl.LogRecords().Len()
			had = had || n > 0
			sl.LogRecords().RemoveIf(func(plog.LogRecord) bool {
				i++
				return r.verdicts[i-1].Action != wasmhost.Keep
			})
			return n > 0 && sl.LogRecords().Len() == 0
		})
		return had && rl.ScopeLogs().Len() == 0
	})
}
