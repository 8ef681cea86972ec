// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package filterbench

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/internal/logfilter"
	"github.com/sealgate/sealgate/wasmhost"
)

// changes adds up what was changed.
type changes struct {
	most    int // examples of a rule
	rules   map[string]*Change
	refused map[string]uint64
}

// apply applies the patches of a batch, and shows what some of them do.
func (c *changes) apply(b *logfilter.Batch, judged *wasmhost.Pending, ruleName func(wasmhost.RuleID) string) {
	before := map[int]map[string]string{} // of records that become examples
	rules := map[int]*Change{}
	judged.Patches(func(i int, patches []wasmhost.Patch) {
		if b.Verdicts[i].Action != wasmhost.Keep {
			return
		}
		rule := c.of(ruleName(patches[0].Rule))
		if len(rule.Examples) < c.most {
			before[i], rules[i] = fields(b.Log(i)), rule
		}
	})
	counts := b.Apply(judged)
	counts.Patches.Each(func(r logfilter.Rule, n int) { c.of(r.Name(ruleName)).Patches += uint64(n) })
	for why, n := range counts.PatchesRefused {
		if n > 0 {
			c.refused[logfilter.Refusal(why).String()] += uint64(n)
		}
	}
	for _, i := range slices.Sorted(maps.Keys(before)) {
		if rule := rules[i]; len(rule.Examples) < c.most {
			rule.Examples = append(rule.Examples, differences(before[i], fields(b.Log(i)))...)
		}
	}
}

func (c *changes) of(rule string) *Change {
	if c.rules[rule] == nil {
		c.rules[rule] = &Change{Rule: rule, Examples: []Difference{}}
	}
	return c.rules[rule]
}

// fields are what can change of a record, as text.
func fields(r plog.LogRecord) map[string]string {
	f := map[string]string{"body": r.Body().AsString(), "severity": fmt.Sprint(int(r.SeverityNumber()))}
	for name, v := range r.Attributes().All() {
		f["attribute "+name] = v.AsString()
	}
	return f
}

func differences(before, after map[string]string) (list []Difference) {
	all := maps.Clone(before)
	maps.Copy(all, after)
	for _, field := range slices.Sorted(maps.Keys(all)) {
		old, was := before[field]
		now, is := after[field]
		if old != now || was != is {
			list = append(list, Difference{Field: field, Before: clip(old), After: clip(now)})
		}
	}
	return list
}

// fill puts what was added up into the result.
func (c *changes) fill(r *Result) {
	for _, change := range c.rules {
		if change.Patches > 0 {
			r.Changes = append(r.Changes, *change)
		}
	}
	slices.SortFunc(r.Changes, func(a, b Change) int { return cmp.Or(cmp.Compare(b.Patches, a.Patches), cmp.Compare(a.Rule, b.Rule)) })
	if len(c.refused) > 0 {
		r.PatchesRefused = c.refused
	}
}
