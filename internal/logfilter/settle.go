// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package logfilter

import (
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/wasmhost"
)

// Attributes that Settle writes.
const (
	AttrRepresents = "sealgate.represents" // the number of dropped records that a kept one represents
	AttrAuditRule  = "sealgate.audit.rule" // the rule that would have dropped it
)

// Counts say what became of the records of a batch: In = Kept + all of Dropped + all of Represented.
type Counts struct {
	In, Kept, Protected, Passed   int
	Dropped, Represented, Audited Tally
	Patches                       Tally              // that were applied
	PatchesRefused                [len(refusals)]int // records that stayed as they came, by Refusal
}

func (c *Counts) reset() {
	c.In, c.Kept, c.Protected, c.Passed = 0, 0, 0, 0
	c.Dropped.reset()
	c.Represented.reset()
	c.Audited.reset()
	c.Patches.reset()
	c.PatchesRefused = [len(refusals)]int{}
}

// Tally counts records by rule. It is used again for other batches.
type Tally struct {
	counts []int  // by rule
	rules  []Rule // that have a count
}

func (t *Tally) add(r Rule) {
	if more := int(r) + 1 - len(t.counts); more > 0 {
		t.counts = append(t.counts, make([]int, more)...)
	}
	if t.counts[r] == 0 {
		t.rules = append(t.rules, r)
	}
	t.counts[r]++
}

func (t *Tally) reset() {
	for _, r := range t.rules {
		t.counts[r] = 0
	}
	t.rules = t.rules[:0]
}

// Each calls visit for every rule that has a count.
func (t *Tally) Each(visit func(Rule, int)) {
	for _, r := range t.rules {
		visit(r, t.counts[r])
	}
}

// Rule is what a dropped record is counted under: onError, or one more than the number of a rule.
type Rule uint32

const onError Rule = 0

// RuleOnError is the name under which records are counted that `on_error` drops.
const RuleOnError = "on_error"

// Name is the name of the rule, given the names of a filter's rules.
func (r Rule) Name(ofFilter func(wasmhost.RuleID) string) string {
	if r == onError {
		return RuleOnError
	}
	return ofFilter(wasmhost.RuleID(r - 1))
}

// RuleOf is the rule of a verdict.
func RuleOf(v *wasmhost.Verdict) Rule {
	if v.Reason == wasmhost.ByError || v.Reason == wasmhost.ByBreaker {
		return onError
	}
	return Rule(v.Rule) + 1
}

// Settle counts the verdicts and marks kept records: those that represent others, and those that audit
// keeps as a sample of what is dropped. audit is asked for each record that a rule drops, and may be
// nil. The counts are good until Release.
func (b *Batch) Settle(audit func() bool, ruleName func(wasmhost.RuleID) string) *Counts {
	c := &b.counts
	c.In = b.Len()
	for i := range b.Verdicts {
		v := &b.Verdicts[i]
		switch v.Action {
		case wasmhost.Drop:
			if audit == nil || RuleOf(v) == onError || !audit() { // on_error: drop has no samples
				c.Dropped.add(RuleOf(v))
				continue
			}
			v.Action = keep
			c.Audited.add(RuleOf(v))
			b.logs[i].Attributes().PutStr(AttrAuditRule, RuleOf(v).Name(ruleName))
		case wasmhost.Represent:
			c.Represented.add(RuleOf(v))
			continue
		}
		c.Kept++
		switch v.Reason {
		case wasmhost.ByProtected:
			c.Protected++
		case wasmhost.ByError, wasmhost.ByBreaker:
			c.Passed++
		}
		if v.Represents > 0 {
			b.logs[i].Attributes().PutInt(AttrRepresents, int64(v.Represents))
		}
	}
	b.setSeverities()
	return c
}

// Remove removes the dropped records from ld in place, and resources and scopes that have nothing left.
func (b *Batch) Remove(ld plog.Logs) {
	i := 0
	ld.ResourceLogs().RemoveIf(func(rl plog.ResourceLogs) bool {
		had := false
		rl.ScopeLogs().RemoveIf(func(sl plog.ScopeLogs) bool {
			n := sl.LogRecords().Len()
			had = had || n > 0
			sl.LogRecords().RemoveIf(func(plog.LogRecord) bool {
				i++
				return b.Verdicts[i-1].Action != keep
			})
			return n > 0 && sl.LogRecords().Len() == 0
		})
		return had && rl.ScopeLogs().Len() == 0
	})
}
